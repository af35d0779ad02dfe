"""`tf.data` datasets from record shards: unlabelled batches, labelled batches, and batches with utterance ids.

Each batch holds utterances of similar length and at most `batch_frames` frames, padding included.
The mask is true on real frames. With a seed, each epoch has another order, and each run has the same orders.
Without a seed, the order is fixed.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ser_fop.data.bucketing import batch_sizes, bucket_bounds, chunk_lengths
from ser_fop.data.readers import RecordSelection, table, utterances
from ser_fop.data.records import Records

# Utterances in the shuffle buffer: about 0.25 GB at 5 s each, in float16.
_SHUFFLE = 4096
_SEED_LIMIT = 2**30
_EPOCHS = 1_000_003
# Seeds reserved for each batch, so that no two batches draw the same random numbers.
_SEEDS_A_BATCH = 1024
_THREADS = os.cpu_count() or 1
_PREFETCH = 4


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
    """Return batches for future observation prediction.

    Args:
        parts: Pairs of records and the utterance ids to read from them.
        horizons: Distances of the predicted frames, in frames; 0 is the frame itself.
        batch_size: Maximum number of utterances or chunks in a batch.
        batch_frames: Maximum number of frames in a batch, padding included.
        chunk_frames: Maximum length of a chunk; longer utterances are cut into equal chunks. 0 cuts nothing.
        seed: Seed of the shuffling; None keeps a fixed order.
        epoch: Number of the epoch, read when an iteration begins. The order depends on it and on the seed only,
            not on the number of earlier iterations.
        corruption_fn: Maps the input log-mels and a seed to corrupted log-mels. The seed depends on `seed`, the epoch
            and the batch number. The targets are not changed.
        classes: Class index by utterance id. The inputs then contain `class_index`, -1 for all other utterances.
        service: Address of a tf.data service that reads the files. The order then also depends on its workers' speed.

    Returns:
        Batches `(inputs, target, weight)`. The inputs are `mel` (batch, frames, mels), `mask` (batch, frames) and,
        with `classes`, `class_index` (batch,). The target (batch, frames, horizons * mels) concatenates the future
        log-mels of all horizons. The weight (batch, frames) is 1 where all of them are real frames.
    """
    dataset = utterances(parts, service=service)
    lengths = _unlabelled_lengths(parts, horizons=horizons, chunk_frames=chunk_frames)
    if chunk_frames:
        dataset = dataset.flat_map(lambda item: _chunks(item, chunk_frames))
        dataset = dataset.map(_without_padding, num_parallel_calls=_THREADS)
    farthest = max(horizons)
    index_of = table(classes, list(classes.values())) if classes else None
    dataset = dataset.filter(lambda item: tf.shape(item["mel"])[0] > farthest)
    batches = _bucketed(dataset, lengths, batch_size=batch_size, batch_frames=batch_frames, seed=seed, epoch=epoch)

    def with_target(item: Mapping[str, tf.Tensor]) -> tuple:
        mel, valid = item["mel"], item["mask"][:, farthest:]
        frames = tf.shape(mel)[1] - farthest
        inputs = {"mel": mel[:, :frames], "mask": valid}
        if index_of:
            inputs["class_index"] = index_of.lookup(item["id"])
        future = [mel[:, distance : distance + frames] for distance in horizons]
        return inputs, tf.concat(future, axis=-1), tf.cast(valid, tf.float32)

    batches = batches.map(with_target, num_parallel_calls=_THREADS)
    if corruption_fn is not None:

        def corrupted(number: tf.Tensor, batch: tuple) -> tuple:
            inputs, target, weight = batch
            epoch_number = tf.zeros((), tf.int64) if epoch is None else epoch.read_value()
            batch_seed = tf.stack([(seed or 0) * _EPOCHS + epoch_number, number * _SEEDS_A_BATCH])
            return {**inputs, "mel": corruption_fn(inputs["mel"], batch_seed)}, target, weight

        batches = batches.enumerate().map(corrupted, num_parallel_calls=_THREADS)
    return _prefetched(batches)


def unlabelled_frames(
    parts: RecordSelection,
    *,
    horizons: Sequence[int],
    batch_size: int,
    batch_frames: int,
    chunk_frames: int = 0,
) -> tuple[int, float]:
    """Return the number of real frames in an epoch of `unlabelled_batches`, and the share of padding (0 to 1)."""
    lengths = _unlabelled_lengths(parts, horizons=horizons, chunk_frames=chunk_frames)
    bounds = np.array(bucket_bounds(lengths, batch_size=batch_size, batch_frames=batch_frames))
    padded = bounds[np.searchsorted(bounds, lengths)] - max(horizons)
    useful = int((lengths - max(horizons)).sum())
    return useful, 1.0 - useful / float(padded.sum())


def unlabelled_count(
    parts: RecordSelection, *, horizons: Sequence[int], batch_size: int, batch_frames: int, chunk_frames: int = 0
) -> int:
    """Return the number of batches in an epoch of `unlabelled_batches`."""
    lengths = _unlabelled_lengths(parts, horizons=horizons, chunk_frames=chunk_frames)
    return _count(lengths, batch_size=batch_size, batch_frames=batch_frames)


def pad_to_batch_count(batches: tf.data.Dataset, count: int) -> tf.data.Dataset:
    """Append batches of weight zero until there are `count`, so that all workers take equally many steps.

    Args:
        batches: The batches of `unlabelled_batches`.
        count: Number of batches to return, at least the number of `batches`.
    """
    if not (missing := count - int(batches.cardinality())):
        return batches

    def blank(spec: tf.TensorSpec) -> tf.Tensor:
        if spec.shape.rank == 1:  # the class index: unknown
            return tf.fill([1], tf.constant(-1, spec.dtype))
        return tf.zeros([1, 16, *spec.shape[2:]], spec.dtype)

    blank_batch = tf.nest.map_structure(blank, batches.element_spec)
    blanks = tf.data.Dataset.from_tensors(blank_batch).repeat(missing)
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
    """Return batches for emotion recognition.

    Args:
        records: The records.
        classes: Class index by utterance id; the other utterances are left out.
        batch_size: Maximum number of utterances in a batch.
        batch_frames: Maximum number of frames in a batch, padding included.
        seed: Seed of the shuffling; None keeps a fixed order.
        augment_fn: Maps a log-mel (frames, mels) to an augmented one, which may have another length.
        dimensional_labels: Ratings by utterance id, equally many for each utterance.

    Returns:
        Batches `(inputs, class_index)`. The inputs are `mel` (batch, frames, mels), `mask` (batch, frames) and, with
        `dimensional_labels`, `dimensional_labels` (batch, ratings). The class index is int32 (batch,).
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
    row_of = table(classes, range(len(classes))) if dimensional_labels else None
    ratings = tf.constant([dimensional_labels[key] for key in classes], tf.float32) if dimensional_labels else None

    def labelled(item: Mapping[str, tf.Tensor]) -> tuple:
        inputs = {"mel": item["mel"], "mask": item["mask"]}
        if row_of:
            inputs["dimensional_labels"] = tf.gather(ratings, row_of.lookup(item["id"]))
        return inputs, index_of.lookup(item["id"])

    return _prefetched(batches.map(labelled, num_parallel_calls=_THREADS))


def utterance_batches(
    records: Records, ids: Collection[str], *, batch_frames: int, batch_size: int = 256
) -> tf.data.Dataset:
    """Return batches with utterance ids, in a fixed order, for extraction and prediction.

    Args:
        records: The records.
        ids: Ids of the utterances to read.
        batch_frames: Maximum number of frames in a batch, padding included.
        batch_size: Maximum number of utterances in a batch.

    Returns:
        Batches of `id` (batch,) string, `mel` (batch, frames, mels) and `mask` (batch, frames).
    """
    parts = [(records, ids)]
    batches = _bucketed(utterances(parts), _lengths(parts), batch_size=batch_size, batch_frames=batch_frames, seed=None)
    return _prefetched(batches)


def _unlabelled_lengths(parts: RecordSelection, *, horizons: Sequence[int], chunk_frames: int) -> np.ndarray:
    lengths = _lengths(parts)
    if chunk_frames:
        lengths = np.concatenate([chunk_lengths(length, chunk_frames) for length in lengths])
    return _require_any(lengths[lengths > max(horizons)])


def _lengths(parts: RecordSelection) -> np.ndarray:
    return _require_any(
        np.array([row.frames for records, ids in parts for row in records.rows if row.id in ids], dtype=np.int64)
    )


def _require_any(lengths: np.ndarray) -> np.ndarray:
    if not len(lengths):
        raise ValueError("a dataset needs at least one utterance that is long enough, received none.")
    return lengths


def _chunks(item: Mapping[str, tf.Tensor], limit: int) -> tf.data.Dataset:
    """Cut one utterance into the chunks of `chunk_lengths`; `_without_padding` trims the last chunk."""
    mel = item["mel"]
    length = tf.shape(mel)[0]
    count = -(-length // limit)
    size = -(-length // count)
    count = -(-length // size)
    padded = tf.pad(mel, [[0, count * size - length], [0, 0]])
    frames = tf.minimum(size, length - tf.range(count) * size)
    chunks = {"mel": tf.reshape(padded, [count, size, mel.shape[-1]]), "frames": frames}
    return tf.data.Dataset.from_tensor_slices({**chunks, "id": tf.fill([count], item["id"])})


def _without_padding(chunk: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {"id": chunk["id"], "mel": chunk["mel"][: chunk["frames"]]}


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
    """Shuffle the utterances and batch those of similar length, padded to the bucket's bound.

    The bounds limit the number of shapes, so TensorFlow compiles few graphs. Augmented utterances are bucketed by
    their original length, so the number of batches does not change. They are padded to the longest of their batch.
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
    return batches.apply(tf.data.experimental.assert_cardinality(_count(lengths, **limits)))


def _count(lengths: np.ndarray, *, batch_size: int, batch_frames: int) -> int:
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


def _prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetch without autotuning: at its end an iterator would wait for the tuner, for up to an epoch's duration."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(_PREFETCH).with_options(options)
