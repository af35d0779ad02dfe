"""Squared error of those numbers that are known."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class DimensionalLossLayer(keras.layers.Layer):
    """Gives back its first input, and in training adds the mean squared error of its second to the loss.

    Validation losses are those of the task alone, by which epochs are compared.

    Args:
        weight: Of the mean over all numbers that are known.

    Call arguments:
        inputs: What is given back, of any shape.
        predicted: Shape (batch, numbers).
        true: The same shape, NaN where a number is unknown.
        training: Whether anything is added.

    Output shape:
        That of `inputs`.
    """

    def __init__(self, weight: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weight = weight

    def call(self, inputs: Any, predicted: Any, true: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        known = ops.logical_not(ops.isnan(true))
        difference = ops.where(known, predicted - ops.where(known, true, 0.0), 0.0)
        count = ops.maximum(ops.sum(ops.cast(known, difference.dtype)), 1.0)
        self.add_loss(self.weight * ops.sum(ops.square(difference)) / count)
        return inputs

    def compute_output_shape(self, inputs_shape: tuple, predicted_shape: tuple, true_shape: tuple) -> tuple:
        return inputs_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight}
