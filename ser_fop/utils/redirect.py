"""Redirect the messages of other libraries to a file."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def redirect_stderr(log: Path) -> Iterator[TextIO]:
    """Redirect standard error to a file.

    The redirection covers the Python interpreter, native code, and processes that are started inside the context. It
    replaces the file descriptor and not `sys.stderr`, because a logger created inside the context keeps its
    `sys.stderr` after the context ends.

    Args:
        log: Log file. An existing file is overwritten.

    Yields:
        The open log file.
    """
    sys.stderr.flush()
    with log.open("w", encoding="utf-8", buffering=1) as file, os.fdopen(os.dup(2), "wb") as stderr:
        os.dup2(file.fileno(), 2)
        try:
            yield file
        finally:
            sys.stderr.flush()
            os.dup2(stderr.fileno(), 2)
