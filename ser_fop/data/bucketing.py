"""Bucketing of utterances by length, with bounds of least cost, and the lengths of chunks."""

import numpy as np

# More buckets would save little, and under XLA each costs a compilation.
_BUCKETS = 16
# Number of quantiles of the lengths that are candidates for bounds.
_CANDIDATES = 400
# The cost of attention per frame grows with length. At this length, in frames, it equals the cost of all other layers.
_BALANCED_FRAMES = 1000
# Cost of one more batch, in frames. It prevents batches of one utterance with an unusual length.
_BATCH_COST_FRAMES = 4096


def bucket_bounds(
    lengths: np.ndarray, *, batch_size: int = 32, batch_frames: int = 16384, buckets: int = _BUCKETS
) -> list[int]:
    """Return the longest length of each bucket, in ascending order, so that the cost of an epoch is minimal.

    The cost of an epoch is the cost of its frames, padded to the bounds, plus the cost of its batches.
    Buckets with equal numbers of utterances would more than double the padding on IEMOCAP: the longest twelfth of
    its utterances lasts 9 to 34 s.

    Args:
        lengths: Utterance lengths, in frames.
        batch_size: Maximum number of utterances in a batch.
        batch_frames: Maximum number of frames in a batch, padding included.
        buckets: Maximum number of buckets.
    """
    shares = np.linspace(0, 1, _CANDIDATES + 1)[1:]
    bounds = np.unique(np.quantile(lengths, shares, method="higher")).astype(np.int64)
    cumulative = np.searchsorted(np.sort(lengths), bounds, side="right")
    # cost[i, j]: cost of one bucket with the utterances longer than bound i - 1 (all, for i = 0), up to bound j.
    counts = cumulative[np.newaxis, :] - np.concatenate([[0], cumulative[:-1]])[:, np.newaxis]
    frames = bounds * (1.0 + bounds / _BALANCED_FRAMES)
    batches = -(-counts // batch_sizes(bounds, batch_size=batch_size, batch_frames=batch_frames))
    cost = np.where(counts > 0, counts * frames + batches * _BATCH_COST_FRAMES, np.inf)
    # best[j]: least cost of all utterances up to bound j. Each round of the loop adds one bucket.
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
    """Return the number of utterances in a batch, at least 1, for each bound."""
    return np.clip(batch_frames // np.asarray(bounds), 1, batch_size)


def chunk_lengths(length: int, limit: int) -> np.ndarray:
    """Return the lengths of the equal chunks of at most `limit` frames; the last may be shorter."""
    size = -(-length // -(-length // limit))
    return np.diff(np.append(np.arange(0, length, size), length))
