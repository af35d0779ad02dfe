"""SIGTERM, Ctrl-C and a lost terminal as a wish that a training grants at its next step."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from ser_fop.errors import StoppedError


class Interruption:
    """Whether someone asked to stop.

    Attributes:
        signal_number: Of the first signal that came, or None.
    """

    def __init__(self) -> None:
        self.signal_number: int | None = None

    def raise_if_asked(self, where: str) -> None:
        """Raise `StoppedError` if someone did.

        Args:
            where: How far the training is, for the message.
        """
        if self.signal_number is not None:
            raise StoppedError(self.signal_number, where)


@contextlib.contextmanager
def noted_signals() -> Iterator[Interruption]:
    """Note SIGTERM, SIGINT and SIGHUP instead of dying of them; a second SIGINT acts as ever.

    Outside the main thread signals cannot be handled, and nothing changes.
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
    # What a script has told its background jobs to ignore stays ignored; what is not Python's cannot be put back.
    before = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in before:
        signal.signal(number, note)
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
