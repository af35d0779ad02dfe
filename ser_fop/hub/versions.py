"""A model's folder as TF Serving reads it: one numbered folder a version."""

from pathlib import Path


def model_versions(folder: Path) -> dict[int, Path]:
    """Return the versions of a model's folder, by number."""
    found = [path for path in folder.iterdir() if path.name.isdecimal()] if folder.is_dir() else []
    return {int(path.name): path for path in sorted(found, key=lambda path: int(path.name)) if path.is_dir()}


def next_version(folder: Path) -> int:
    """Return the number that comes after the newest version, 1 for the first."""
    return max(model_versions(folder), default=0) + 1
