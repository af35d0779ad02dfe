"""Attention-weighted pooling over time."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class AttentionPooling(keras.layers.Layer):
    """Attention-weighted mean over the valid frames.

    The weights are the softmax over time of a learned linear score. The weights of padded frames
    are exactly zero.

    Call arguments:
        inputs: Shape (batch, frames, features).
        mask: Shape (batch, frames), true for valid frames.

    Output shape:
        (batch, features).

    Reference:
        Huang and Narayanan 2016, the paper's reference 17. The score, softmax(u . h_t), follows
        Mirsamadi et al. 2017.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> None:
        self.score = self.add_weight(shape=(inputs_shape[-1],), initializer="zeros", name="score")
        super().build(inputs_shape)

    def weights_over_time(self, inputs: Any, mask: Any) -> Any:
        """Return the attention weights, (batch, frames). They sum to one and are zero for padding."""
        scores = ops.cast(ops.matmul(inputs, ops.expand_dims(self.score, -1))[..., 0], "float32")
        scores = ops.where(mask, scores, -1e9)
        return ops.softmax(scores, axis=-1) * ops.cast(mask, "float32")

    def call(self, inputs: Any, mask: Any) -> Any:
        weights = ops.cast(self.weights_over_time(inputs, mask), inputs.dtype)
        return ops.sum(inputs * ops.expand_dims(weights, -1), axis=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None  # the output has no time axis

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        return (inputs_shape[0], inputs_shape[-1])
