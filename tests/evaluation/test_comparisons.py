import numpy as np
import pytest

from ser_fop.evaluation.comparisons import compare, mcnemar_p, sign_flip_p
from tests.evaluation.made_up import LABELS, drawn, predictions_of


def test_sign_flip_of_few_speakers_tests_all_signs():
    assert sign_flip_p(np.array([0.1, 0.2, 0.3, 0.1, 0.2])) == 2 / 32
    assert sign_flip_p(np.array([0.1, -0.1, 0.1, -0.1])) == 1.0


def test_sign_flip_is_independent_of_order_and_scale():
    differences = np.random.default_rng(0).normal(0.02, 0.05, 12)
    assert sign_flip_p(differences) == sign_flip_p(-differences) == sign_flip_p(1e-9 * differences)


def test_sign_flip_without_difference_has_nominal_error_rate():
    generator = np.random.default_rng(0)
    found = np.array([sign_flip_p(generator.normal(0, 0.05, 10)) for _ in range(600)])
    assert 0.03 <= (found <= 0.05).mean() <= 0.07


def test_sign_flip_with_difference_rejects():
    generator = np.random.default_rng(0)
    found = np.array([sign_flip_p(generator.normal(0.05, 0.05, 24)) for _ in range(50)])
    assert (found <= 0.01).mean() > 0.9


def test_sign_flip_of_many_speakers_reaches_small_p():
    assert sign_flip_p(np.full(24, 0.02)) == pytest.approx(1e-5)


def test_tests_without_any_difference_return_one():
    assert sign_flip_p(np.zeros(5)) == 1.0
    assert sign_flip_p(np.array([0.3])) == 1.0
    assert mcnemar_p(0, 0) == 1.0


def test_mcnemar_equals_binomial_test_of_discordant_pairs():
    assert mcnemar_p(0, 5) == pytest.approx(2 / 32)
    assert mcnemar_p(5, 5) == 1.0


def test_compare_averages_repeats_first():
    generator = np.random.default_rng(0)
    better = [drawn(generator, speakers=10, accuracy=0.8) for _ in range(3)]
    worse = [drawn(generator, speakers=10, accuracy=0.5) for _ in range(2)]
    first, second = (
        [item for seed, right in enumerate(runs) for item in predictions_of(right, seed=seed)]
        for runs in (better, worse)
    )
    found = compare(first, second, LABELS)
    assert found.difference == pytest.approx(np.mean(better) - np.mean(worse))
    assert (found.repeats, found.speakers) == ((3, 2), 10)
    assert found.p_sign_flip < 0.01
    assert found.p_mcnemar < 0.01
    assert 0 < found.over_speakers.low < found.difference < found.over_speakers.high
    assert found.over_utterances.low < found.difference < found.over_utterances.high
    swapped = compare(second, first, LABELS)
    assert swapped.difference == pytest.approx(-found.difference)
    assert swapped.p_sign_flip == found.p_sign_flip


def test_compare_with_copied_repeats_gives_same_p_values():
    generator = np.random.default_rng(2)
    one, other = drawn(generator, speakers=6, accuracy=0.62), drawn(generator, speakers=6, accuracy=0.55)
    alone = compare(predictions_of(one), predictions_of(other), LABELS)
    copies = compare(
        [item for seed in range(20) for item in predictions_of(one, seed=seed)], predictions_of(other), LABELS
    )
    assert copies.p_sign_flip == alone.p_sign_flip
    assert copies.p_mcnemar == alone.p_mcnemar
    assert copies.over_speakers.low == pytest.approx(alone.over_speakers.low)


@pytest.mark.parametrize("repeats", [(2, 1), (2, 2), (4, 3), pytest.param((20, 3), marks=pytest.mark.slow)])
def test_mcnemar_with_unequal_repeats_has_nominal_error_rate(repeats):
    generator = np.random.default_rng(5)
    found = []
    for _ in range(60):
        runs = [
            [
                item
                for seed in range(number)
                for item in predictions_of(drawn(generator, speakers=6, spread=0), seed=seed)
            ]
            for number in repeats
        ]
        found.append(compare(*runs, LABELS).p_mcnemar)
    assert np.mean(np.array(found) < 0.05) <= 0.12


def test_compare_system_with_itself_finds_no_difference():
    same = predictions_of(drawn(np.random.default_rng(0), speakers=4))
    for score in ("wa", "ua"):
        found = compare(same, same, LABELS, score=score)
        assert (found.difference, found.p_sign_flip, found.p_mcnemar, found.speakers_better) == (0.0, 1.0, 1.0, 0)


def test_compare_ignores_rounding_errors():
    """Averages over 10 and over 3 repeats of equal predictions differ in their last digits."""
    right = drawn(np.random.default_rng(1), speakers=24)
    first, second = (
        [item for seed in range(repeats) for item in predictions_of(right, seed=seed)] for repeats in (10, 3)
    )
    found = compare(first, second, LABELS)
    assert (found.p_sign_flip, found.speakers_better) == (1.0, 0)


def test_compare_rejects_different_utterances():
    same = predictions_of(drawn(np.random.default_rng(0), speakers=4))
    with pytest.raises(ValueError, match="did not test the same"):
        compare(same, same[1:], LABELS)
