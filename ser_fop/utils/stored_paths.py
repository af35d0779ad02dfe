"""Paths in the `config.json` of a run."""

from collections.abc import Sequence
from pathlib import Path


def stored_paths(found: str | Sequence[str] | None) -> tuple[Path, ...]:
    """Return the paths of a setting; a run of an earlier version may have stored one path without a list.

    Args:
        found: The stored setting: a path, a list of paths, or nothing.
    """
    return tuple(Path(one) for one in ([found] if isinstance(found, str) else found or ()) if one)
