"""Drawing of renditions: which copy of an utterance an epoch reads."""

from collections.abc import Iterable

import tensorflow as tf

from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.readers import DrawFn
from ser_fop.data.records import Records
from ser_fop.errors import InputError

_EPOCHS = 1_000_003
_HASHES = 2**30


def draw_each_time(share: float) -> DrawFn:
    """Return a function that draws another copy at each reading, from TensorFlow's global random stream.

    Args:
        share: Share of the readings that are a rendition; the others are the utterance itself.
    """

    def draw_fn(_: tf.Tensor, renditions: int) -> tf.Tensor:
        return _copy(tf.random.uniform(()), share, renditions)

    return draw_fn


def draw_by_epoch(share: float, *, seed: int, epoch: tf.Variable) -> DrawFn:
    """Return a function whose draw depends on the seed, the epoch and the id only, so that a run can resume.

    Args:
        share: Share of the readings that are a rendition; the others are the utterance itself.
        seed: Seed of the run.
        epoch: Number of the epoch.
    """

    def draw_fn(utterance_id: tf.Tensor, renditions: int) -> tf.Tensor:
        key = tf.cast(tf.strings.to_hash_bucket_fast(utterance_id, _HASHES), tf.int64)
        drawn = tf.random.stateless_uniform((), tf.stack([key, seed * _EPOCHS + epoch.read_value()]))
        return _copy(drawn, share, renditions)

    return draw_fn


def _copy(drawn: tf.Tensor, share: float, renditions: int) -> tf.Tensor:
    """Return the number of the copy for a number between 0 and 1: below `share`, each rendition has an equal part."""
    if not renditions:
        return tf.zeros((), tf.int32)
    rendition = 1 + tf.cast(tf.floor(drawn / share * renditions), tf.int32)
    return tf.where(drawn < share, rendition, 0)


def check_rendition_share(share: float, records: Iterable[Records | JoinedRecords], *, service: str = "") -> None:
    """Check that records have the renditions that a training reads.

    Args:
        share: Share of the readings that are a rendition.
        records: Records to train on.
        service: Address of a tf.data service, whose workers cannot know the epoch.

    Raises:
        InputError: If the share is out of range, no record has a rendition, or a service reads them.
    """
    if not 0 <= share <= 1:
        raise InputError(f"renditions expected a share from 0 to 1, received {share:g}.")
    folders = [one for part in records for one in (part.parts if isinstance(part, JoinedRecords) else (part,))]
    if share and not any(one.manifest.renditions for one in folders):
        raise InputError(
            f"renditions expected records with varied copies, and {folders[0].folder} has none. Prepare them with"
            " --renditions 4, or set the share to 0."
        )
    if share and service:
        raise InputError("renditions expected no --data-service: its workers do not know the epoch. Drop one of them.")
