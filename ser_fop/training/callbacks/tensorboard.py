"""Additional TensorBoard values and images of a pretraining."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_fop.training.optimizers.gradient_norm_adam import GradientNormAdam

# An image shows -3 to +3 standard deviations as black to white.
_SPAN = 3.0


class PretrainingTensorBoard(keras.callbacks.Callback):
    """Add learning rate, gradient norm, throughput and padding to the epoch's logs, and plot a prediction.

    Place it before `keras.callbacks.TensorBoard`, which writes the logs.

    Args:
        logs: TensorBoard folder.
        frames: Number of useful (not padded) frames of an epoch.
        batches: Number of batches of an epoch.
        padding: Share of padding in the batches, 0 to 1.
        example: Function that returns the true and the predicted log-mel of an utterance, each (frames, mels). None
            plots nothing.
        every: Epochs between two images.
    """

    def __init__(
        self,
        logs: Path,
        *,
        frames: int,
        batches: int,
        padding: float,
        example: Callable[[], tuple[np.ndarray, np.ndarray]] | None = None,
        every: int = 5,
    ) -> None:
        super().__init__()
        self.frames_a_batch = frames / batches
        self.padding = padding
        self._logs = logs
        self._example = example
        self._every = every
        self._writer: Any = None
        self._began = 0.0
        self._seconds = 0.0
        self._taken = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._began = time.perf_counter()
        self._seconds = 0.0
        self._taken = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Count the steps; a resumed epoch has fewer."""
        self._taken += 1

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Stop the clock: the throughput excludes validation."""
        self._seconds = time.perf_counter() - self._began

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the values to the logs, and plot the prediction."""
        if logs is None:
            return
        seconds = self._seconds or time.perf_counter() - self._began
        optimizer = self.model.optimizer
        logs["learning_rate"] = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        if isinstance(optimizer, GradientNormAdam):
            logs["gradient_norm"] = optimizer.mean_norm()
        logs["useful_frames_per_s"] = self._taken * self.frames_a_batch / seconds
        logs["padding"] = self.padding
        if self._example is not None and epoch % self._every == 0:
            self._draw(epoch, *self._example())

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _draw(self, epoch: int, true: np.ndarray, predicted: np.ndarray) -> None:
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self._logs / "pictures"))
        middle, std = true.mean(axis=0), true.std() + 1e-6
        rows = [np.clip((mel - middle) / (2 * _SPAN * std) + 0.5, 0, 1).T[::-1] for mel in (true, predicted)]
        # Time runs to the right; low bands are at the bottom.
        picture = np.concatenate([rows[0], np.ones((2, len(true))), rows[1]])
        with self._writer.as_default():
            tf.summary.image("true above, predicted below", picture[np.newaxis, ..., np.newaxis], step=epoch)
        self._writer.flush()
