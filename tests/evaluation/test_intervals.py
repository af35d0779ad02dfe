import numpy as np
import pytest
from scipy import stats

from ser_fop.evaluation import intervals
from ser_fop.evaluation.confusions import confusions_by_speaker
from ser_fop.evaluation.intervals import over_repeats, over_speakers, over_utterances
from tests.evaluation.made_up import LABELS, drawn, predictions_of

ACCURACY = 0.6


@pytest.fixture(autouse=True)
def fewer_resamples(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 1000)


def coverage(interval_of, *, speakers, spread, trials=400):
    generator = np.random.default_rng(0)
    hits = 0
    for trial in range(trials):
        right = drawn(generator, speakers=speakers, accuracy=ACCURACY, spread=spread)
        found = interval_of(confusions_by_speaker(predictions_of(right), LABELS), "wa", seed=trial)
        hits += found.low <= ACCURACY <= found.high
    return hits / trials


@pytest.mark.parametrize("speakers", [5, 10, 24])
def test_over_speakers_has_nominal_coverage(speakers):
    assert 0.91 <= coverage(over_speakers, speakers=speakers, spread=0.12) <= 0.98


def test_over_utterances_of_equal_speakers_has_nominal_coverage():
    assert 0.92 <= coverage(over_utterances, speakers=10, spread=0.0) <= 0.98


def test_over_utterances_of_different_speakers_is_too_narrow():
    assert coverage(over_utterances, speakers=10, spread=0.15) < 0.8


@pytest.mark.parametrize("repeats", [2, 5, 20])
def test_over_repeats_has_nominal_coverage(repeats):
    generator = np.random.default_rng(1)
    found = [over_repeats(generator.normal(0.5, 0.02, repeats)) for _ in range(2000)]
    assert 0.935 <= np.mean([one.low <= 0.5 <= one.high for one in found]) <= 0.965


def test_over_repeats_equals_students_t_interval():
    values = [0.5, 0.52, 0.55]
    expected = stats.t.interval(0.95, 2, np.mean(values), stats.sem(values))
    found = over_repeats(values)
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.over, found.units) == ("repeats", 3)


def test_intervals_of_one_unit_are_none():
    alone = confusions_by_speaker(predictions_of([[1, 0, 1, 1]]), LABELS)
    assert over_speakers(alone, "wa") is None
    assert over_repeats([0.5]) is None


def test_over_speakers_of_equal_speakers_has_zero_width():
    found = over_speakers(confusions_by_speaker(predictions_of([[1, 0, 1, 1]] * 4), LABELS), "wa")
    assert (found.low, found.high) == (0.75, 0.75)


@pytest.mark.parametrize("interval_of", [over_speakers, over_utterances])
def test_intervals_with_same_seed_are_equal_and_contain_score(interval_of):
    confusions = confusions_by_speaker(predictions_of(drawn(np.random.default_rng(3), speakers=8)), LABELS)
    first, again = (interval_of(confusions, "ua", seed=5) for _ in range(2))
    assert first == again
    assert first.low < confusions.score("ua") < first.high


def test_intervals_with_higher_confidence_are_wider():
    confusions = confusions_by_speaker(predictions_of(drawn(np.random.default_rng(3), speakers=8)), LABELS)
    for interval_of in (over_speakers, over_utterances):
        narrow, wide = (interval_of(confusions, "wa", confidence=share) for share in (0.8, 0.99))
        assert wide.high - wide.low > 1.3 * (narrow.high - narrow.low)
