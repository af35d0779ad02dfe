"""The one exception that means: the input can be mended by its user."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: the message says what was expected, what was received, and what to do.

    The command line prints it as one line and exits with status 2. Programming
    errors are never wrapped in it.
    """


def closest(name: str, known: Iterable[str]) -> str:
    """Name the nearest of `known`, for the end of an error message.

    Args:
        name: What was received.
        known: The names that would have been right.

    Returns:
        `" Did you mean 'x'?"`, or an empty string where nothing is near.
    """
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {matches[0]!r}?" if matches else ""
