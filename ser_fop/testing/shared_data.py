"""Location of the real recordings that some tests need."""

import os
from pathlib import Path

VARIABLE = "SER_FOP_SHARED_DATA"

_REPOSITORY = Path(__file__).resolve().parents[2]


def shared_data() -> Path | None:
    """Return the folder of real data, or None if it does not exist.

    The environment variable `SER_FOP_SHARED_DATA` selects it; the default is `../shared/data`, relative to the
    repository.
    """
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else _REPOSITORY.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def require_shared(name: str) -> Path:
    """Return a folder of real data, or skip the calling test.

    Args:
        name: Folder below `shared_data()`, such as `"VCTK-mini"`.
    """
    # Imported here, so that only tests need pytest.
    import pytest

    folder = shared_data()
    if folder is None or not (folder / name).is_dir():
        pytest.skip(f"the real recordings {name} are missing: set {VARIABLE} to their parent folder")
    return folder / name
