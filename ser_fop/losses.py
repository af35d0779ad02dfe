"""Errors between predicted and true frames, averaged over valid frames."""

from collections.abc import Sequence
from typing import Any, Literal

import keras
from keras import ops

# Of normalised mels: a network that has met silence too often may not claim to know it exactly.
_LOG_VARIANCE = (-7.0, 7.0)


@keras.saving.register_keras_serializable("ser_fop")
class FramePredictionLoss(keras.losses.Loss):
    """Error of predicted log-mel frames, in units of each band's deviation.

    Give it a `sample_weight` of shape (batch, frames): the result is the sum over
    weighted frames divided by the sum of weights. Keras' default reduction would
    divide by all positions, padding included.

    Args:
        kind: `l1`, `mse`, `huber` (delta 1), or `gaussian`, the negative log-likelihood.
        std: Standard deviation of each band, (mels,): errors are divided by it.
    """

    def __init__(
        self,
        kind: Literal["l1", "mse", "huber", "gaussian"],
        std: Sequence[float],
        name: str = "frame_prediction",
    ) -> None:
        super().__init__(name=name, reduction="mean_with_sample_weight")
        self.kind = kind
        self.std = [float(value) for value in std]

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return frame_errors(y_true, y_pred, kind=self.kind, std=self.std)

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "std": self.std, "name": self.name}


@keras.saving.register_keras_serializable("ser_fop")
class ContrastiveLoss(keras.losses.Loss):
    """What `ContrastivePredictor` gives, averaged over frames weighted by `sample_weight`."""

    def __init__(self, name: str = "contrast") -> None:
        super().__init__(name=name, reduction="mean_with_sample_weight")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.cast(y_pred[..., 0], "float32")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


def frame_errors(y_true: Any, y_pred: Any, *, kind: str, std: Sequence[float]) -> Any:
    """Return the error of each frame, averaged over its bands, and over horizons if there are several.

    Args:
        y_true: True log-mels, (batch, frames, horizons mels).
        y_pred: Predicted log-mels, of the same shape; for `gaussian` the logarithm of each one's variance, in units of
            the band's, stands after them.
        kind: `l1`, `mse`, `huber` or `gaussian`.
        std: Deviation of each band, (mels,).

    Returns:
        Errors of shape (batch, frames), float32.
    """
    width = y_true.shape[-1]
    scale = ops.convert_to_tensor(list(std) * (width // len(std)), dtype="float32")
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
