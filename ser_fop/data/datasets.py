"""`tf.data` datasets from record shards: unlabelled batches, and batches with utterance ids.

Each batch holds utterances of similar length and at most `batch_frames` frames, padding included.
The mask is true on real frames. With a seed, each epoch has another order, and each run has the same orders.
Without a seed, the order is fixed.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ser_fop.data.batching import batch_count, bucketed_batches, prefetched, require_any, utterance_lengths
from ser_fop.data.bucketing import bucket_bounds, chunk_lengths
from ser_fop.data.readers import DrawFn, RecordSelection, table, utterances
from ser_fop.data.records import Records

_EPOCHS = 1_000_003
# Seeds reserved for each batch, so that no two batches draw the same random numbers.
_SEEDS_A_BATCH = 1024
_THREADS = os.cpu_count() or 1


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
    draw_fn: DrawFn | None = None,
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
        draw_fn: Draws one of an utterance's renditions as input; the target is always the utterance itself.

    Returns:
        Batches `(inputs, target, weight)`. The inputs are `mel` (batch, frames, mels), `mask` (batch, frames) and,
        with `classes`, `class_index` (batch,). The target (batch, frames, horizons * mels) concatenates the future
        log-mels of all horizons. The weight (batch, frames) is 1 where all of them are real frames.
    """
    dataset = utterances(parts, service=service, draw_fn=draw_fn)
    if draw_fn:  # input and target side by side: what follows cuts and pads both
        dataset = dataset.map(
            lambda item: {"id": item["id"], "mel": tf.concat([item["mel"], item["recorded"]], axis=-1)}
        )
    lengths = _unlabelled_lengths(parts, horizons=horizons, chunk_frames=chunk_frames)
    if chunk_frames:
        dataset = dataset.flat_map(lambda item: _chunks(item, chunk_frames))
        dataset = dataset.map(_without_padding, num_parallel_calls=_THREADS)
    farthest = max(horizons)
    index_of = table(classes, list(classes.values())) if classes else None
    dataset = dataset.filter(lambda item: tf.shape(item["mel"])[0] > farthest)
    batches = bucketed_batches(
        dataset, lengths, batch_size=batch_size, batch_frames=batch_frames, seed=seed, epoch=epoch
    )

    def with_target(item: Mapping[str, tf.Tensor]) -> tuple:
        mel, recorded = tf.split(item["mel"], 2, axis=-1) if draw_fn else (item["mel"], item["mel"])
        valid = item["mask"][:, farthest:]
        frames = tf.shape(mel)[1] - farthest
        inputs = {"mel": mel[:, :frames], "mask": valid}
        if index_of:
            inputs["class_index"] = index_of.lookup(item["id"])
        future = [recorded[:, distance : distance + frames] for distance in horizons]
        return inputs, tf.concat(future, axis=-1), tf.cast(valid, tf.float32)

    batches = batches.map(with_target, num_parallel_calls=_THREADS)
    if corruption_fn is not None:

        def corrupted(number: tf.Tensor, batch: tuple) -> tuple:
            inputs, target, weight = batch
            epoch_number = tf.zeros((), tf.int64) if epoch is None else epoch.read_value()
            batch_seed = tf.stack([(seed or 0) * _EPOCHS + epoch_number, number * _SEEDS_A_BATCH])
            return {**inputs, "mel": corruption_fn(inputs["mel"], batch_seed)}, target, weight

        batches = batches.enumerate().map(corrupted, num_parallel_calls=_THREADS)
    return prefetched(batches)


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
    return batch_count(lengths, batch_size=batch_size, batch_frames=batch_frames)


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
    batches = bucketed_batches(
        utterances(parts), utterance_lengths(parts), batch_size=batch_size, batch_frames=batch_frames, seed=None
    )
    return prefetched(batches)


def _unlabelled_lengths(parts: RecordSelection, *, horizons: Sequence[int], chunk_frames: int) -> np.ndarray:
    lengths = utterance_lengths(parts)
    if chunk_frames:
        lengths = np.concatenate([chunk_lengths(length, chunk_frames) for length in lengths])
    return require_any(lengths[lengths > max(horizons)])


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
