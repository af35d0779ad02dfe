"""What the command line names, as recordings: files, folders, lists, and standard input."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import soundfile

from ser_fop.errors import InputError
from ser_fop.inference.recording import Recording

STANDARD_INPUT = "-"
_MORE_SUFFIXES = (".mp3", ".oga", ".opus", ".aif", ".wave")


def recordings_of(inputs: Sequence[str]) -> list[Recording]:
    """List what is to be recognised, in order.

    Args:
        inputs: Audio files; folders, searched to their ends; CSV lists with a column `file` (relative to the list) and,
            where wanted, `start` and `end` in seconds; or `-`, a file on standard input.

    Raises:
        InputError: If nothing is named, a folder holds no audio, or a list cannot be read.
    """
    if not inputs:
        raise InputError("expected audio files, folders, CSV lists, or `-` for standard input; received none.")
    return [recording for name in inputs for recording in _recordings(name)]


def _recordings(name: str) -> Iterator[Recording]:
    path = Path(name)
    if name == STANDARD_INPUT:
        yield Recording(source=io.BytesIO(sys.stdin.buffer.read()), name="standard input")
    elif path.is_dir():
        suffixes = {f".{kind.lower()}" for kind in soundfile.available_formats()} | set(_MORE_SUFFIXES)
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in suffixes and file.is_file())
        if not files:
            raise InputError(f"the folder {path} holds no audio file.")
        yield from (Recording(source=file, name=str(file)) for file in files)
    elif path.suffix.lower() == ".csv":
        yield from _listed(path)
    else:  # a missing file gets an answer with a problem, and stops no other
        yield Recording(source=path, name=name)


def _listed(path: Path) -> Iterator[Recording]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if "file" not in (reader.fieldnames or []):
                raise InputError(
                    f"{path} expected a column `file` (and `start`, `end` where wanted), received"
                    f" {', '.join(reader.fieldnames or ['nothing'])}."
                )
            for row in reader:
                start_s, end_s = (
                    _seconds(row.get(key), f"row {reader.line_num} of {path}") for key in ("start", "end")
                )
                yield Recording(source=path.parent / row["file"], name=row["file"], start_s=start_s or 0.0, end_s=end_s)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path} expected comma-separated UTF-8, received what is none ({error}).") from error


def _seconds(text: str | None, where: str) -> float | None:
    if not (text or "").strip():
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise InputError(f"{where}: expected seconds from the beginning, received {text!r}.")
    return seconds
