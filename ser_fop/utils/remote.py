"""Read input from a local folder or from a URL that fsspec supports.

A local path is a `pathlib.Path`. A URL is a `upath.UPath`, which has the same methods. The
packages for URLs are imported on first use.
"""

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from ser_fop.errors import InputError

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


def location(text: str) -> Path:
    """Return a `Path` for a local path or a `file://` URL, and a `UPath` for any other URL.

    Raises:
        InputError: If fsspec does not support the URL's protocol.
    """
    url = _URL.match(text)
    if url is None:
        return Path(text)
    if url[1] == "file":
        return Path(text.removeprefix("file://"))
    from upath import UPath

    try:
        return UPath(text)
    except Exception as error:
        raise InputError(
            f"{text}: expected a folder, or the URL of a file system that fsspec supports, such as s3:// or gs://,"
            f" received {url[1]}:// ({_one_line(error)})."
        ) from error


def is_remote(place: Any) -> bool:
    """Return True for the path of a URL, and False for a local path."""
    return "upath" in sys.modules and isinstance(place, sys.modules["upath"].UPath)


@contextlib.contextmanager
def translate_fs_errors(place: Any) -> Iterator[None]:
    """Translate the errors of a remote file system to an `InputError` with a one-line message.

    Each file system raises its own types of errors. `FileNotFoundError` is not translated. The context must contain
    only calls of the file system.

    Args:
        place: Path of the file or folder, for the message.

    Raises:
        InputError: If a package is missing, or the file system cannot be reached.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except ImportError as error:
        raise InputError(
            f"{place} needs a package that is not installed ({_one_line(error)}): s3fs for s3://, gcsfs for gs://,"
            " adlfs for az://, aiohttp for http://."
        ) from error
    except Exception as error:
        raise InputError(
            f"{place} cannot be reached ({type(error).__name__}: {_one_line(error)})."
            " Check the address, the credentials and the network, then run the same command again."
        ) from error


def remote_files(folder: Any) -> list[str]:
    """List the files below a remote folder with one request.

    Returns:
        Paths relative to the folder, in the order of local paths.

    Raises:
        InputError: If the folder cannot be reached.
    """
    with translate_fs_errors(folder):
        folder.fs.invalidate_cache()  # another process may have written files since the last listing
        root = folder.path.rstrip("/")
        found = [name.removeprefix(root).lstrip("/") for name in folder.fs.find(folder.path)]
    return sorted(found, key=PurePosixPath)


def read_remote(file: Any) -> bytes:
    """Return the content of a remote file, read with one request. Several threads may call it at once.

    Raises:
        FileNotFoundError: If the file does not exist.
        InputError: If the file cannot be reached.
    """
    with translate_fs_errors(file):
        return file.fs.cat_file(file.path)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
