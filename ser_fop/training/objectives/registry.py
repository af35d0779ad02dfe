"""Prediction objectives, and the selection of an objective from the settings."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.errors import InputError
from ser_fop.losses import ContrastiveLoss, FramePredictionLoss
from ser_fop.metrics import ContrastiveError
from ser_fop.models.baselines.contrastive_predictor import ContrastivePredictor
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.models.network_spec import CONTRASTIVE_PREDICTOR, FRAME_PREDICTOR
from ser_fop.training.objectives.base import Objective
from ser_fop.training.objectives.ladder import LadderObjective
from ser_fop.training.objectives.reconstruction import Reconstruction
from ser_fop.training.objectives.skill import copy_errors, error_kind, frame_metrics


class FramePrediction(Objective):
    """Regression of future frames. The baseline copies the last frame that the network has seen.

    Args:
        settings: Settings of the pretraining; loss and horizons are used.
        model: Size of the network.
        std: Standard deviation of each band, (mels,).
    """

    kind = FRAME_PREDICTOR
    baseline_name = "copying the last frame"
    gives_frames = True

    def __init__(self, settings: PretrainingSettings, model: ModelConfig, std: Sequence[float]) -> None:
        self._settings = settings
        self._model = model
        self._std = std
        self.horizons = settings.horizons
        self.spec = {"variance": settings.loss == "gaussian"}

    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the untrained network."""
        return FramePredictor(self._model, mels, num_horizons=len(self.horizons), **self.spec)

    def loss(self, std: Any) -> keras.losses.Loss:
        """Return the loss, averaged over weighted frames."""
        return FramePredictionLoss(self._settings.loss, std)

    def metrics(self, std: Any) -> list[keras.metrics.Metric]:
        """Return the metric `error`, and one for each of several horizons."""
        return frame_metrics(error_kind(self._settings.loss), std, self.horizons)

    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the errors of copying the last frame, by metric, on the batches of `unlabelled_batches`."""
        return copy_errors(
            dataset,
            kind=error_kind(self._settings.loss),
            std=self._std,
            horizons=self.horizons,
            stacked_frames=self._model.stacked_frames,
        )


class ContrastivePrediction(Objective):
    """Selection of the future frame among all frames of the utterance. The baseline guesses.

    Args:
        settings: Settings of the pretraining; the horizons are used.
        model: Size of the network.
    """

    kind = CONTRASTIVE_PREDICTOR
    baseline_name = "guessing"

    def __init__(self, settings: PretrainingSettings, model: ModelConfig) -> None:
        self._model = model
        self.horizons = settings.horizons
        self.spec: dict[str, Any] = {}

    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the untrained network."""
        return ContrastivePredictor(self._model, mels, num_horizons=len(self.horizons))

    def loss(self, _std: Any) -> keras.losses.Loss:
        """Return the loss, averaged over weighted frames."""
        return ContrastiveLoss()

    def metrics(self, std: Any) -> list[keras.metrics.Metric]:
        """Return the metric `error`."""
        return [ContrastiveError()]

    def batches(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """Convert the batches to those of `fit`: the future frames become the input `later`."""
        return dataset.map(lambda inputs, later, weight: ({**inputs, "later": later}, weight, weight))

    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the error of a uniform guess among an utterance's steps, averaged as the network's error is.

        Raises:
            InputError: If every utterance has a single step.
        """
        total = weights = 0.0
        for inputs, _, weight in dataset.as_numpy_iterator():
            steps = inputs["mask"][:, :: self._model.stacked_frames].sum(axis=1, keepdims=True)
            total += float((weight * np.log(np.maximum(steps, 1))).sum())
            weights += float(weight.sum())
        if not total:
            raise InputError(
                "contrastive prediction expected utterances of two or more steps, received utterances of one step only."
                " Raise --chunk-frames, or lower --stacked-frames."
            )
        return {"error": total / weights}


def needs_classes(settings: PretrainingSettings) -> bool:
    """Return whether the objective of these settings also uses emotion labels."""
    return _kind(settings).needs_classes


def objective_of(
    settings: PretrainingSettings,
    model: ModelConfig,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    classes: int = 0,
) -> Objective:
    """Return the objective of these settings.

    Args:
        settings: Settings of the pretraining.
        model: Size of the network.
        mean: Mean of each band, (mels,).
        std: Standard deviation of each band, (mels,).
        classes: Number of classes, for an objective that uses labels.
    """
    kind = _kind(settings)
    if kind is LadderObjective:
        return LadderObjective(settings, model, mean, std, classes)
    if kind is Reconstruction:
        return Reconstruction(settings, model, mean, std)
    return (
        ContrastivePrediction(settings, model)
        if kind is ContrastivePrediction
        else FramePrediction(settings, model, std)
    )


def _kind(settings: PretrainingSettings) -> type[Objective]:
    if settings.task != "prediction":
        return LadderObjective if settings.task == "ladder" else Reconstruction
    return ContrastivePrediction if settings.loss == "contrastive" else FramePrediction
