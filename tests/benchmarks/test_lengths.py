import numpy as np
import pytest

from benchmarks.lengths import FRAMES_PER_SECOND, lengths


def test_lengths_match_iemocap():
    seconds = lengths("iemocap", 5531) / FRAMES_PER_SECOND
    assert np.median(seconds) == pytest.approx(3.58, rel=0.02)
    assert np.quantile(seconds, 0.95) == pytest.approx(11.06, rel=0.02)
    assert seconds.sum() / 3600 == pytest.approx(6.99, rel=0.02)
    assert seconds.min() >= 0.58
    assert seconds.max() <= 34.14


def test_lengths_match_librispeech():
    seconds = lengths("librispeech", 28539) / FRAMES_PER_SECOND
    assert seconds.mean() == pytest.approx(12.7, rel=0.01)
    assert seconds.sum() / 3600 == pytest.approx(100.6, rel=0.02)
    assert ((seconds > 11) & (seconds < 16.5)).mean() > 0.7
    assert seconds.min() >= 1.4
    assert seconds.max() <= 24.5


def test_lengths_match_ravdess():
    assert lengths("ravdess", 1440).sum() / FRAMES_PER_SECOND / 3600 == pytest.approx(1.48, rel=0.01)


def test_equal_lengths():
    assert set(lengths("equal", 10)) == {450}


@pytest.mark.parametrize("name", ["iemocap", "librispeech", "ravdess"])
def test_lengths_are_shuffled_deterministically(name):
    found = lengths(name, 200)
    assert np.array_equal(found, lengths(name, 200))
    assert not np.array_equal(found, np.sort(found))
    assert found.dtype == np.int64


def test_lengths_rejects_unknown_name():
    with pytest.raises(KeyError):
        lengths("unknown", 3)
