"""Staging folder: the workers of a distributed run put finished shards there for the main process."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ser_fop.data.prepare.shard_index import ShardIndex, ShardTask, note_path, statistics_path
from ser_fop.utils.remote import is_remote, read_remote, remote_files, translate_fs_errors
from ser_fop.utils.run_folder import Stage

# Prefix of the names of unfinished files and folders.
_UNFINISHED = ".unfinished-"


class Staging:
    """A folder that the workers and the main process share.

    The object is sent to the workers. By default the folder is the stage folder, and nothing is copied.

    Args:
        stage: The stage folder, which is not complete yet.
        place: A shared folder or URL, in which this run gets a subfolder. None selects the stage folder.
    """

    def __init__(self, stage: Stage, place: Path | None) -> None:
        self._in_stage_folder = place is None
        place = place if place is None or is_remote(place) else place.absolute()
        self.folder = stage.folder if place is None else place / f"{stage.out.name}-{stage.key}"

    def open(self) -> None:
        """Create the folder.

        Raises:
            InputError: If the folder cannot be reached.
        """
        if is_remote(self.folder):
            with translate_fs_errors(self.folder):
                self.folder.fs.makedirs(self.folder.path, exist_ok=True)
        else:
            self.folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Create a temporary folder in which a worker writes a shard."""
        # A local scratch folder is on the same disk as the shared folder, so publishing only renames files.
        parent = None if is_remote(self.folder) else self.folder
        with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=parent) as folder:
            yield Path(folder)

    def publish(self, folder: Path, name: str) -> None:
        """Move a finished shard to the shared folder: each file atomically, the index file last.

        Two workers may publish the same shard, because both wrote the same bytes.

        Args:
            folder: The temporary folder of the worker.
            name: Name of the shard.
        """
        for path in _files(folder / name):
            if not is_remote(self.folder):
                path.replace(self.folder / path.name)
                continue
            with translate_fs_errors(self.folder):
                temporary = self.folder / f"{_UNFINISHED}{uuid.uuid4().hex}"
                self.folder.fs.put_file(str(path), temporary.path)
                self.folder.fs.mv(temporary.path, (self.folder / path.name).path)

    def download_finished(self, folder: Path, tasks: Sequence[ShardTask], *, quarantined: bool) -> None:
        """Copy the finished shards of some tasks into the stage folder.

        Args:
            folder: The stage folder.
            tasks: Tasks of these shards.
            quarantined: If true, also copy shards with quarantined utterances, whose audio may be repaired since.
        """
        if self._in_stage_folder:
            return
        names = set(remote_files(self.folder) if is_remote(self.folder) else os.listdir(self.folder))
        for task in tasks:
            files = _files(self.folder / task.name)
            if not names.issuperset(path.name for path in files):
                continue
            note = msgspec.json.decode(_read(files[-1]), type=ShardIndex)
            if note.asked == task.digest and (quarantined or not note.quarantined):
                for path in files:
                    temporary = folder / f"{_UNFINISHED}{path.name}"
                    self._fetch(path, temporary)
                    temporary.replace(folder / path.name)

    def clear(self) -> None:
        """Remove the folder, unless it is the stage folder."""
        if not self._in_stage_folder:
            if is_remote(self.folder):
                with translate_fs_errors(self.folder):
                    self.folder.fs.rm(self.folder.path, recursive=True)
            else:
                shutil.rmtree(self.folder)

    def _fetch(self, path: Path, to: Path) -> None:
        if is_remote(path):
            with translate_fs_errors(path):
                path.fs.get_file(path.path, str(to))
        else:
            shutil.copyfile(path, to)


def sweep(folder: Path) -> None:
    """Remove the unfinished files that killed workers left in a stage folder."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _files(shard: Path) -> tuple[Path, Path, Path]:
    """Return the files of a shard, the index file last."""
    return shard, statistics_path(shard), note_path(shard)


def _read(path: Path) -> bytes:
    return read_remote(path) if is_remote(path) else path.read_bytes()
