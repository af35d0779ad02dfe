"""Where the workers of a distributed run leave finished shards for the process that started them."""

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

# Begins the name of whatever is not finished yet.
_UNFINISHED = ".unfinished-"


class Staging:
    """A folder that the workers and the process that started them both reach.

    It travels to the workers. By default it is the stage's own folder, and nothing is copied.

    Args:
        stage: The folder being written.
        place: A folder or a URL to share; a folder of this run's own is made in it. None is the stage's folder.
    """

    def __init__(self, stage: Stage, place: Path | None) -> None:
        self._own = place is None
        place = place if place is None or is_remote(place) else place.absolute()
        self.folder = stage.folder if place is None else place / f"{stage.out.name}-{stage.key}"

    def open(self) -> None:
        """Make the folder.

        Raises:
            InputError: If it cannot be reached.
        """
        if is_remote(self.folder):
            with translate_fs_errors(self.folder):
                self.folder.fs.makedirs(self.folder.path, exist_ok=True)
        else:
            self.folder.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a worker a folder of its machine to write a shard in."""
        # A folder here is on the disk that the shard ends on, so that publishing is a renaming.
        beside = None if is_remote(self.folder) else self.folder
        with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=beside) as folder:
            yield Path(folder)

    def publish(self, folder: Path, name: str) -> None:
        """Move a finished shard here: each file whole or absent, the note last.

        Two workers that were given the same shard may both do so: they wrote the same bytes.

        Args:
            folder: The scratch folder.
            name: Name of the shard.
        """
        for path in _files(folder / name):
            if not is_remote(self.folder):
                path.replace(self.folder / path.name)
                continue
            with translate_fs_errors(self.folder):
                beside = self.folder / f"{_UNFINISHED}{uuid.uuid4().hex}"
                self.folder.fs.put_file(str(path), beside.path)
                self.folder.fs.mv(beside.path, (self.folder / path.name).path)

    def download_finished(self, folder: Path, tasks: Sequence[ShardTask], *, quarantined: bool) -> None:
        """Copy the finished shards of some tasks into the stage folder.

        Args:
            folder: The stage folder.
            tasks: The tasks.
            quarantined: Also those with audio that could not be used, whose files may have been mended since.
        """
        if self._own:
            return
        held = set(remote_files(self.folder) if is_remote(self.folder) else os.listdir(self.folder))
        for task in tasks:
            files = _files(self.folder / task.name)
            if not held.issuperset(path.name for path in files):
                continue
            note = msgspec.json.decode(_read(files[-1]), type=ShardIndex)
            if note.asked == task.digest and (quarantined or not note.quarantined):
                for path in files:
                    beside = folder / f"{_UNFINISHED}{path.name}"
                    self._fetch(path, beside)
                    beside.replace(folder / path.name)

    def clear(self) -> None:
        """Remove the folder, unless it is the stage's own."""
        if not self._own:
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
    """Remove from a stage folder what workers that were killed left unfinished."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _files(shard: Path) -> tuple[Path, Path, Path]:
    """Return the files of a shard, the note last."""
    return shard, statistics_path(shard), note_path(shard)


def _read(path: Path) -> bytes:
    return read_remote(path) if is_remote(path) else path.read_bytes()
