"""Checkpoint files of a training, written atomically; only the last ones are kept."""

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

    A checkpoint is written to a temporary file, flushed to the disk and renamed, so that a kill cannot damage earlier
    ones. The file name contains a digest of the content. A damaged file is skipped with a warning, and the one before
    it is used.

    Args:
        folder: Folder of the files; created with the first checkpoint.
        keep: Number of checkpoints to keep, at least 1.
        writes: Whether this process writes checkpoints. Of several workers only the chief does.
    """

    def __init__(self, folder: Path, *, keep: int = 3, writes: bool = True) -> None:
        self.folder = folder
        self.writes = writes
        self.keep = max(1, keep)

    def save(self, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any], *, epoch: int, step: int) -> Path:
        """Write a checkpoint, and remove the oldest ones beyond `keep`.

        Args:
            arrays: Arrays to store, by name.
            facts: JSON values to store with the arrays.
            epoch: Number of completed epochs.
            step: Number of completed steps of the current epoch.

        Returns:
            Path of the checkpoint.
        """
        buffer = io.BytesIO()
        text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
        np.savez(buffer, **{_FACTS: text}, **arrays)
        content = buffer.getbuffer()
        digest = hashlib.sha256(content).hexdigest()[:16]
        path = self.folder / f"epoch-{epoch:06d}-step-{step:09d}-{digest}.npz"
        self.folder.mkdir(parents=True, exist_ok=True)
        for incomplete in self.folder.glob("*.tmp"):
            incomplete.unlink(missing_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        self._sync_folder()
        others = [old for old in self.found() if old != path]
        for old in others[: len(others) - self.keep + 1]:
            old.unlink(missing_ok=True)
        return path

    def latest(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return the arrays and facts of the last intact checkpoint, or None.

        A damaged file is renamed to `.damaged`, with a warning.
        """
        for path in reversed(self.found()):
            try:
                return _read(path)
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                if not self.writes:
                    continue
                aside = path.with_suffix(".damaged")
                path.replace(aside)
                print(
                    f"warning: the checkpoint {path} is damaged ({error}). It was renamed to {aside.name}, and the"
                    " checkpoint before it is used, if there is one.",
                    file=sys.stderr,
                )
        return None

    def found(self) -> list[Path]:
        """Return the checkpoint files, oldest first."""
        return sorted(path for path in self.folder.glob("epoch-*.npz") if _NAME.fullmatch(path.name))

    def _sync_folder(self) -> None:
        """Flush the folder, so that a rename survives a power failure where the file system supports it."""
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
        raise ValueError("its content does not match the digest in its name")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, json.loads(arrays.pop(_FACTS).tobytes().decode())
