"""Handling of SIGTERM, SIGINT and SIGHUP: a training stops after the current step."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from ser_fop.errors import StoppedError


class Interruption:
    """State of the received signals.

    Attributes:
        signal_number: Number of the last signal; None before the first.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None

    def raise_if_requested(self, where: str) -> None:
        """Raise `StoppedError` if a signal was received.

        Args:
            where: Progress of the training, for the message.
        """
        if self.signal_number is not None:
            raise StoppedError(self.signal_number, where)


@contextlib.contextmanager
def noted_signals() -> Iterator[Interruption]:
    """Record SIGTERM, SIGINT and SIGHUP instead of ending the process.

    A SIGINT after another signal raises `KeyboardInterrupt`. Python handles signals in the main thread only; in any
    other thread this context has no effect.
    """
    interruption = Interruption()

    def note(number: int, frame: FrameType | None) -> None:
        if interruption.signal_number is not None and number == signal.SIGINT:
            signal.default_int_handler(number, frame)
        interruption.signal_number = number

    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    wanted = [signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.getsignal(number) for number in wanted}
    # Signals that the parent process ignores (as for background jobs) stay ignored. A handler that was not installed
    # from Python is reported as None and cannot be restored.
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, note)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
