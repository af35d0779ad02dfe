"""Finds the real recordings that some tests read, where they are at hand."""

import os
from pathlib import Path

VARIABLE = "SER_FOP_SHARED_DATA"

_REPOSITORY = Path(__file__).resolve().parents[2]


def shared_data() -> Path | None:
    """Return the folder of real data, or None where there is none.

    It is the folder that the environment variable `SER_FOP_SHARED_DATA` names, or else
    `../shared/data` as seen from the repository.
    """
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else _REPOSITORY.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def require_shared(name: str) -> Path:
    """Return a folder of real data, or skip the calling test.

    Args:
        name: Folder below `shared_data()`, such as `"VCTK-mini"`.
    """
    # Only tests call this, so only they need pytest.
    import pytest

    folder = shared_data()
    if folder is None or not (folder / name).is_dir():
        pytest.skip(f"real recordings {name} are not at hand: set {VARIABLE} to the folder that holds them")
    return folder / name
