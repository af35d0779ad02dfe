"""One process at a time writes a folder."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from ser_fop.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK = ".lock"
_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextlib.contextmanager
def folder_lock(out: Path) -> Iterator[None]:
    """Hold the lock of an output folder.

    The operating system releases the lock of a process that dies, so that a killed run leaves none. A file system
    without locks, and Windows, give no protection.

    Args:
        out: Folder that is written. Its lock is a file with the suffix `.lock` next to it.

    Raises:
        InputError: If another process holds the lock. The message contains its process number.
    """
    out = Path(os.path.abspath(out))
    path = out.with_name(out.name + LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _opened(path) as descriptor:
        try:
            yield
        finally:
            # Removed while it is held: no other process can hold a lock that it does not find.
            if descriptor is not None:
                path.unlink(missing_ok=True)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """Give the descriptor of a locked file; None where there are no locks."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise
            yield None  # nothing can be written here, but a complete folder can be read
            return
        try:
            if not _lock(descriptor, path):
                os.unlink(path)
                yield None
                return
            if _is_at(path, descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Return False if the file was removed or replaced between opening and locking it."""
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def _lock(descriptor: int, path: Path) -> bool:
    """Lock a file; return False where the file system has no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
        raise InputError(
            f"another process (number {process}) is writing {path.with_name(path.name.removesuffix(LOCK))}."
            " Wait until it ends, or choose another --out."
        ) from None
    except OSError:
        return False
    return True
