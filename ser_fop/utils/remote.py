"""Where input may lie: in a folder of this machine, or wherever fsspec reaches by a URL.

What lies here is a `pathlib.Path`, as everywhere else. A URL is a `upath.UPath`, which has
the same methods; its packages are imported when one is named.
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
    """Return what a user named: a `Path`, or a `UPath` for a URL other than `file://`.

    Raises:
        InputError: If no file system is known by the URL's protocol.
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
            f"{text}: expected a folder, or the URL of a file system that fsspec knows, such as s3:// or gs://,"
            f" received {url[1]}:// ({_words(error)})."
        ) from error


def is_remote(place: Any) -> bool:
    """Tell whether something is a URL's path, and no `Path` of this machine."""
    return "upath" in sys.modules and isinstance(place, sys.modules["upath"].UPath)


@contextlib.contextmanager
def translate_fs_errors(place: Any) -> Iterator[None]:
    """Tell in one line what a remote file system raises, each in types of its own.

    A missing file stays a `FileNotFoundError`. Only calls of the file system belong inside.

    Args:
        place: What is reached for, for the message.

    Raises:
        InputError: In place of what was raised.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except ImportError as error:
        raise InputError(
            f"{place} needs a package that is not installed ({_words(error)}): s3fs for s3://, gcsfs for gs://,"
            " adlfs for az://, aiohttp for http://."
        ) from error
    except Exception as error:
        raise InputError(
            f"{place} cannot be reached ({type(error).__name__}: {_words(error)}). Check the address, the credentials"
            " and the network, then run the same command again."
        ) from error


def remote_files(folder: Any) -> list[str]:
    """List the files below a remote folder by one question, relative to it and in the order of local paths.

    Raises:
        InputError: If it cannot be reached.
    """
    with translate_fs_errors(folder):
        folder.fs.invalidate_cache()  # others may have written there since it was last asked
        root = folder.path.rstrip("/")
        found = [name.removeprefix(root).lstrip("/") for name in folder.fs.find(folder.path)]
    return sorted(found, key=PurePosixPath)


def read_remote(file: Any) -> bytes:
    """Return the content of a remote file, by one question that threads can ask at once.

    Raises:
        FileNotFoundError: If it does not exist.
        InputError: If it cannot be reached.
    """
    with translate_fs_errors(file):
        return file.fs.cat_file(file.path)


def _words(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
