"""Causal multi-head self-attention."""

from typing import Any

import keras

from ser_fop.layers.kernels import causal_attention


@keras.saving.register_keras_serializable("ser_fop")
class CausalSelfAttention(keras.layers.Layer):
    """Multi-head self-attention with a causal mask: no frame attends to a later frame.

    Padding is at the end of an utterance, so the causal mask also hides padding from all valid
    frames. Outputs at padded frames are meaningless. The pooling layer must mask them.

    Args:
        width: Width of queries, keys and values together (heads times head width).
        heads: Number of heads. `width` must be a multiple of it.

    Call arguments:
        inputs: Shape (batch, frames, features).

    Output shape:
        (batch, frames, features).

    Reference:
        Vaswani et al. 2017, section 3.2 (arXiv 1706.03762).
    """

    def __init__(self, width: int, heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"`width` must be a multiple of `heads`. Received: width={width}, heads={heads}")
        self.width = width
        self.heads = heads
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        features = input_shape[-1]
        self.project_in = keras.layers.Dense(3 * self.width, name="query_key_value", dtype=self.dtype_policy)
        self.project_out = keras.layers.Dense(features, name="output", dtype=self.dtype_policy)
        self.project_in.build(input_shape)
        self.project_out.build((*input_shape[:-1], self.width))
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        return self.project_out(causal_attention(self.project_in(inputs), self.heads))

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "heads": self.heads}
