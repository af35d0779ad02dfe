"""What every objective of pretraining answers, and what most of them answer alike."""

import abc
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

InputCorruption = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class Objective(abc.ABC):
    """What a network is pretrained for.

    Attributes:
        kind: Which network, as `NetworkSpec` names it.
        baseline_name: What has no skill, in words.
        gives_frames: Whether what it answers are frames that can be shown.
        needs_classes: Whether it learns from classes too.
        horizons: Horizons that it answers for, in frames.
        spec: What `NetworkSpec` must know of its network beside size and horizons.
    """

    kind: str
    baseline_name: str
    gives_frames = False
    needs_classes = False
    horizons: tuple[int, ...] = (0,)
    spec: dict[str, Any]

    @abc.abstractmethod
    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the network, untrained, that will be trained for so many steps."""

    @abc.abstractmethod
    def loss(self) -> keras.losses.Loss | None:
        """Return what is minimised, averaged over weighted frames; None where the network has costs of its own."""

    @abc.abstractmethod
    def metrics(self) -> list[keras.metrics.Metric]:
        """Return `error`, and those of several horizons."""

    @abc.abstractmethod
    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the errors that have no skill, by metric, on what `unlabelled_batches` gives."""

    def warmup_steps(self, _steps: int) -> int:
        """Return for how many steps of a training of so many what is minimised changes; no epoch before is kept."""
        return 0

    def batches(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Return what `fit` takes, from what `unlabelled_batches` gives."""
        return dataset

    def input_corruption(self) -> InputCorruption | None:
        """Return what spoils the inputs in training, as `unlabelled_batches` takes it; None for nothing."""
        return None
