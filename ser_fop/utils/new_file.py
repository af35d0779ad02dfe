"""Output files that appear under their name when they are complete."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ser_fop.errors import InputError


def check_output(path: Path, option: str) -> None:
    """Raise an `InputError` if a file cannot be written at `path`, before the work begins.

    Args:
        path: File to write.
        option: Option that names it, such as `--out`.
    """
    if path.is_dir():
        raise InputError(f"{option} expected a file, received the folder {path}.")
    if not path.parent.is_dir():
        raise InputError(f"{option} expected a file in an existing folder, but {path.parent} does not exist.")


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a path to write to, and rename the file to `path` at the end.

    After an error the unfinished file is removed, and an earlier file at `path` is unchanged. A link stays a link, and
    a device or pipe is written directly.

    Args:
        path: File to write. It keeps its suffix while it is written.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "a.txt"
        >>> with new_file(target) as unfinished:
        ...     _ = unfinished.write_text("done")
        >>> target.read_text()
        'done'
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        yield path
        return
    unfinished = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        yield unfinished
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
