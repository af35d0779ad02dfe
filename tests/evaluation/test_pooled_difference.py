import numpy as np
import pytest

from ser_fop.evaluation.confusions import SpeakerConfusions
from ser_fop.evaluation.pooled_difference import pooled_difference, speaker_shares


def confusions(names, labels, correct, tested):
    """Return confusions whose wrong predictions are all of one class."""
    confusion = np.diag(correct.sum(axis=0)) + np.roll(np.diag((tested - correct).sum(axis=0)), 1, axis=1)
    return SpeakerConfusions(
        speakers=names, labels=labels, correct=correct, tested=tested, confusion=confusion, repeats=1
    )


def system(accuracy, *, speakers=12, classes=3, seed=0):
    """Return the confusions of a system. All systems of one shape test the same utterances."""
    tested = np.random.default_rng(99).integers(1, 9, size=(speakers, classes))
    correct = np.random.default_rng(seed).binomial(tested, accuracy)
    names = tuple(f"s{number}" for number in range(speakers))
    return confusions(names, tuple("abc"[:classes]), correct, tested)


def test_shares_of_the_speakers_sum_to_the_difference_in_ua():
    first, second = system(0.8, seed=1), system(0.4, seed=2)
    shares = speaker_shares(first, second)
    assert shares.sum() == pytest.approx(first.score("ua") - second.score("ua"))
    # The mean of the speakers' own UA is another number: speakers have unequal numbers of utterances.
    assert np.mean(first.by_speaker("ua") - second.by_speaker("ua")) != pytest.approx(shares.sum(), abs=1e-4)


def test_corpora_have_equal_weights_whatever_their_size():
    small, large = (system(0.9, speakers=4, seed=1), system(0.5, speakers=4, seed=2)), (system(0.5), system(0.5))
    found = pooled_difference({"small": small, "large": large})
    assert found.by_corpus["large"] == 0
    assert found.difference == pytest.approx(found.by_corpus["small"] / 2)
    assert found.speakers == 16


def test_a_clear_difference_is_significant_and_chance_is_not():
    clear = pooled_difference({"one": (system(0.9, seed=1), system(0.3, seed=2))})
    assert clear.p_sign_flip < 0.001
    assert clear.interval.low > 0
    chance = [pooled_difference({"one": (system(0.5, seed=s), system(0.5, seed=100 + s))}) for s in range(20)]
    assert sum(found.p_sign_flip < 0.05 for found in chance) <= 3
    assert sum(found.interval.low > 0 or found.interval.high < 0 for found in chance) <= 3


def test_interval_covers_the_truth_with_corpora_of_unequal_size(monkeypatch):
    monkeypatch.setattr("ser_fop.evaluation.pooled_difference.sign_flip_p", lambda *_, **__: 1.0)  # it is slow
    sizes, covered, times = (12, 4, 40), 0, 80
    for number in range(times):
        pairs = {
            str(size): tuple(varied(size, seed=1000 * number + 10 * size + side) for side in (0, 1)) for size in sizes
        }
        interval = pooled_difference(pairs).interval
        covered += interval.low <= 0 <= interval.high
    assert 0.88 < covered / times < 1


def varied(speakers, *, seed):
    """Return a system whose accuracy differs from speaker to speaker, with the same mean for all systems."""
    generator = np.random.default_rng(seed)
    accuracy = generator.uniform(0.2, 0.8, size=speakers)
    correct = generator.binomial(20, np.stack([accuracy] * 2, axis=1))
    names = tuple(f"s{number}" for number in range(speakers))
    return confusions(names, ("a", "b"), correct, np.full_like(correct, 20))


def test_pooling_corpora_narrows_the_interval():
    pairs = {str(number): (system(0.7, seed=number), system(0.5, seed=50 + number)) for number in range(4)}
    one = pooled_difference({"0": pairs["0"]})
    four = pooled_difference(pairs)
    assert four.interval.high - four.interval.low < one.interval.high - one.interval.low


def test_order_of_the_systems_changes_the_sign_only():
    one, other = system(0.8, seed=1), system(0.6, seed=2)
    forward, backward = pooled_difference({"x": (one, other)}), pooled_difference({"x": (other, one)})
    assert forward.difference == pytest.approx(-backward.difference)
    assert forward.p_sign_flip == pytest.approx(backward.p_sign_flip)


def test_other_utterances_are_refused():
    with pytest.raises(ValueError, match="did not test the same utterances"):
        pooled_difference({"x": (system(0.5), system(0.5, speakers=11))})
    with pytest.raises(ValueError, match="at least one corpus"):
        pooled_difference({})


def test_a_single_speaker_has_no_interval():
    found = pooled_difference({"x": (system(0.9, speakers=1, seed=1), system(0.1, speakers=1, seed=2))})
    assert found.interval is None
    assert found.p_sign_flip == 1.0
