"""Versions in a model folder of TF Serving: one numbered folder for each version."""

from pathlib import Path


def model_versions(folder: Path) -> dict[int, Path]:
    """Return the folders of a model's versions, by number, in ascending order."""
    found = [path for path in folder.iterdir() if path.name.isdecimal()] if folder.is_dir() else []
    return {int(path.name): path for path in sorted(found, key=lambda path: int(path.name)) if path.is_dir()}


def next_version(folder: Path) -> int:
    """Return the number after the newest version, or 1 without versions."""
    return max(model_versions(folder), default=0) + 1
