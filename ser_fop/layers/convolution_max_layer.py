"""One layer of the attentive CNN: a convolution over time, and the largest of its neighbouring outputs."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class ConvolutionMaxLayer(keras.layers.Layer):
    """A convolution that looks to both sides, ReLU, and a maximum over neighbouring steps.

    Each kernel spans all features. Steps are not thinned out: the maximum is taken around each of them.

    Args:
        width: Kernels, and so features of the output.
        kernel: Steps that a kernel spans.
        pool: Steps over which the maximum is taken.
        dropout: Dropout rate on the output.

    Call arguments:
        inputs: Shape (batch, steps, features).
        mask: Which steps are real, (batch, steps): nothing of the others is read.
        training: Whether dropout acts.

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
        real = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        found = self.convolution(inputs * real) * real  # never below zero: what is not real is never the largest
        largest = ops.max_pool(found, self.pool, strides=1, padding="same")
        return self.output_dropout(largest, training=training)

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        return (*inputs_shape[:-1], self.width)

    def get_config(self) -> dict[str, Any]:
        config = {"width": self.width, "kernel": self.kernel, "pool": self.pool, "dropout": self.dropout}
        return {**super().get_config(), **config}
