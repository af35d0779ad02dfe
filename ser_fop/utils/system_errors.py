"""Errors of the operating system in one line, whichever library raises them."""

import errno
import re

_FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
# h5py and TensorFlow put the system's error into their own message.
_FULL_MESSAGE = re.compile(
    rf"No space left on device|Disk quota exceeded|errno = ({'|'.join(map(str, sorted(_FULL)))})\b"
)


def system_message(error: BaseException) -> str:
    """Return one line for an error of the operating system; an empty string for any other error.

    Args:
        error: Error of any library.
    """
    cause: BaseException | None = error
    seen: set[int] = set()  # `raise error.__cause__` makes a circle
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        if (isinstance(cause, OSError) and cause.errno in _FULL) or _FULL_MESSAGE.search(str(cause)):
            file = getattr(cause, "filename", None)
            where = f" ({file})" if file else ""
            return f"the disk is full{where}. Free some space and run the same command again."
        cause = cause.__cause__ or cause.__context__
    return " ".join(str(error).split()) if isinstance(error, OSError) else ""
