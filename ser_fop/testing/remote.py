"""Copies of local folders at a URL, for tests of remote reading."""

from pathlib import Path

from ser_fop.utils.remote import location


def copied(folder: Path, url: str) -> Path:
    """Copy a local folder to a URL; the former content of the URL is removed.

    Args:
        folder: The local folder.
        url: Target, for example `memory://bucket/name`.

    Returns:
        The remote folder.
    """
    root = location(url)
    if root.exists():
        root.fs.rm(root.path, recursive=True)
    root.fs.makedirs(root.path, exist_ok=True)
    for path in folder.rglob("*"):
        if path.is_file():
            target = root / path.relative_to(folder).as_posix()
            target.fs.makedirs(target.parent.path, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return root
