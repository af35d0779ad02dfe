"""What a shard is asked to hold, and the note that a finished one has beside it until the folder is complete."""

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ser_fop.corpora.schema import Row, Utterance
from ser_fop.data.records import Shard
from ser_fop.utils.run_folder import read_json, sha256, write_json


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardTask:
    """One shard to write.

    Attributes:
        index: Its number.
        name: Name of its file.
        utterances: What it is to hold, in this order.
    """

    index: int
    name: str
    utterances: tuple[Utterance, ...]

    @property
    def digest(self) -> str:
        """Digest of what is asked for."""
        return hashlib.sha256(msgspec.json.encode(self.utterances)).hexdigest()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardIndex:
    """What a finished shard contributes.

    Attributes:
        asked: Digest of its task.
        shard: The file.
        rows: One for each utterance in it.
        quarantined: Id, file and problem of those that cannot be used.
    """

    asked: str
    shard: Shard
    rows: tuple[Row, ...]
    quarantined: tuple[tuple[str, str, str], ...]


def shard_tasks(utterances: Sequence[Utterance], *, size: int) -> list[ShardTask]:
    """Deal utterances out to shards of `size`, in an order that depends on their ids alone."""
    order = sorted(utterances, key=lambda utterance: hashlib.sha256(utterance.id.encode()).digest())
    groups = [tuple(order[first : first + size]) for first in range(0, len(order), size)]
    return [
        ShardTask(index=index, name=f"mel-{index:05d}-of-{len(groups):05d}.tfrecord", utterances=group)
        for index, group in enumerate(groups)
    ]


def statistics_path(shard: Path) -> Path:
    """Return where a shard's sums stand until the folder is complete."""
    return shard.with_name(shard.name + ".npz")


def note_path(shard: Path) -> Path:
    """Return where a shard's note stands until the folder is complete."""
    return shard.with_name(shard.name + ".json")


def write_note(shard: Path, note: ShardIndex) -> None:
    """Write a shard's note, which is to be its last file."""
    write_json(note_path(shard), note)


def read_note(shard: Path) -> ShardIndex:
    """Read a shard's note."""
    return msgspec.convert(read_json(note_path(shard)), ShardIndex)


def finished_note(folder: Path, task: ShardTask) -> ShardIndex | None:
    """Return the note of a shard of this task, if all its files are there and hold what they should."""
    shard = folder / task.name
    if not (note_path(shard).exists() and statistics_path(shard).exists() and shard.exists()):
        return None
    note = read_note(shard)
    return note if note.asked == task.digest and sha256(shard) == note.shard.sha256 else None


def reusable_note(folder: Path, task: ShardTask) -> ShardIndex | None:
    """Return the note of a shard that an earlier run finished; bad files may be mended by now."""
    note = finished_note(folder, task)
    return note if note is not None and not note.quarantined else None
