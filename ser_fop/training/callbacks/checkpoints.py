"""Checkpoints of a training: files that are whole or absent, the last few kept."""

import hashlib
import io
import json
import os
import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

_NAME = re.compile(r"epoch-(\d{6})-step-(\d{9})-([0-9a-f]{16})\.npz")
_FACTS = "facts"


class Checkpoints:
    """Numbered checkpoint files in a folder.

    A file is written beside, flushed to the disk and renamed: a kill at any instant leaves the ones before. Its name
    holds a digest of its content, so that a file that was damaged later is passed over, with a warning, for the one
    before.

    Args:
        folder: Where they lie; made when the first is saved.
        keep: How many of the last are kept.
        writes: Whether this process keeps them; of several that train together one does.
    """

    def __init__(self, folder: Path, *, keep: int = 3, writes: bool = True) -> None:
        self.folder = folder
        self.writes = writes
        self.keep = max(1, keep)

    def save(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any], *, epoch: int, step: int) -> Path:
        """Write a checkpoint and remove those that are too many.

        Args:
            arrays: What to keep, by name.
            facts: JSON values beside them.
            epoch: Epochs ended.
            step: Steps taken of the epoch after them.

        Returns:
            The file.
        """
        buffer = io.BytesIO()
        text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
        np.savez(buffer, **{_FACTS: text}, **arrays)
        content = buffer.getbuffer()
        digest = hashlib.sha256(content).hexdigest()[:16]
        path = self.folder / f"epoch-{epoch:06d}-step-{step:09d}-{digest}.npz"
        self.folder.mkdir(parents=True, exist_ok=True)
        for cut_short in self.folder.glob("*.tmp"):
            cut_short.unlink(missing_ok=True)
        beside = path.with_suffix(".tmp")
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        self._sync_folder()
        others = [old for old in self.found() if old != path]
        for old in others[: len(others) - self.keep + 1]:
            old.unlink(missing_ok=True)
        return path

    def latest(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return arrays and facts of the last checkpoint that is whole, or None; the others are warned of and set aside."""
        for path in reversed(self.found()):
            try:
                return _read(path)
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                if not self.writes:
                    continue
                aside = path.with_suffix(".damaged")
                path.replace(aside)
                print(
                    f"warning: the checkpoint {path} is damaged ({error}) and is now {aside.name}; the one before it, if"
                    " there is one, is taken.",
                    file=sys.stderr,
                )
        return None

    def found(self) -> list[Path]:
        """Return the checkpoint files, the oldest first."""
        return sorted(path for path in self.folder.glob("epoch-*.npz") if _NAME.fullmatch(path.name))

    def _sync_folder(self) -> None:
        """Let a rename survive a power cut, where the system can."""
        try:
            folder = os.open(self.folder, os.O_RDONLY)
        except OSError:
            return
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    content = path.read_bytes()
    expected = _NAME.fullmatch(path.name)
    if expected is None or hashlib.sha256(content).hexdigest()[:16] != expected.group(3):
        raise ValueError("its content is not what its name says")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, json.loads(arrays.pop(_FACTS).tobytes().decode())
