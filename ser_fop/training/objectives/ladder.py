"""Pretraining objective of the ladder network: denoising at every layer, and classification where labels exist."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.metrics import FrameError
from ser_fop.models.backbone import widest_attention
from ser_fop.models.baselines.frame_ladder import FrameLadder
from ser_fop.models.network_spec import FRAME_LADDER
from ser_fop.training.objectives.base import Objective
from ser_fop.training.objectives.reconstruction import mean_frame_error


class LadderObjective(Objective):
    """Denoising of every layer, and classification of labelled utterances. The baseline outputs each band's mean.

    Args:
        settings: Settings of the pretraining; loss, noise and the costs of the layers are used.
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
        self._std = std
        self.spec: dict[str, Any] = {"classes": classes, "attention": widest_attention(model)}

    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the untrained network."""
        settings = self._settings
        return FrameLadder(
            self._model,
            mels,
            classes=self.spec["classes"],
            noise=settings.noise,
            costs=settings.ladder_costs,
        )

    def loss(self, _std: Any) -> None:
        """Return None: the network adds its own losses."""
        return None

    def metrics(self, std: Any) -> list[keras.metrics.Metric]:
        """Return the metric `error`."""
        return [FrameError(self._settings.loss, std)]

    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the error of each band's mean as output, on the batches of `unlabelled_batches`."""
        return mean_frame_error(dataset, self._mean, *self.metrics(self._std))
