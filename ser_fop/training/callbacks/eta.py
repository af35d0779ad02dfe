"""Upper bound of the remaining training time; Keras' progress bar covers one epoch only."""

import time
from typing import Any

import keras


class TimeRemaining(keras.callbacks.Callback):
    """Print the remaining time after each epoch.

    The estimate is the mean duration of the epochs so far, times the number of epochs left. Early stopping can end the
    training sooner, so the estimate is an upper bound.
    """

    def __init__(self) -> None:
        super().__init__()
        self._begun = 0.0
        self._first: int | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._begun, self._first = time.monotonic(), None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Record the first epoch; a resumed training does not start at 0."""
        self._first = epoch if self._first is None else self._first

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print the remaining time and the number of epochs left."""
        left = self.params["epochs"] - epoch - 1
        if left > 0:
            seconds = (time.monotonic() - self._begun) / (epoch + 1 - self._first) * left
            print(f" - at most {_format_duration(seconds)} left, {left} of {self.params['epochs']} epochs", flush=True)


def _format_duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
