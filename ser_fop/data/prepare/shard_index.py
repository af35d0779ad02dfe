"""Tasks (the utterances of one shard), and the index file of a finished shard, which is kept until all are finished."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ser_fop.corpora.schema import Row, Utterance
from ser_fop.data.prepare.sources import Source
from ser_fop.data.records import Shard
from ser_fop.utils.run_folder import read_json, sha256, write_json


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardTask:
    """One shard to write.

    Attributes:
        index: Number of the shard.
        name: Name of its file.
        utterances: Utterances of the shard, in order.
        versions: Size and version of each utterance's file.
    """

    index: int
    name: str
    utterances: tuple[Utterance, ...]
    versions: tuple[tuple[int, str], ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the utterances and the versions of their files."""
        return hashlib.sha256(msgspec.json.encode((self.utterances, self.versions))).hexdigest()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardIndex:
    """Content of the index file of a finished shard.

    Attributes:
        asked: Digest of the task.
        shard: Manifest entry of the file.
        rows: One row for each utterance in the shard.
        quarantined: Id, file and problem of each utterance that cannot be used.
    """

    asked: str
    shard: Shard
    rows: tuple[Row, ...]
    quarantined: tuple[tuple[str, str, str], ...]


def shard_tasks(
    utterances: Sequence[Utterance], *, size: int, sources: Mapping[str, Source] | None = None
) -> list[ShardTask]:
    """Divide utterances into shards of `size`, in an order that depends on their ids only.

    Args:
        utterances: Utterances of the corpus.
        size: Number of utterances of a shard.
        sources: The audio files by name; a shard of an earlier run is reused if they have not changed.
    """
    versions = {file: (source.size, source.version) for file, source in (sources or {}).items()}
    order = sorted(utterances, key=lambda utterance: hashlib.sha256(utterance.id.encode()).digest())
    groups = [tuple(order[first : first + size]) for first in range(0, len(order), size)]
    return [
        ShardTask(
            index=index,
            name=f"mel-{index:05d}-of-{len(groups):05d}.tfrecord",
            utterances=group,
            versions=tuple(versions.get(one.file, (-1, "")) for one in group),
        )
        for index, group in enumerate(groups)
    ]


def statistics_path(shard: Path) -> Path:
    """Return the path of a shard's sums, which are removed when the folder is complete."""
    return shard.with_name(shard.name + ".npz")


def note_path(shard: Path) -> Path:
    """Return the path of a shard's index file, which is removed when the folder is complete."""
    return shard.with_name(shard.name + ".json")


def write_note(shard: Path, note: ShardIndex) -> None:
    """Write a shard's index file; it must be written after the shard's other files."""
    write_json(note_path(shard), note)


def read_note(shard: Path) -> ShardIndex:
    """Read a shard's index file."""
    return msgspec.convert(read_json(note_path(shard)), ShardIndex)


def finished_note(folder: Path, task: ShardTask) -> ShardIndex | None:
    """Return the index of the task's shard, or None if a file is missing or does not match the task."""
    shard = folder / task.name
    if not (note_path(shard).exists() and statistics_path(shard).exists() and shard.exists()):
        return None
    note = read_note(shard)
    return note if note.asked == task.digest and sha256(shard) == note.shard.sha256 else None


def reusable_note(folder: Path, task: ShardTask) -> ShardIndex | None:
    """Return the index of a shard that an earlier run finished without quarantine; bad files may be repaired since."""
    note = finished_note(folder, task)
    return note if note is not None and not note.quarantined else None
