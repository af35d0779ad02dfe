"""What noise that is left costs."""

from typing import Any

import keras
from keras import ops

_EPSILON = 1e-10


@keras.saving.register_keras_serializable("ser_fop")
class DenoisingLossLayer(keras.layers.Layer):
    """Gives back its first input, and adds its mean squared distance from the clean values to the loss.

    Args:
        weight: Of the distance, averaged over features and real steps.
        standardised: Whether each feature's mean and deviation over the clean values of the
            batch are taken off both first: else a network would make its clean values small.

    Call arguments:
        denoised: Shape (batch, steps, features), or (batch, features).
        clean: The same shape.
        real: Which steps (or utterances) count, (batch, steps), or (batch,).

    Output shape:
        That of `denoised`.

    Reference:
        Rasmus et al. 2015 (arXiv 1507.02672), the paper's reference 16.
    """

    def __init__(self, weight: float, *, standardised: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weight = weight
        self.standardised = standardised

    def call(self, denoised: Any, clean: Any, real: Any) -> Any:
        self.add_loss(self.weight * distance(denoised, clean, real, standardised=self.standardised))
        return denoised

    def compute_output_shape(self, denoised_shape: tuple, clean_shape: tuple, real_shape: tuple) -> tuple:
        return denoised_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight, "standardised": self.standardised}


def distance(denoised: Any, clean: Any, real: Any, *, standardised: bool) -> Any:
    """Return the mean squared distance over features and what is real, a scalar, as `DenoisingLossLayer` says."""
    denoised, clean = (ops.cast(values, "float32") for values in (denoised, clean))
    weight = ops.expand_dims(ops.cast(real, "float32"), -1)
    count = ops.maximum(ops.sum(weight), 1.0)
    over = tuple(range(len(clean.shape) - 1))
    squared = ops.square(denoised - clean)
    if standardised:  # the mean cancels out
        mean = ops.sum(clean * weight, axis=over, keepdims=True) / count
        variance = ops.sum(ops.square(clean - mean) * weight, axis=over, keepdims=True) / count
        squared = squared / (variance + _EPSILON)
    return ops.sum(squared * weight) / (count * clean.shape[-1])
