"""Batches of utterances of like length, as a user of NumPy or PyTorch would draw them: the peers' counterpart."""

import numpy as np

from ser_fop.data.bucketing import batch_sizes, bucket_bounds


def bucketed(
    lengths: np.ndarray, *, batch_size: int = 32, batch_frames: int = 16384, seed: int | None = None
) -> list[np.ndarray]:
    """Return the indices of each batch: the buckets and bounds are those of `ser_fop.data.datasets`.

    Args:
        lengths: Frames of each utterance.
        batch_size: Utterances in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        seed: Shuffling, of utterances and of batches; None sorts by length.
    """
    generator = None if seed is None else np.random.default_rng(seed)
    limits = {"batch_size": batch_size, "batch_frames": batch_frames}
    bounds = np.array(bucket_bounds(lengths, **limits))
    sizes = batch_sizes(bounds, **limits)
    bucket = np.searchsorted(bounds, lengths)
    batches = []
    for number, size in enumerate(sizes):
        held = np.flatnonzero(bucket == number)
        held = held[np.argsort(lengths[held], kind="stable")] if generator is None else generator.permutation(held)
        batches += [held[first : first + size] for first in range(0, len(held), size)]
    return batches if generator is None else [batches[index] for index in generator.permutation(len(batches))]


def padded(mels: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return (batch, frames, mels) float32, padded to the longest, and the mask (batch, frames) of real frames."""
    longest = max(len(mel) for mel in mels)
    batch = np.zeros((len(mels), longest, mels[0].shape[1]), np.float32)
    for row, mel in zip(batch, mels, strict=True):
        row[: len(mel)] = mel
    return batch, np.arange(longest) < np.array([len(mel) for mel in mels])[:, None]
