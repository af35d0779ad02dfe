"""Layer of the attentive CNN."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class ConvolutionMaxLayer(keras.layers.Layer):
    """Non-causal convolution over time with ReLU and max pooling of stride 1.

    Each kernel covers all features. The number of steps does not change.

    Args:
        width: Number of kernels, which is the number of output features.
        kernel: Kernel length, in steps.
        pool: Length of the pooling window, in steps.
        dropout: Dropout rate on the output.

    Call arguments:
        inputs: Shape (batch, steps, features).
        mask: Shape (batch, steps), true for valid steps. Other steps have no effect.
        training: Whether dropout is active.

    Output shape:
        (batch, steps, width).

    Reference:
        In the style of Neumann and Vu 2017 (arXiv 1706.00612), the paper's reference 31.
    """

    def __init__(self, width: int, kernel: int, pool: int, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width = width
        self.kernel = kernel
        self.pool = pool
        self.dropout = dropout
        self.supports_masking = True

    def build(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> None:
        policy = self.dtype_policy
        self.convolution = keras.layers.Conv1D(
            self.width, self.kernel, padding="same", activation="relu", name="convolution", dtype=policy
        )
        self.output_dropout = keras.layers.Dropout(self.dropout, name="output_dropout", dtype=policy)
        self.convolution.build(inputs_shape)
        super().build(inputs_shape)

    def call(self, inputs: Any, mask: Any, training: bool | None = None) -> Any:
        valid = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        # ReLU outputs are not negative, so a zero at an invalid step is never the only maximum.
        convolved = self.convolution(inputs * valid) * valid
        pooled = ops.max_pool(convolved, self.pool, strides=1, padding="same")
        return self.output_dropout(pooled, training=training)

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        return (*inputs_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        config = {"width": self.width, "kernel": self.kernel, "pool": self.pool, "dropout": self.dropout}
        return {**super().get_config(), **config}
