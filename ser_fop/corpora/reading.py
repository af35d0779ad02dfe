"""What several readers share: finding a corpus' root, and checking a label set."""

from collections.abc import Callable, Collection
from pathlib import Path

from ser_fop.corpora.base import ReadOptions, is_stray, require_folder
from ser_fop.errors import InputError, closest


def find_root(folder: Path, *, corpus: str, holds: Callable[[Path], bool], expected: str) -> Path:
    """Find the folder that holds a corpus: the one given, or one directly inside it.

    Args:
        folder: What the user gave.
        corpus: Corpus name, for messages.
        holds: Tells whether a folder is the corpus' root.
        expected: The layout that is looked for, for messages.

    Returns:
        The root.

    Raises:
        InputError: If there is no such folder, or more than one.
    """
    require_folder(folder, corpus)
    if holds(folder):
        return folder
    roots = [child for child in sorted(folder.iterdir()) if child.is_dir() and not is_stray(child) and holds(child)]
    if not roots:
        raise InputError(
            f"{folder} does not hold the corpus {corpus!r}: expected {expected}, received {_content(folder)}."
            " Give --audio-dir the folder that holds them."
        )
    if len(roots) > 1:
        names = ", ".join(root.name for root in roots)
        raise InputError(f"{folder} holds the corpus {corpus!r} more than once: {names}. Give --audio-dir one of them.")
    return roots[0]


def relative(path: Path, folder: Path) -> str:
    """Return `path` relative to `folder`, with forward slashes."""
    return path.relative_to(folder).as_posix()


def chosen_labels(
    options: ReadOptions, *, corpus: str, own: tuple[str, ...], known: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the label set asked for, or the corpus' own.

    Args:
        options: What the user asked for.
        corpus: Corpus name, for messages.
        own: The label set where none is asked for; empty for an unlabelled corpus.
        known: The labels that may be chosen; empty means `own`.

    Returns:
        The classes in order.

    Raises:
        InputError: If a label is unknown or named twice, or the corpus has no labels.
    """
    if not options.labels:
        return own
    if not own:
        raise InputError(f"the corpus {corpus!r} has no labels, received the label set {', '.join(options.labels)}.")
    known = known or own
    for label in options.labels:
        if label not in known:
            raise InputError(
                f"unknown label {label!r} for the corpus {corpus!r}: expected some of {', '.join(known)}."
                f"{closest(label, known)}"
            )
    require_distinct(options.labels)
    return options.labels


def require_distinct(labels: tuple[str, ...]) -> None:
    """Raise `InputError` where a label set names a label twice."""
    for label in labels:
        if labels.count(label) > 1:
            raise InputError(f"the label set {', '.join(labels)} names {label!r} twice: name each label once.")


def _content(folder: Path) -> str:
    """Name the first few things in a folder."""
    names = sorted(path.name for path in folder.iterdir() if not is_stray(path))
    if not names:
        return "an empty folder"
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
