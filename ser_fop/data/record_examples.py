"""One record of a shard, a `tf.train.Example`: an utterance's id and log-mel, and those of its varied copies."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from ser_fop.corpora.schema import RECORD_FRAMES, RECORD_ID, RECORD_MEL
from ser_fop.data.records import Manifest


def serialize(utterance_id: str, mel: np.ndarray, renditions: Sequence[np.ndarray] = ()) -> bytes:
    """Return the bytes of one record.

    Args:
        utterance_id: Id of the utterance.
        mel: Log-mel of shape (frames, mels), float16 or float32.
        renditions: Log-mels of varied copies, of the same shape and type.
    """
    features = {
        RECORD_ID: tf.train.Feature(bytes_list=tf.train.BytesList(value=[utterance_id.encode()])),
        RECORD_FRAMES: tf.train.Feature(int64_list=tf.train.Int64List(value=[len(mel)])),
    }
    for number, stored in enumerate((mel, *renditions)):
        little_endian = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
        features[_mel_key(number)] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[little_endian]))
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


def parse(
    serialized: tf.Tensor, manifest: Manifest, draw_fn: Callable[[tf.Tensor, int], tf.Tensor] | None = None
) -> dict[str, tf.Tensor]:
    """Parse one record.

    Args:
        serialized: Bytes of the record.
        manifest: Manifest of its folder.
        draw_fn: Maps an id and the number of renditions to the number of the copy to read: 0 for the utterance itself,
            1 for the first rendition.

    Returns:
        `id` (string) and `mel` (frames, mels) in the stored data type. With `draw_fn`, `mel` is the copy, and `recorded`
        (frames, mels) the utterance itself.
    """
    mels = [_mel_key(number) for number in range(1 + (manifest.renditions if draw_fn else 0))]
    parsed = tf.io.parse_single_example(
        serialized,
        {
            RECORD_ID: tf.io.FixedLenFeature([], tf.string),
            RECORD_FRAMES: tf.io.FixedLenFeature([], tf.int64),
            **{name: tf.io.FixedLenFeature([], tf.string) for name in mels},
        },
    )

    def decoded(stored: tf.Tensor) -> tf.Tensor:
        mel = tf.io.decode_raw(stored, tf.dtypes.as_dtype(manifest.dtype), little_endian=True)
        return tf.reshape(mel, [parsed[RECORD_FRAMES], manifest.features.width])

    if draw_fn is None:
        return {"id": parsed[RECORD_ID], "mel": decoded(parsed[RECORD_MEL])}
    chosen = tf.gather(tf.stack([parsed[name] for name in mels]), draw_fn(parsed[RECORD_ID], manifest.renditions))
    return {"id": parsed[RECORD_ID], "mel": decoded(chosen), "recorded": decoded(parsed[RECORD_MEL])}


def _mel_key(number: int) -> str:
    """Return the name of a copy in a record: that of the utterance itself for 0."""
    return f"{RECORD_MEL}/{number}" if number else RECORD_MEL
