"""Noise of other programs' code, kept in a file instead of on the terminal."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def redirect_stderr(log: Path) -> Iterator[TextIO]:
    """Send standard error to a file: this interpreter's, that of native code, and that of processes started inside.

    It is the descriptor that is turned, not `sys.stderr`, which loggers made inside keep for ever.

    Args:
        log: The file; it is written anew.

    Yields:
        The file, open.
    """
    sys.stderr.flush()
    with log.open("w", encoding="utf-8", buffering=1) as file, os.fdopen(os.dup(2), "wb") as stderr:
        os.dup2(file.fileno(), 2)
        try:
            yield file
        finally:
            sys.stderr.flush()
            os.dup2(stderr.fileno(), 2)
