"""Errors that the command line prints as one line: bad input, and a stop by a signal."""

import difflib
import signal
from collections.abc import Iterable


class InputError(ValueError):
    """Error of the user's input: a setting, an argument or a file.

    The message states what was expected, what was received, and what to do. The command
    line prints it as one line and exits with status 2. Programming errors raise other types.
    """


class DataWarning(UserWarning):
    """Warning about data that is used, but limits what a result can show. The command line prints it as one line."""


class StoppedError(Exception):
    """Stop by a signal, after the work so far has been saved.

    The command line prints it as one line and exits with status 128 plus the signal's number.

    Args:
        signal_number: Number of the signal.
        where: Progress of the work, such as `after epoch 3`.
    """

    def __init__(self, signal_number: int, where: str) -> None:
        super().__init__(
            f"stopped by {signal.Signals(signal_number).name} {where}. Run the same command again to resume."
        )
        self.signal_number = signal_number
        self.where = where

    def __reduce__(self) -> tuple:
        return StoppedError, (self.signal_number, self.where)


def closest(name: str, known: Iterable[str]) -> str:
    """Suggest the most similar valid name, for the end of an error message.

    Args:
        name: Received name.
        known: Valid names.

    Returns:
        `" Did you mean 'x'?"`, or an empty string if no valid name is similar.
    """
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" Did you mean {matches[0]!r}?" if matches else ""
