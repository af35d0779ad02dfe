"""Label sets that a user chooses out of a corpus's own."""

from ser_fop.errors import InputError, closest


def chosen_labels(asked: tuple[str, ...], own: tuple[str, ...], corpus: str) -> tuple[str, ...]:
    """Return the labels asked for, or all of the corpus's own.

    Raises:
        InputError: If one is not among the corpus's own, or is named twice.
    """
    for label in asked:
        if label not in own:
            raise InputError(
                f"{corpus} has no label {label!r}: expected some of {', '.join(own)}.{closest(label, own)}"
            )
    if len(set(asked)) != len(asked):
        raise InputError(f"--labels names a label twice: {', '.join(asked)}.")
    return asked or own


def require_no_labels(asked: tuple[str, ...], corpus: str) -> None:
    """Refuse labels where nobody has labelled anything.

    Raises:
        InputError: If labels were asked for.
    """
    if asked:
        raise InputError(f"{corpus} has no emotion labels: leave out --labels, which received {', '.join(asked)}.")
