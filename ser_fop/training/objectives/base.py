"""Interface of the pretraining objectives, with default methods."""

import abc
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

InputCorruption = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Objective(abc.ABC):
    """A pretraining objective.

    Attributes:
        kind: Name of its network in `NetworkSpec`.
        baseline_name: Description of the baseline, whose skill is 0.
        gives_frames: Whether its network outputs frames, which can be plotted.
        needs_classes: Whether the objective also uses emotion labels.
        horizons: Distances of the predicted frames, in frames.
        spec: Additional fields of `NetworkSpec`.
    """

    kind: str
    baseline_name: str
    gives_frames = False
    needs_classes = False
    horizons: tuple[int, ...] = (0,)
    spec: dict[str, Any]

    @abc.abstractmethod
    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the untrained network.

        Args:
            mels: Number of mel bands.
            steps: Number of training steps; a warm-up of the loss depends on it.
        """

    @abc.abstractmethod
    def loss(self, std: Any) -> keras.losses.Loss | None:
        """Return the loss, averaged over weighted frames; None where the network adds its own losses.

        Args:
            std: Standard deviation of each band, (mels,). A variable of the network lets trainings share a trace.
        """

    @abc.abstractmethod
    def metrics(self, std: Any) -> list[keras.metrics.Metric]:
        """Return the metric `error`, and one for each of several horizons.

        Args:
            std: As for `loss`.
        """

    @abc.abstractmethod
    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the errors of the baseline, by metric, on the batches of `unlabelled_batches`."""

    def warmup_steps(self, _steps: int) -> int:
        """Return the number of warm-up steps, in which the loss itself changes. Epochs within them are not compared."""
        return 0

    def batches(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Convert the batches of `unlabelled_batches` to those of `fit`."""
        return dataset

    def input_corruption(self) -> InputCorruption | None:
        """Return the corruption of the inputs, for `unlabelled_batches`; None leaves them clean."""
        return None
