"""Multi-head self-attention over a whole utterance."""

from typing import Any

import keras
from keras import ops

from ser_fop.layers.causal_self_attention import CausalSelfAttention


@keras.saving.register_keras_serializable("ser_fop")
class FullSelfAttention(CausalSelfAttention):
    """Multi-head self-attention in which each frame attends to all valid frames of the utterance.

    The weights are those of `CausalSelfAttention`. The layer is for recognition only: frame
    prediction needs causal attention.

    Args:
        width: Width of queries, keys and values together (heads times head width).
        heads: Number of heads. `width` must be a multiple of it.

    Call arguments:
        inputs: Shape (batch, frames, features).
        mask: Shape (batch, frames), true for valid frames.

    Output shape:
        (batch, frames, features).
    """

    def call(self, inputs: Any, mask: Any) -> Any:
        frames, head = ops.shape(inputs)[1], self.width // self.heads
        parts = ops.reshape(self.project_in(inputs), (-1, frames, 3 * self.heads, head))
        query, key, value = ops.split(parts, 3, axis=2)  # each (batch, frames, heads, head width)
        attended = ops.dot_product_attention(query, key, value, mask=mask[:, None, None, :])
        return self.project_out(ops.reshape(attended, (-1, frames, self.width)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        return inputs_shape
