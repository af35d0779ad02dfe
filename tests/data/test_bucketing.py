import itertools

import numpy as np
import pytest

from ser_fop.data import bucketing as buckets
from ser_fop.data.bucketing import batch_sizes, bucket_bounds, chunk_lengths


def cost(lengths, bounds, *, batch_size, batch_frames):
    """Return the cost of an epoch, summed over utterances and batches."""
    total, counts = 0.0, {bound: 0 for bound in bounds}
    for length in lengths:
        bound = min(bound for bound in bounds if bound >= length)
        counts[bound] += 1
        total += bound * (1 + bound / buckets._BALANCED_FRAMES)
    for bound, count in counts.items():
        size = max(1, min(batch_size, batch_frames // bound))
        total += buckets._BATCH_COST_FRAMES * -(-count // size)
    return total


def padded_share(lengths, bounds):
    padded = np.asarray(bounds)[np.searchsorted(bounds, lengths)]
    return 1 - lengths.sum() / padded.sum()


def skewed(count=2000, seed=0):
    return np.random.default_rng(seed).lognormal(np.log(358), 0.692, count).clip(58, 3414).astype(int)


@pytest.mark.parametrize("seed", range(6))
def test_bucket_bounds_have_minimal_cost(seed):
    lengths = np.random.default_rng(seed).lognormal(6, 1, 40).astype(int) + 1
    lengths = lengths // 100 * 100 + 50  # few enough to try all
    sizes = {"batch_size": 4, "batch_frames": 2000}
    found = bucket_bounds(lengths, buckets=3, **sizes)
    known = sorted(set(lengths.tolist()))
    others = [(*chosen, known[-1]) for number in range(3) for chosen in itertools.combinations(known[:-1], number)]
    assert cost(lengths, found, **sizes) == pytest.approx(min(cost(lengths, other, **sizes) for other in others))
    assert cost(lengths, known[-1:], **sizes) > cost(lengths, found, **sizes)


def test_bucket_bounds_pad_less_than_half_of_equal_shares():
    lengths = skewed()
    equal = np.unique(np.quantile(lengths, np.linspace(0, 1, 17)[1:], method="higher"))
    assert padded_share(lengths, bucket_bounds(lengths)) < 0.5 * padded_share(lengths, equal)


def test_bucket_bounds_cover_all_lengths():
    for lengths in (skewed(), np.array([5]), np.full(100, 7), np.array([1, 1, 1, 9000])):
        bounds = bucket_bounds(lengths)
        assert bounds == sorted(set(bounds))
        assert bounds[-1] == lengths.max()
        assert len(bounds) <= 16


def test_bucket_bounds_merge_one_slightly_longer_utterance():
    lengths = np.append(np.full(63, 400), 401)
    assert bucket_bounds(lengths) == [401]
    assert bucket_bounds(np.append(np.full(63, 400), 3000)) == [400, 3000]


def test_batch_sizes_respect_both_limits():
    np.testing.assert_array_equal(
        batch_sizes(np.array([10, 600, 99999]), batch_size=32, batch_frames=16384), [32, 27, 1]
    )


def test_bucket_bounds_pad_less_than_random_batches():
    lengths = skewed(1984)
    at_random = lengths.reshape(-1, 32)
    assert 1 - at_random.mean() / at_random.max(axis=1).mean() > 0.5
    assert padded_share(lengths, bucket_bounds(lengths)) < 0.15


@pytest.mark.parametrize(
    ("length", "limit", "expected"), [(5, 5, [5]), (6, 5, [3, 3]), (7, 3, [3, 3, 1]), (11, 4, [4, 4, 3])]
)
def test_chunk_lengths_are_equal_except_the_last(length, limit, expected):
    assert chunk_lengths(length, limit).tolist() == expected
