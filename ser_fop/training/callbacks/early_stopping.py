"""Early stopping with a state that a checkpoint can store and restore."""

from typing import Any

import keras
import numpy as np


class BestWeights(keras.callbacks.Callback):
    """Keep the weights of the best epoch, and stop after `patience` epochs without improvement.

    Unlike Keras' `EarlyStopping`, its state is public, so that a resumed training can restore it.

    Args:
        monitor: Key of the monitored value in the epoch's logs; smaller is better.
        patience: Epochs without improvement before training stops.
        first: First epoch to compare, from 0. Earlier epochs are a warm-up, in which the loss itself changes.

    Attributes:
        best: The smallest value so far.
        waited: Epochs since the best one.
        weights: The network's weights at the best epoch; None before the first comparison.
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
        """Whether the patience is used up."""
        return self.waited >= self.patience

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Compare the epoch with the best one; NaN never counts as an improvement."""
        if epoch < self.first:
            return
        value = float((logs or {})[self.monitor])
        if value < self.best:
            self.best, self.waited, self.weights = value, 0, self.model.get_weights()
        else:
            self.waited += 1
        if self.ended:
            self.model.stop_training = True
