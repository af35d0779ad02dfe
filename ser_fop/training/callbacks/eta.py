"""How long a training will take at most: Keras' bar knows the end of an epoch alone."""

import time
from typing import Any

import keras


class TimeRemaining(keras.callbacks.Callback):
    """Says after each epoch how long the rest takes if every epoch is run, by the mean of those run so far."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = 0.0
        self._first: int | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._begun, self._first = time.monotonic(), None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the first epoch, which is not 0 where a training goes on."""
        self._first = epoch if self._first is None else self._first

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Print what is left."""
        left = self.params["epochs"] - epoch - 1
        if left > 0:
            seconds = (time.monotonic() - self._begun) / (epoch + 1 - self._first) * left
            print(f" - at most {_spelled(seconds)} left, {left} of {self.params['epochs']} epochs", flush=True)


def _spelled(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
