"""Loss of denoised values."""

from typing import Any

import keras
from keras import ops

_EPSILON = 1e-10


@keras.saving.register_keras_serializable("ser_fop")
class DenoisingLossLayer(keras.layers.Layer):
    """Adds the mean squared error between denoised and clean values to the loss.

    The output is the first input, unchanged.

    Args:
        weight: Weight of the error, which is averaged over features and valid steps.
        standardised: If true, both inputs are first standardised with the mean and standard
            deviation of each clean feature over the batch. Otherwise a network could reduce the
            loss by small clean values.

    Call arguments:
        denoised: Shape (batch, steps, features), or (batch, features).
        clean: Shape of `denoised`.
        real: Shape (batch, steps), or (batch,), true for valid steps or utterances.

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
    """Return the mean squared error over features and valid steps, a scalar. `DenoisingLossLayer` has the arguments."""
    denoised, clean = (ops.cast(values, "float32") for values in (denoised, clean))
    weight = ops.expand_dims(ops.cast(real, "float32"), -1)
    count = ops.maximum(ops.sum(weight), 1.0)
    axes = tuple(range(len(clean.shape) - 1))
    squared = ops.square(denoised - clean)
    if standardised:  # the means cancel out in the difference
        mean = ops.sum(clean * weight, axis=axes, keepdims=True) / count
        variance = ops.sum(ops.square(clean - mean) * weight, axis=axes, keepdims=True) / count
        squared = squared / (variance + _EPSILON)
    return ops.sum(squared * weight) / (count * clean.shape[-1])
