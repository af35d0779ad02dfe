"""Batches of utterances of similar length in plain NumPy, for the alternatives to `ser_fop.data.datasets`."""

import numpy as np

from ser_fop.data.bucketing import batch_sizes, bucket_bounds


def bucketed(
    lengths: np.ndarray, *, batch_size: int = 32, batch_frames: int = 16384, seed: int | None = None
) -> list[np.ndarray]:
    """Return the utterance indices of each batch, with the buckets of `ser_fop.data.datasets`.

    Args:
        lengths: Frames of each utterance.
        batch_size: Maximum number of utterances in a batch.
        batch_frames: Maximum number of frames in a batch, padding included.
        seed: Seed of the shuffling of utterances and batches; None sorts by length.
    """
    generator = None if seed is None else np.random.default_rng(seed)
    limits = {"batch_size": batch_size, "batch_frames": batch_frames}
    bounds = np.array(bucket_bounds(lengths, **limits))
    sizes = batch_sizes(bounds, **limits)
    bucket = np.searchsorted(bounds, lengths)
    batches = []
    for number, size in enumerate(sizes):
        members = np.flatnonzero(bucket == number)
        members = (
            members[np.argsort(lengths[members], kind="stable")]
            if generator is None
            else generator.permutation(members)
        )
        batches += [members[first : first + size] for first in range(0, len(members), size)]
    return batches if generator is None else [batches[index] for index in generator.permutation(len(batches))]


def padded(mels: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 log-mels (batch, frames, mels), padded to the longest, and the mask (batch, frames) of real frames."""
    longest = max(len(mel) for mel in mels)
    batch = np.zeros((len(mels), longest, mels[0].shape[1]), np.float32)
    for row, mel in zip(batch, mels, strict=True):
        row[: len(mel)] = mel
    return batch, np.arange(longest) < np.array([len(mel) for mel in mels])[:, None]
