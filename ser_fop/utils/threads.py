"""Number of threads that a user asks for."""

import os


def stated_threads() -> int:
    """Return the number in `OMP_NUM_THREADS`, which may be a list such as `2,1`; 0 without one."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0
