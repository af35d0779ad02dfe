"""Sinusoidal position embeddings (equations 2, 3 and 5)."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class SinusoidalPositions(keras.layers.Layer):
    """Adds sinusoidal position embeddings to the input.

    Dimension 2i of the embedding is sin(pos / 10000^(2i/d)), and dimension 2i + 1 is the cosine
    of the same angle. The number of frames is not limited.

    Call arguments:
        inputs: Shape (batch, frames, width).

    Output shape:
        That of `inputs`.

    Reference:
        Vaswani et al. 2017, section 3.5 (arXiv 1706.03762).
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        self.width = input_shape[-1]
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.step(inputs, ops.arange(ops.shape(inputs)[1]))

    def step(self, inputs: Any, position: Any) -> Any:
        """Add the embeddings of given positions.

        Args:
            inputs: Shape (batch, positions, width).
            position: Number of earlier frames, (positions,) or (batch, positions).
        """
        half = -(-self.width // 2)
        rates = ops.exp(ops.arange(half, dtype="float32") * (-2.0 * math.log(10000.0) / self.width))
        angles = ops.expand_dims(ops.cast(position, "float32"), -1) * rates  # (..., positions, half)
        both = ops.stack([ops.sin(angles), ops.cos(angles)], axis=-1)  # (..., positions, half, 2)
        embeddings = ops.reshape(both, (*ops.shape(position), 2 * half))[..., : self.width]
        return inputs + ops.cast(embeddings, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
