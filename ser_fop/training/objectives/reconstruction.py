"""Pretraining objective of the autoencoders that the paper compares with: reconstruction of the input."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.data.augmentation import input_noise
from ser_fop.losses import FramePredictionLoss
from ser_fop.metrics import FrameError
from ser_fop.models.backbone import widest_attention
from ser_fop.models.baselines.frame_autoencoder import FrameAutoencoder
from ser_fop.models.network_spec import FRAME_AUTOENCODER
from ser_fop.training.objectives.base import InputCorruption, Objective


class Reconstruction(Objective):
    """Reconstruction of the input frames. The baseline outputs each band's mean.

    Args:
        settings: Settings of the pretraining: the task (kind of autoencoder), the loss, the code and the noise.
        model: Size of the network.
        mean: Mean of each band, (mels,).
        std: Standard deviation of each band, (mels,).
    """

    kind = FRAME_AUTOENCODER
    baseline_name = "giving the mean frame"
    gives_frames = True

    def __init__(
        self, settings: PretrainingSettings, model: ModelConfig, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        self._settings = settings
        self._model = model
        self._mean = np.asarray(mean, np.float32)
        self._std = std
        attention = widest_attention(model)
        self._form = {"code": settings.code, "variational": settings.task == "variational"}
        self.spec = {**self._form, "attention": attention}

    def warmup_steps(self, steps: int) -> int:
        """Return the number of steps until the KL divergence has its full weight.

        During this warm-up the code is regularised less, so its epochs cannot be compared with later ones. The warm-up
        takes at most half of the training.
        """
        return min(self._settings.kl_warmup_steps, steps // 2) if self._settings.task == "variational" else 0

    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the untrained network, with the warm-up of a training of `steps` steps."""
        return FrameAutoencoder(self._model, mels, warmup_steps=self.warmup_steps(steps), **self._form)

    def loss(self, std: Any) -> keras.losses.Loss:
        """Return the loss, averaged over weighted frames."""
        return FramePredictionLoss(self._settings.loss, std)

    def metrics(self, std: Any) -> list[keras.metrics.Metric]:
        """Return the metric `error`."""
        return [FrameError(self._settings.loss, std)]

    def input_corruption(self) -> InputCorruption | None:
        """Return the noise and the masking of the task `denoising`; None for the other tasks."""
        if self._settings.task != "denoising":
            return None
        return input_noise(
            noise=self._settings.noise,
            mask_ratio=self._settings.mask_ratio,
            mean=self._mean,
            std=np.asarray(self._std),
        )

    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the error of each band's mean as output, on the batches of `unlabelled_batches`."""
        return mean_frame_error(dataset, self._mean, *self.metrics(self._std))


def mean_frame_error(dataset: tf.data.Dataset, mean: Sequence[float], metric: keras.metrics.Metric) -> dict[str, float]:
    """Return the error of each band's mean as output.

    Args:
        dataset: Batches of `unlabelled_batches`.
        mean: Mean of each band, (mels,).
        metric: Metric of the error.
    """
    for _, target, weight in dataset.as_numpy_iterator():
        output = np.broadcast_to(np.asarray(mean, np.float32), target.shape)
        metric.update_state(target, output, sample_weight=weight)
    return {"error": float(metric.result())}
