"""Lengths: in what chunks utterances are cut, and which share a batch, by bounds that cost the least."""

import numpy as np

# More would save little and, where XLA compiles, cost a compilation each.
_BUCKETS = 16
# Bounds are sought among so many quantiles of the lengths.
_CANDIDATES = 400
# An attention layer's cost per frame grows with length: at so many frames attention costs as much as all the rest.
_BALANCED_FRAMES = 1000
# What a further batch counts for, in frames: keeps utterances of odd length from making batches of one.
_BATCH_COST_FRAMES = 4096


def bucket_bounds(
    lengths: np.ndarray, *, batch_size: int = 32, batch_frames: int = 16384, buckets: int = _BUCKETS
) -> list[int]:
    """Return the longest length of each bucket, ascending, such that an epoch costs the least.

    The cost of an epoch is that of its frames, padded to the bounds, and that of its
    batches. Equal shares of the utterances in each bucket would pad more than twice as
    much on IEMOCAP, whose longest twelfth goes from 9 to 34 s.

    Args:
        lengths: Utterance lengths, in frames.
        batch_size: Utterances in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        buckets: Buckets at most.
    """
    shares = np.linspace(0, 1, _CANDIDATES + 1)[1:]
    bounds = np.unique(np.quantile(lengths, shares, method="higher")).astype(np.int64)
    held = np.searchsorted(np.sort(lengths), bounds, side="right")
    # cost[i, j]: the utterances longer than bound i - 1 (all, for i = 0), up to bound j, in one bucket.
    counts = held[np.newaxis, :] - np.concatenate([[0], held[:-1]])[:, np.newaxis]
    frames = bounds * (1.0 + bounds / _BALANCED_FRAMES)
    batches = -(-counts // batch_sizes(bounds, batch_size=batch_size, batch_frames=batch_frames))
    cost = np.where(counts > 0, counts * frames + batches * _BATCH_COST_FRAMES, np.inf)
    # best[j]: least cost of all utterances up to bound j, in so many buckets as the rounds that have passed.
    best, chosen = cost[0], [[[bound] for bound in range(len(bounds))]]
    totals = [best[-1]]
    for _ in range(1, min(buckets, len(bounds))):
        joined = np.concatenate([[np.inf], best[:-1]])[:, np.newaxis] + cost
        before = joined.argmin(axis=0)
        best = joined.min(axis=0)
        chosen.append([[*chosen[-1][start - 1], bound] for bound, start in enumerate(before)])
        totals.append(best[-1])
    return [int(bounds[index]) for index in chosen[int(np.argmin(totals))][-1]]


def batch_sizes(bounds: np.ndarray, *, batch_size: int, batch_frames: int) -> np.ndarray:
    """Return how many utterances of each bound make a batch, at least one."""
    return np.clip(batch_frames // np.asarray(bounds), 1, batch_size)


def chunk_lengths(length: int, limit: int) -> np.ndarray:
    """Return the lengths of the equal chunks of at most `limit` frames; the last may be shorter."""
    size = -(-length // -(-length // limit))
    return np.diff(np.append(np.arange(0, length, size), length))
