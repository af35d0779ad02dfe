"""A folder at a URL, for tests of what reads from one."""

from pathlib import Path

from ser_fop.utils.remote import location


def copied(folder: Path, url: str) -> Path:
    """Copy a folder of this machine to a URL, in place of what was there.

    Args:
        folder: The folder.
        url: Where to, such as `memory://bucket/name`.

    Returns:
        The remote folder.
    """
    root = location(url)
    if root.exists():
        root.fs.rm(root.path, recursive=True)
    root.fs.makedirs(root.path, exist_ok=True)
    for path in folder.rglob("*"):
        if path.is_file():
            place = root / path.relative_to(folder).as_posix()
            place.fs.makedirs(place.parent.path, exist_ok=True)
            place.write_bytes(path.read_bytes())
    return root
