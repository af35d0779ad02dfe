"""Files that a publisher puts beside the audio, such as lists of speakers."""

from collections.abc import Sequence
from pathlib import Path


def find_companion(name: str, files: Sequence[Path], *, folder: Path) -> Path | None:
    """Return a file that lies above the audio of a corpus; None if there is none.

    Args:
        name: Its name, such as `metadata.csv`.
        files: Audio files below `folder`. The folders above the first one are searched, the lowest one first.
        folder: Folder of the corpus. It and its parent are searched too, since the audio may be in a subfolder of both.
    """
    above = [path for path in files[0].parents if path.is_relative_to(folder)] if files else []
    for place in dict.fromkeys((*above, folder, folder.parent)):
        if (place / name).is_file():
            return place / name
    return None


def read_lines(path: Path | None) -> list[str]:
    """Return the lines of a text file that are not blank; none if there is no file."""
    if path is None:
        return []
    return [line for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines() if line.strip()]
