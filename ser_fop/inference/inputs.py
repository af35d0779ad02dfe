"""Conversion of command-line inputs to recordings: files, folders, CSV lists and standard input."""

import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ser_fop.corpora.audio_files import find_audio
from ser_fop.errors import DataWarning, InputError
from ser_fop.inference.recording import Recording
from ser_fop.utils.csv_io import CsvTable, parse_number

STANDARD_INPUT = "-"
_COLUMNS = ("file", "start", "end")


def _warn(line: str) -> None:
    warnings.warn(line, DataWarning, stacklevel=4)


def recordings_of(inputs: Sequence[str], *, report: Callable[[str], None] = _warn) -> list[Recording]:
    """List the recordings of the inputs, in order.

    Args:
        inputs: Audio files, folders, CSV lists, or `-` for an audio file on standard input. Folders are searched
            recursively. A CSV list has a column `file` with paths relative to the list, and optional columns `start`
            and `end` in seconds.
        report: Function that receives a line for each audio file of a folder that is left out.

    Raises:
        InputError: If `inputs` is empty, a folder contains no audio file, or a list cannot be read.
    """
    if not inputs:
        raise InputError("expected audio files, folders, CSV lists, or `-` for standard input; received none.")
    return [recording for name in inputs for recording in _recordings(name, report)]


def _recordings(name: str, report: Callable[[str], None]) -> Iterator[Recording]:
    if not name.strip() or "\0" in name:
        raise InputError(f"expected an audio file, a folder, a CSV list or `-`, received {name!r}.")
    path = Path(name)
    if name == STANDARD_INPUT:
        yield Recording(source=io.BytesIO(sys.stdin.buffer.read()), name="standard input")
    elif os.path.isdir(path):  # `Path.is_dir` raises for a name that is too long
        audio = find_audio(path)
        for problem in audio.problems:
            report(f"{path / problem.file} {problem.message}")
        if not audio.files:
            raise InputError(f"expected audio files in the folder {path}, received none that can be read.")
        yield from (Recording(source=file, name=str(file)) for file in audio.files)
    elif path.suffix.lower() == ".csv":
        yield from _listed(path)
    else:  # a missing file is reported later as the problem of its prediction
        yield Recording(source=path, name=name)


def _listed(path: Path) -> Iterator[Recording]:
    table = CsvTable(path, expected=_COLUMNS)
    if "file" not in table.columns:
        raise InputError(
            f"{path} expected a column `file` (and optionally `start` and `end`), received"
            f" {', '.join(table.columns) or 'nothing'}."
        )
    for line, row in table:
        where = f"row {line} of {path}"
        if not row["file"]:
            raise InputError(f"{where}: expected a file, received a blank.")
        start_s, end_s = (_seconds(row.get(key), where) for key in ("start", "end"))
        source = path.parent / row["file"]
        if "\\" in row["file"] and not os.path.exists(source):  # a path of Windows
            source = path.parent / row["file"].replace("\\", "/")
        yield Recording(source=source, name=row["file"], start_s=start_s or 0.0, end_s=end_s)


def _seconds(text: str | None, where: str) -> float | None:
    if not (text or "").strip():
        return None
    seconds = parse_number(text)
    if seconds is None or not 0 <= seconds < float("inf"):
        raise InputError(f"{where}: expected a time in seconds from the start of the file, received {text!r}.")
    return seconds
