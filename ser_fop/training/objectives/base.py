"""The interface of pretraining objectives, with the answers that most of them share."""

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
        baseline_name: The prediction without skill, in words.
        gives_frames: Whether its network outputs frames, which can be plotted.
        needs_classes: Whether it also learns from emotion labels.
        horizons: Distances of the predicted frames, in frames.
        spec: Further fields of `NetworkSpec`.
    """

    kind: str
    baseline_name: str
    gives_frames = False
    needs_classes = False
    horizons: tuple[int, ...] = (0,)
    spec: dict[str, Any]

    @abc.abstractmethod
    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the untrained network, for a training of `steps` steps."""

    @abc.abstractmethod
    def loss(self) -> keras.losses.Loss | None:
        """Return the loss, averaged over weighted frames; None where the network adds its own losses."""

    @abc.abstractmethod
    def metrics(self) -> list[keras.metrics.Metric]:
        """Return the metric `error`, and one for each of several horizons."""

    @abc.abstractmethod
    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the errors of the baseline, by metric, on the batches of `unlabelled_batches`."""

    def warmup_steps(self, _steps: int) -> int:
        """Return the number of steps in which the loss still changes its weights; no epoch within them is kept."""
        return 0

    def batches(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Return the batches that `fit` takes, from those of `unlabelled_batches`."""
        return dataset

    def input_corruption(self) -> InputCorruption | None:
        """Return the corruption of the inputs, for `unlabelled_batches`; None leaves them clean."""
        return None
