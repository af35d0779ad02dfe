"""Mean squared error of dimensional labels, some of which may be unknown."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class DimensionalLossLayer(keras.layers.Layer):
    """Return the inputs unchanged and, in training, add the mean squared error of predictions to the loss.

    The loss is not added in validation, so that epochs are compared by the task's loss only.

    Args:
        weight: Weight of the mean squared error over all known labels.

    Call arguments:
        inputs: Tensor that is returned, of any shape.
        predicted: Predicted labels, (batch, labels).
        true: True labels, (batch, labels), NaN if unknown.
        training: Whether the loss is added.

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
