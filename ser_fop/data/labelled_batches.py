"""`tf.data` batches for emotion recognition."""

import os
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from ser_fop.data.batching import bucketed_batches, prefetched, utterance_lengths
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.readers import DrawFn, table, utterances
from ser_fop.data.records import Records

_THREADS = os.cpu_count() or 1


def labelled_batches(
    records: Records | JoinedRecords,
    classes: Mapping[str, int],
    *,
    batch_size: int,
    batch_frames: int,
    seed: int | None = None,
    augment_fn: Callable[[tf.Tensor], tf.Tensor] | None = None,
    more_inputs: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    weights: Mapping[str, float] | None = None,
    draw_fn: DrawFn | None = None,
) -> tf.data.Dataset:
    """Return batches for emotion recognition.

    Each batch holds utterances of similar length. With a seed, each epoch has another order.

    Args:
        records: The records.
        classes: Class index by utterance id; the other utterances are left out.
        batch_size: Maximum number of utterances in a batch.
        batch_frames: Maximum number of frames in a batch, padding included.
        seed: Seed of the shuffling; None keeps a fixed order.
        augment_fn: Maps a log-mel (frames, mels) to an augmented one, which may have another length.
        more_inputs: Further inputs of the network by name: values by utterance id, equally many for each utterance.
        weights: Weight of each utterance in the loss, by id; 1 by default.
        draw_fn: Draws one of an utterance's renditions; by default, the utterance itself is read.

    Returns:
        Batches `(inputs, class_index)`, or `(inputs, class_index, weight)` with `weights`. The inputs are `mel` (batch,
        frames, mels), `mask` (batch, frames) and each of `more_inputs` (batch, values). The class index is int32
        (batch,).
    """
    parts = [(records, classes)]
    index_of = table(classes, list(classes.values()))
    dataset = utterances(parts, draw_fn=draw_fn)
    if draw_fn:  # the shuffle buffer need not hold the utterance itself
        dataset = dataset.map(lambda item: {"id": item["id"], "mel": item["mel"]})
    batches = bucketed_batches(
        dataset,
        utterance_lengths(parts),
        batch_size=batch_size,
        batch_frames=batch_frames,
        seed=seed,
        augment_fn=augment_fn,
    )
    columns = {
        name: tf.constant([values[key] for key in classes], tf.float32) for name, values in (more_inputs or {}).items()
    }
    weight_of = tf.constant([weights[key] for key in classes], tf.float32) if weights else None
    row_of = table(classes, range(len(classes))) if columns or weights else None

    def labelled(item: Mapping[str, tf.Tensor]) -> tuple:
        inputs = {"mel": item["mel"], "mask": item["mask"]}
        row = row_of.lookup(item["id"]) if row_of else None
        for name, column in columns.items():
            inputs[name] = tf.gather(column, row)
        weight = () if weight_of is None else (tf.gather(weight_of, row),)
        return inputs, index_of.lookup(item["id"]), *weight

    return prefetched(batches.map(labelled, num_parallel_calls=_THREADS))
