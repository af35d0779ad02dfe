"""Pretraining by taking noise away at every layer, with labels where there are any: the ladder network."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.metrics import FrameError
from ser_fop.models.backbone import widest_attention
from ser_fop.models.baselines.frame_ladder import FrameLadder
from ser_fop.models.saving import FRAME_LADDER
from ser_fop.training.objectives.base import Objective
from ser_fop.training.objectives.reconstruction import mean_frame_error


class LadderObjective(Objective):
    """The frames that were read, without the noise: skill against giving the mean of each band.

    Args:
        settings: Noise and costs.
        model: Size of the network.
        mean: Mean of each band, (mels,).
        std: Standard deviation of each band, (mels,).
        classes: Number of classes.
    """

    kind = FRAME_LADDER
    baseline_name = "giving the mean frame"
    needs_classes = True

    def __init__(
        self,
        settings: PretrainingSettings,
        model: ModelConfig,
        mean: Sequence[float],
        std: Sequence[float],
        classes: int,
    ) -> None:
        self._settings = settings
        self._model = model
        self._mean = mean
        self._deviation = std
        self.spec: dict[str, Any] = {"classes": classes, "attention": widest_attention(model)}

    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the network, untrained, that will be trained for so many steps."""
        settings = self._settings
        return FrameLadder(
            self._model,
            mels,
            classes=self.spec["classes"],
            noise=settings.noise,
            costs=settings.ladder_costs,
        )

    def loss(self) -> None:
        """Return what is minimised beside the network's own costs: nothing."""
        return None

    def metrics(self) -> list[keras.metrics.Metric]:
        """Return `error`."""
        return [FrameError(self._settings.loss, self._deviation)]

    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the error of giving each band's mean, on what `unlabelled_batches` gives."""
        return mean_frame_error(dataset, self._mean, *self.metrics())
