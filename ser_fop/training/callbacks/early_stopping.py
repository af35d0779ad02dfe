"""Early stopping that can be put down and taken up again."""

from typing import Any

import keras
import numpy as np


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the best epoch, and stops when none was better for a while.

    Keras' `EarlyStopping` forgets what it knew when a training begins again.

    Args:
        monitor: What is to become small, of an epoch's logs.
        patience: Epochs without a better one before training stops.
        first: Epochs before this one, counted from 0, are not compared: what is minimised still changes.

    Attributes:
        best: The smallest value so far.
        waited: Epochs since then.
        weights: The weights of that epoch, or None before there is one.
    """

    def __init__(self, monitor: str, *, patience: int, first: int = 0) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = patience
        self.first = first
        self.best = float("inf")
        self.waited = 0
        self.weights: list[np.ndarray] | None = None

    @property
    def ended(self) -> bool:
        """Whether it is time to stop."""
        return self.waited >= self.patience

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare the epoch just ended with the best one; a value that is no number is never better."""
        if epoch < self.first:
            return
        value = float((logs or {})[self.monitor])
        if value < self.best:
            self.best, self.waited, self.weights = value, 0, self.model.get_weights()
        else:
            self.waited += 1
        if self.ended:
            self.model.stop_training = True
