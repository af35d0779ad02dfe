"""Pretraining by giving back what was read: the autoencoders that the paper compares with."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from ser_fop.config.settings import ModelConfig, PretrainingSettings
from ser_fop.data.augmentation import input_noise
from ser_fop.losses import FramePredictionLoss
from ser_fop.metrics import FrameError
from ser_fop.models.backbone import widest_attention
from ser_fop.models.baselines.frame_autoencoder import FrameAutoencoder
from ser_fop.models.saving import FRAME_AUTOENCODER
from ser_fop.training.objectives.base import InputCorruption, Objective


class Reconstruction(Objective):
    """The frames that were read: skill against giving the mean of each band.

    Args:
        settings: Which autoencoder, and its loss.
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
        self._deviation = std
        attention = widest_attention(model)
        self._form = {"code": settings.code, "variational": settings.task == "variational"}
        self.spec = {**self._form, "attention": attention}

    def warmup_steps(self, steps: int) -> int:
        """Return the number of steps until the KL divergence has its full weight.

        Before, a code that says more is better: no such epoch is a variational one. Half of a training that is short has
        the whole weight.
        """
        return min(self._settings.kl_warmup_steps, steps // 2) if self._settings.task == "variational" else 0

    def network(self, mels: int, *, steps: int) -> keras.Model:
        """Return the network, untrained, that will be trained for so many steps."""
        return FrameAutoencoder(self._model, mels, warmup_steps=self.warmup_steps(steps), **self._form)

    def loss(self) -> keras.losses.Loss:
        """Return what is minimised, averaged over weighted frames."""
        return FramePredictionLoss(self._settings.loss, self._deviation)

    def metrics(self) -> list[keras.metrics.Metric]:
        """Return `error`."""
        return [FrameError(self._settings.loss, self._deviation)]

    def input_corruption(self) -> InputCorruption | None:
        """Return what spoils the inputs in training, as `unlabelled_batches` takes it."""
        if self._settings.task != "denoising":
            return None
        return input_noise(
            noise=self._settings.noise,
            mask_ratio=self._settings.mask_ratio,
            mean=self._mean,
            std=np.asarray(self._deviation),
        )

    def baselines(self, dataset: tf.data.Dataset) -> dict[str, float]:
        """Return the error of giving each band's mean, on what `unlabelled_batches` gives."""
        return mean_frame_error(dataset, self._mean, *self.metrics())


def mean_frame_error(dataset: tf.data.Dataset, mean: Sequence[float], metric: keras.metrics.Metric) -> dict[str, float]:
    """Return the error of giving each band's mean.

    Args:
        dataset: What `unlabelled_batches` gives.
        mean: Mean of each band, (mels,).
        metric: What measures it.
    """
    for _, target, weight in dataset.as_numpy_iterator():
        given = np.broadcast_to(np.asarray(mean, np.float32), target.shape)
        metric.update_state(target, given, sample_weight=weight)
    return {"error": float(metric.result())}
