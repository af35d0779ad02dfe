"""Record shards to `tf.data`: an unlabelled view for pretraining, a labelled one, and a plain one.

All views put utterances of like length into one batch, bound a batch by its frames,
padding included, and carry a mask that is true on real frames. With a seed the order
is shuffled, anew each epoch and equally in each run; without, it is fixed.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ser_fop.data.bucketing import batch_sizes, bucket_bounds, chunk_lengths
from ser_fop.data.readers import RecordSelection, table, utterances
from ser_fop.data.records import Records

# Utterances that shuffling holds at once: about a quarter of a gigabyte at 5 s each, in float16.
_SHUFFLE = 4096
_MOST_SEEDS = 2**30
_EPOCHS = 1_000_003
# Room for what one batch draws, so that no two batches draw the same.
_SEEDS_A_BATCH = 1024
_THREADS = os.cpu_count() or 1
_PREFETCHED = 4


def unlabelled_batches(
    parts: RecordSelection,
    *,
    horizons: Sequence[int],
    batch_size: int,
    batch_frames: int,
    chunk_frames: int = 0,
    seed: int | None = None,
    epoch: tf.Variable | None = None,
    corruption_fn: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
    classes: Mapping[str, int] | None = None,
    service: str = "",
) -> tf.data.Dataset:
    """Give batches for future observation prediction.

    Args:
        parts: Records, each with the ids to use.
        horizons: Distances of the predicted frames, in frames; 0 is the frame itself.
        batch_size: Utterances or chunks in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        chunk_frames: Longer utterances are cut into equal chunks of at most this
            many frames; 0 keeps them whole.
        seed: Shuffling; None keeps a fixed order.
        epoch: Number of the epoch, read whenever an iteration begins: the order follows it and the seed, not how often
            the batches were iterated over before.
        corruption_fn: Maps the inputs' log-mels, and a seed that follows epoch and batch, to others; the targets stay.
        classes: Class index by id, which the inputs then have too, -1 for any other utterance.
        service: Address of a tf.data service that reads; the order then follows its workers' speed too.

    Returns:
        Batches `(inputs, target, weight)`: inputs `mel` (batch, frames, mels) and
        `mask` (batch, frames), with `classes` also `class_index` (batch,); target (batch, frames, horizons mels), the mels so many
        frames later, one horizon after the other; weight 1 where all of them are real.
    """
    dataset = utterances(parts, service=service)
    lengths = _unlabelled_lengths(parts, horizons=horizons, chunk_frames=chunk_frames)
    if chunk_frames:
        dataset = dataset.flat_map(lambda item: _chunks(item, chunk_frames))
        dataset = dataset.map(_without_filling, num_parallel_calls=_THREADS)
    farthest = max(horizons)
    index_of = table(classes, list(classes.values())) if classes else None
    dataset = dataset.filter(lambda item: tf.shape(item["mel"])[0] > farthest)
    batches = _bucketed(dataset, lengths, batch_size=batch_size, batch_frames=batch_frames, seed=seed, epoch=epoch)

    def shifted(item: Mapping[str, tf.Tensor]) -> tuple:
        mel, valid = item["mel"], item["mask"][:, farthest:]
        frames = tf.shape(mel)[1] - farthest
        inputs = {"mel": mel[:, :frames], "mask": valid}
        if index_of:
            inputs["class_index"] = index_of.lookup(item["id"])
        later = [mel[:, distance : distance + frames] for distance in horizons]
        return inputs, tf.concat(later, axis=-1), tf.cast(valid, tf.float32)

    batches = batches.map(shifted, num_parallel_calls=_THREADS)
    if corruption_fn is not None:

        def hidden(number: tf.Tensor, batch: tuple) -> tuple:
            inputs, target, weight = batch
            round_of = tf.zeros((), tf.int64) if epoch is None else epoch.read_value()
            drawn = tf.stack([(seed or 0) * _EPOCHS + round_of, number * _SEEDS_A_BATCH])
            return {**inputs, "mel": corruption_fn(inputs["mel"], drawn)}, target, weight

        batches = batches.enumerate().map(hidden, num_parallel_calls=_THREADS)
    return _ready(batches)


def unlabelled_frames(
    parts: RecordSelection,
    *,
    horizons: Sequence[int],
    batch_size: int,
    batch_frames: int,
    chunk_frames: int = 0,
) -> tuple[int, float]:
    """Return the useful frames of an epoch of `unlabelled_batches`, and the share of padding beside them."""
    lengths = _unlabelled_lengths(parts, horizons=horizons, chunk_frames=chunk_frames)
    bounds = np.array(bucket_bounds(lengths, batch_size=batch_size, batch_frames=batch_frames))
    padded = bounds[np.searchsorted(bounds, lengths)] - max(horizons)
    useful = int((lengths - max(horizons)).sum())
    return useful, 1.0 - useful / float(padded.sum())


def unlabelled_count(
    parts: RecordSelection, *, horizons: Sequence[int], batch_size: int, batch_frames: int, chunk_frames: int = 0
) -> int:
    """Return how many batches `unlabelled_batches` gives in an epoch."""
    lengths = _unlabelled_lengths(parts, horizons=horizons, chunk_frames=chunk_frames)
    return _count(lengths, batch_size=batch_size, batch_frames=batch_frames)


def pad_to_batch_count(batches: tf.data.Dataset, count: int) -> tf.data.Dataset:
    """Append batches of weight zero until there are `count` batches, so that every worker takes as many steps.

    Args:
        batches: The batches of `unlabelled_batches`.
        count: Number of batches wanted, at least as many as there are.
    """
    if not (missing := count - int(batches.cardinality())):
        return batches

    def blank_of(spec: tf.TensorSpec) -> tf.Tensor:
        if spec.shape.rank == 1:  # a class, which is unknown
            return tf.fill([1], tf.constant(-1, spec.dtype))
        return tf.zeros([1, 16, *spec.shape[2:]], spec.dtype)

    blank = tf.nest.map_structure(blank_of, batches.element_spec)
    blanks = tf.data.Dataset.from_tensors(blank).repeat(missing)
    return batches.concatenate(blanks).apply(tf.data.experimental.assert_cardinality(count))


def labelled_batches(
    records: Records,
    classes: Mapping[str, int],
    *,
    batch_size: int,
    batch_frames: int,
    seed: int | None = None,
    augment_fn: Callable[[tf.Tensor], tf.Tensor] | None = None,
    dimensional_labels: Mapping[str, Sequence[float]] | None = None,
) -> tf.data.Dataset:
    """Give batches for emotion recognition.

    Args:
        records: The records.
        classes: Class index by utterance id; the other utterances are left out.
        batch_size: Utterances in a batch, at most.
        batch_frames: Frames in a batch, padding included, at most.
        seed: Shuffling; None keeps a fixed order.
        augment_fn: Maps a log-mel (frames, mels) to another; utterances may change their length.
        dimensional_labels: Numbers by utterance id, as many for each, which the inputs then have too.

    Returns:
        Batches `(inputs, class index)`: inputs `mel` (batch, frames, mels) and `mask`
        (batch, frames), with `views` also `views` (batch, numbers); class index (batch,) int32.
    """
    parts = [(records, classes)]
    index_of = table(classes, list(classes.values()))
    batches = _bucketed(
        utterances(parts),
        _lengths(parts),
        batch_size=batch_size,
        batch_frames=batch_frames,
        seed=seed,
        augment_fn=augment_fn,
    )
    place_of = table(classes, range(len(classes))) if dimensional_labels else None
    numbers = tf.constant([dimensional_labels[key] for key in classes], tf.float32) if dimensional_labels else None

    def labelled(item: Mapping[str, tf.Tensor]) -> tuple:
        inputs = {"mel": item["mel"], "mask": item["mask"]}
        if place_of:
            inputs["dimensional_labels"] = tf.gather(numbers, place_of.lookup(item["id"]))
        return inputs, index_of.lookup(item["id"])

    return _ready(batches.map(labelled, num_parallel_calls=_THREADS))


def utterance_batches(
    records: Records, ids: Collection[str], *, batch_frames: int, batch_size: int = 256
) -> tf.data.Dataset:
    """Give batches with ids, in a fixed order, for extraction and prediction.

    Args:
        records: The records.
        ids: Utterances to give.
        batch_frames: Frames in a batch, padding included, at most.
        batch_size: Utterances in a batch, at most.

    Returns:
        Batches of `id` (batch,) string, `mel` (batch, frames, mels) and `mask`
        (batch, frames).
    """
    parts = [(records, ids)]
    batches = _bucketed(utterances(parts), _lengths(parts), batch_size=batch_size, batch_frames=batch_frames, seed=None)
    return _ready(batches)


def _unlabelled_lengths(parts: RecordSelection, *, horizons: Sequence[int], chunk_frames: int) -> np.ndarray:
    lengths = _lengths(parts)
    if chunk_frames:
        lengths = np.concatenate([chunk_lengths(length, chunk_frames) for length in lengths])
    return _some(lengths[lengths > max(horizons)])


def _lengths(parts: RecordSelection) -> np.ndarray:
    return _some(
        np.array([row.frames for records, ids in parts for row in records.rows if row.id in ids], dtype=np.int64)
    )


def _some(lengths: np.ndarray) -> np.ndarray:
    if not len(lengths):
        raise ValueError("a dataset needs at least one utterance that is long enough, received none.")
    return lengths


def _chunks(item: Mapping[str, tf.Tensor], limit: int) -> tf.data.Dataset:
    """Cut one utterance as `chunk_lengths` says; `_without_filling` takes off what fills up the last chunk."""
    mel = item["mel"]
    length = tf.shape(mel)[0]
    count = -(-length // limit)
    size = -(-length // count)
    count = -(-length // size)
    filled = tf.pad(mel, [[0, count * size - length], [0, 0]])
    frames = tf.minimum(size, length - tf.range(count) * size)
    pieces = {"mel": tf.reshape(filled, [count, size, mel.shape[-1]]), "frames": frames}
    return tf.data.Dataset.from_tensor_slices({**pieces, "id": tf.fill([count], item["id"])})


def _without_filling(piece: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"id": piece["id"], "mel": piece["mel"][: piece["frames"]]}


def _bucketed(
    dataset: tf.data.Dataset,
    lengths: np.ndarray,
    *,
    batch_size: int,
    batch_frames: int,
    seed: int | None,
    epoch: tf.Variable | None = None,
    augment_fn: Callable[[tf.Tensor], tf.Tensor] | None = None,
) -> tf.data.Dataset:
    """Shuffle, and batch utterances of like length, padded to the bucket's bound: few shapes to compile for.

    What is varied goes by its length before, so that the batches stay as many as they are, and is padded to the
    longest of its batch.
    """
    if seed is not None:
        dataset = _shuffled(dataset, min(len(lengths), _SHUFFLE), seed=seed, epoch=epoch)
    limits = {"batch_size": batch_size, "batch_frames": batch_frames}
    bounds = bucket_bounds(lengths, **limits)
    sizes = [int(size) for size in batch_sizes(np.array(bounds), **limits)]

    def measured(item: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        mel = tf.cast(item["mel"], tf.float32)
        mel = augment_fn(mel) if augment_fn else mel
        return {**item, "mel": mel, "mask": tf.ones(tf.shape(mel)[:1], tf.bool), "length": tf.shape(item["mel"])[0]}

    batches = dataset.map(measured, num_parallel_calls=_THREADS).bucket_by_sequence_length(
        lambda item: item["length"],
        bucket_boundaries=[bound + 1 for bound in bounds],
        bucket_batch_sizes=[*sizes, 1],
        pad_to_bucket_boundary=augment_fn is None,
    )
    # Known from the lengths: progress bars and schedules need it, and it is asserted while reading.
    return batches.apply(tf.data.experimental.assert_cardinality(_count(lengths, **limits)))


def _count(lengths: np.ndarray, *, batch_size: int, batch_frames: int) -> int:
    """Return how many batches hold utterances of these lengths."""
    limits = {"batch_size": batch_size, "batch_frames": batch_frames}
    bounds = np.array(bucket_bounds(lengths, **limits))
    held = np.bincount(np.searchsorted(bounds, lengths), minlength=len(bounds))
    return int(np.sum(-(-held // batch_sizes(bounds, **limits))))


def _shuffled(dataset: tf.data.Dataset, held: int, *, seed: int, epoch: tf.Variable | None) -> tf.data.Dataset:
    if epoch is None:
        return dataset.shuffle(held, seed=seed, reshuffle_each_iteration=True)

    def in_order_of_epoch(_: tf.Tensor) -> tf.data.Dataset:
        tf.random.set_seed(seed % _MOST_SEEDS + 1)  # of this function's graph alone; 0 it would compare with a tensor
        return dataset.shuffle(held, seed=epoch, reshuffle_each_iteration=False)

    return tf.data.Dataset.from_tensors(0).flat_map(in_order_of_epoch)


def _ready(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Read ahead, without tf.data's tuner: an iterator that ends waits for it, up to as long as the epoch took."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(_PREFETCHED).with_options(options)
