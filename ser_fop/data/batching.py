"""Batches of utterances of similar length: shuffling, bucketing and prefetching."""

import os
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from ser_fop.data.bucketing import batch_sizes, bucket_bounds
from ser_fop.data.readers import RecordSelection

# Utterances in the shuffle buffer: about 0.25 GB at 5 s each, in float16.
_SHUFFLE = 4096
_SEED_LIMIT = 2**30
_THREADS = os.cpu_count() or 1
_PREFETCH = 4


def utterance_lengths(parts: RecordSelection) -> np.ndarray:
    """Return the number of frames of each selected utterance.

    Raises:
        ValueError: If no utterance is selected.
    """
    return require_any(
        np.array([row.frames for records, ids in parts for row in records.rows if row.id in ids], dtype=np.int64)
    )


def require_any(lengths: np.ndarray) -> np.ndarray:
    """Return `lengths`, or raise a `ValueError` if there are none."""
    if not len(lengths):
        raise ValueError("a dataset needs at least one utterance that is long enough, received none.")
    return lengths


def bucketed_batches(
    dataset: tf.data.Dataset,
    lengths: np.ndarray,
    *,
    batch_size: int,
    batch_frames: int,
    seed: int | None,
    epoch: tf.Variable | None = None,
    augment_fn: Callable[[tf.Tensor], tf.Tensor] | None = None,
) -> tf.data.Dataset:
    """Shuffle the utterances and batch those of similar length, padded to the bucket's bound.

    The bounds limit the number of shapes, so TensorFlow compiles few graphs. Augmented utterances are bucketed by
    their original length, so the number of batches does not change. They are padded to the longest of their batch.

    Args:
        dataset: Items of `id` and `mel` (frames, mels).
        lengths: Number of frames of each utterance.
        batch_size: Maximum number of utterances in a batch.
        batch_frames: Maximum number of frames in a batch, padding included.
        seed: Seed of the shuffling; None keeps a fixed order.
        epoch: Number of the epoch; the order then depends on it and on the seed only.
        augment_fn: Maps a log-mel (frames, mels) to an augmented one.

    Returns:
        Batches of `id`, `mel` (batch, frames, mels), `mask` (batch, frames) and `length`.
    """
    if seed is not None:
        dataset = _shuffled(dataset, min(len(lengths), _SHUFFLE), seed=seed, epoch=epoch)
    limits = {"batch_size": batch_size, "batch_frames": batch_frames}
    bounds = bucket_bounds(lengths, **limits)
    sizes = [int(size) for size in batch_sizes(np.array(bounds), **limits)]

    def with_mask(item: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        mel = tf.cast(item["mel"], tf.float32)
        mel = augment_fn(mel) if augment_fn else mel
        return {**item, "mel": mel, "mask": tf.ones(tf.shape(mel)[:1], tf.bool), "length": tf.shape(item["mel"])[0]}

    batches = dataset.map(with_mask, num_parallel_calls=_THREADS).bucket_by_sequence_length(
        lambda item: item["length"],
        bucket_boundaries=[bound + 1 for bound in bounds],
        bucket_batch_sizes=[*sizes, 1],
        pad_to_bucket_boundary=augment_fn is None,
    )
    # Progress bars and schedules need the number of batches; tf.data checks it while it reads.
    return batches.apply(tf.data.experimental.assert_cardinality(batch_count(lengths, **limits)))


def batch_count(lengths: np.ndarray, *, batch_size: int, batch_frames: int) -> int:
    """Return the number of batches for utterances of these lengths."""
    limits = {"batch_size": batch_size, "batch_frames": batch_frames}
    bounds = np.array(bucket_bounds(lengths, **limits))
    counts = np.bincount(np.searchsorted(bounds, lengths), minlength=len(bounds))
    return int(np.sum(-(-counts // batch_sizes(bounds, **limits))))


def _shuffled(dataset: tf.data.Dataset, buffer_size: int, *, seed: int, epoch: tf.Variable | None) -> tf.data.Dataset:
    if epoch is None:
        return dataset.shuffle(buffer_size, seed=seed, reshuffle_each_iteration=True)

    def in_order_of_epoch(_: tf.Tensor) -> tf.data.Dataset:
        # Sets the seed of this function's graph only. With 0, TensorFlow would compare the tensor `epoch` with 0.
        tf.random.set_seed(seed % _SEED_LIMIT + 1)
        return dataset.shuffle(buffer_size, seed=epoch, reshuffle_each_iteration=False)

    return tf.data.Dataset.from_tensors(0).flat_map(in_order_of_epoch)


def prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetch without autotuning: at its end an iterator would wait for the tuner, for up to an epoch's duration."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(_PREFETCH).with_options(options)
