"""Selection of a corpus's labels."""

from ser_fop.errors import InputError, closest


def chosen_labels(selected: tuple[str, ...], own: tuple[str, ...], corpus: str) -> tuple[str, ...]:
    """Return the selected labels, or all labels of the corpus if none is selected.

    Raises:
        InputError: If the corpus does not have a label, or a label is named twice.
    """
    for label in selected:
        if label not in own:
            raise InputError(
                f"{corpus} has no label {label!r}: expected some of {', '.join(own)}.{closest(label, own)}"
            )
    if len(set(selected)) != len(selected):
        raise InputError(f"--labels names a label twice: {', '.join(selected)}.")
    return selected or own


def require_no_labels(selected: tuple[str, ...], corpus: str) -> None:
    """Refuse labels for a corpus without labels.

    Raises:
        InputError: If labels are selected.
    """
    if selected:
        raise InputError(f"{corpus} has no labels: leave out --labels, which received {', '.join(selected)}.")
