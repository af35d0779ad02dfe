"""Read CSV files as spreadsheets write them: any usual delimiter, UTF-8 or UTF-16."""

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from ser_fop.errors import InputError
from ser_fop.utils.json_io import read_unicode
from ser_fop.utils.remote import is_remote, translate_fs_errors

_DELIMITERS = (",", ";", "\t", "|")
# The first line by which Excel marks a delimiter.
_MARKED = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


class CsvTable:
    """Rows of a CSV file whose first line names the columns.

    Args:
        path: File, at a path or a URL.
        expected: Names of columns, by which the delimiter is recognised.

    Attributes:
        path: The file.
        columns: Names of the columns, without surrounding spaces.

    Raises:
        InputError: If the file does not exist, is neither UTF-8 nor UTF-16, or its header is not CSV.
    """

    def __init__(self, path: Path, *, expected: Sequence[str]) -> None:
        self.path = path
        text = _text(path)
        mark = _MARKED.match(text)
        self._skipped = 1 if mark else 0
        text = text[mark.end() :] if mark else text
        delimiter = mark[1] if mark else _delimiter(text, expected)
        # Strict: an unclosed quote would otherwise swallow the rows below it.
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header = self._next()
        while header is not None and not any(name.strip() for name in header):
            header = self._next()
        self.columns = [name.strip() for name in header or []]

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield the line number and the fields of each row that is not blank.

        Raises:
            InputError: If a row has too many or too few fields, or wrong quotes.
        """
        while (row := self._next()) is not None:
            fields = [field.strip() for field in row]
            if not any(fields):
                continue
            line = self._reader.line_num + self._skipped
            if len(fields) != len(self.columns):
                remedy = (
                    "Quote the fields that contain the delimiter."
                    if len(fields) > len(self.columns)
                    else "A blank field needs its delimiter too."
                )
                raise InputError(
                    f"row {line} of {self.path}: expected {len(self.columns)} fields, received {len(fields)}. {remedy}"
                )
            yield line, dict(zip(self.columns, fields, strict=True))

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except csv.Error as error:
            raise InputError(
                f"row {self._reader.line_num + self._skipped} of {self.path}: expected comma-separated values, received"
                f" another text ({error}). Correct the quotes."
            ) from None


def parse_number(text: str) -> float | None:
    """Parse a number with a decimal point, or a decimal comma as some spreadsheets write; None for no number."""
    try:
        return float(text.replace(",", ".") if "." not in text else text)
    except ValueError:
        return None


def _text(path: Path) -> str:
    """Decode a file."""
    try:
        with translate_fs_errors(path) if is_remote(path) else contextlib.nullcontext():
            return read_unicode(path)
    except FileNotFoundError:
        raise InputError(f"the CSV file {path} does not exist.") from None
    except OSError as error:
        raise InputError(f"the CSV file {path} cannot be read ({error.strerror or error}).") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected UTF-8 text, received other bytes ({error}). Save it as UTF-8.") from None


def _delimiter(text: str, expected: Sequence[str]) -> str:
    """Return the delimiter that finds the most of the expected columns in the header; a comma if none does."""
    header = text.lstrip("\r\n").partition("\n")[0]

    def found(delimiter: str) -> int:
        return len({name.strip().strip('"') for name in header.split(delimiter)} & set(expected))

    return max(_DELIMITERS, key=found)
