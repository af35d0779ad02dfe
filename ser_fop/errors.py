"""What the command line tells in one line: bad input, and that somebody stopped it."""

import difflib
import signal
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: the message says what was expected, what was received, and what to do.

    The command line prints it as one line and exits with status 2. Programming
    errors are never wrapped in it.
    """


class StoppedError(Exception):
    """A signal asked for an end, and all that was done is saved.

    The command line prints it as one line and exits as a shell reports that signal.

    Args:
        signal_number: The signal.
        where: How far the work is.
    """

    def __init__(self, signal_number: int, where: str) -> None:
        super().__init__(
            f"stopped by {signal.Signals(signal_number).name} {where}; the same command goes on from there."
        )
        self.signal_number = signal_number
        self.where = where

    def __reduce__(self) -> tuple:
        return StoppedError, (self.signal_number, self.where)


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
