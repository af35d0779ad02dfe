"""Losses of frame prediction, averaged over valid frames."""

from typing import Any, Literal

import keras
from keras import ops

# Limits of the predicted log variance of normalised log-mels. Without a lower limit, the likelihood of silence, which
# is easy to predict, is unbounded.
_LOG_VARIANCE = (-7.0, 7.0)


@keras.saving.register_keras_serializable("ser_fop")
class FramePredictionLoss(keras.losses.Loss):
    """Error of predicted log-mel frames, in units of each band's standard deviation.

    `sample_weight` must have the shape (batch, frames). The result is the weighted sum over
    frames divided by the sum of the weights. Keras' default reduction would divide by the
    number of all frames, with padding.

    Args:
        kind: `l1`, `mse`, `huber` (delta 1), or `gaussian`, the negative log-likelihood.
        std: Standard deviation of each band, (mels,), or a variable of a network. Errors are divided by it.
        name: Name of the loss.
    """

    def __init__(
        self,
        kind: Literal["l1", "mse", "huber", "gaussian"],
        std: Any,
        name: str = "frame_prediction",
    ) -> None:
        super().__init__(name=name, reduction="mean_with_sample_weight")
        self.kind = kind
        self._std = std

    @property
    def std(self) -> list[float]:
        """Standard deviation of each band."""
        return [float(value) for value in ops.convert_to_numpy(self._std)]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return frame_errors(y_true, y_pred, kind=self.kind, std=self._std)

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "std": self.std, "name": self.name}


@keras.saving.register_keras_serializable("ser_fop")
class ContrastiveLoss(keras.losses.Loss):
    """Loss that `ContrastivePredictor` outputs for each frame, averaged with the weights of `sample_weight`.

    Args:
        name: Name of the loss.
    """

    def __init__(self, name: str = "contrast") -> None:
        super().__init__(name=name, reduction="mean_with_sample_weight")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.cast(y_pred[..., 0], "float32")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


def frame_errors(y_true: Any, y_pred: Any, *, kind: str, std: Any) -> Any:
    """Return the error of each frame, averaged over bands and horizons.

    Args:
        y_true: True log-mels, (batch, frames, horizons mels).
        y_pred: Predicted log-mels, of the same shape. For `gaussian`, the log variances follow on the last axis, in
            units of each band's variance.
        kind: `l1`, `mse`, `huber` or `gaussian`.
        std: Standard deviation of each band, (mels,); numbers or a variable.

    Returns:
        Errors of shape (batch, frames), float32.
    """
    width = y_true.shape[-1]
    scale = ops.cast(ops.convert_to_tensor(std), "float32")
    scale = ops.tile(scale, width // scale.shape[0])
    predicted = ops.cast(y_pred, "float32")
    difference = ops.abs(predicted[..., :width] - ops.cast(y_true, "float32")) / scale
    if kind == "l1":
        error = difference
    elif kind == "mse":
        error = ops.square(difference)
    elif kind == "huber":
        error = ops.where(difference <= 1.0, 0.5 * ops.square(difference), difference - 0.5)
    elif kind == "gaussian":
        log_variance = ops.clip(predicted[..., width:], *_LOG_VARIANCE)
        error = 0.5 * (log_variance + ops.square(difference) * ops.exp(-log_variance))
    else:
        raise ValueError(f"`kind` must be 'l1', 'mse', 'huber' or 'gaussian'. Received: {kind!r}")
    return ops.mean(error, axis=-1)
