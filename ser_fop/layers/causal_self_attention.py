"""Causal multi-head self-attention."""

import math
from typing import Any

import keras
from keras import ops

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

    def initial_state(self, batch: Any, context: int) -> dict[str, Any]:
        """Return the state before the first step.

        Args:
            batch: Number of streams.
            context: Number of steps to which a step attends, with itself.
        """
        empty = ops.zeros((batch, self.heads, context, self.width // self.heads), dtype=self.compute_dtype)
        return {"keys": empty, "values": empty}

    def step(self, inputs: Any, state: dict[str, Any], position: Any) -> tuple[Any, dict[str, Any]]:
        """Compute one step from the state after the earlier steps.

        Args:
            inputs: Shape (batch, features).
            state: Keys and values of the latest steps, (batch, heads, context, width / heads). They are rings: step n has
                place n modulo the context.
            position: Number of earlier steps, (batch,).

        Returns:
            The output, (batch, features), and the rows to write into the rings, (batch, heads, 1, width / heads). The
            output equals that of `call` as long as there are no more steps than the context.
        """
        context, size = state["keys"].shape[2], self.width // self.heads
        query, key, value = (
            ops.reshape(part, (-1, self.heads, 1, size)) for part in ops.split(self.project_in(inputs), 3, axis=-1)
        )
        earlier = ops.matmul(query, ops.transpose(state["keys"], (0, 1, 3, 2)))
        place, steps = ops.arange(context), ops.expand_dims(position, 1)
        heard = (place < steps) & (place != steps % context)  # the row of this step replaces the oldest
        scores = ops.concatenate(
            [
                ops.where(ops.reshape(heard, (-1, 1, 1, context)), earlier, -1e9 * math.sqrt(size)),
                ops.sum(query * key, axis=-1, keepdims=True),
            ],
            axis=-1,
        )
        weights = ops.softmax(scores / math.sqrt(size), axis=-1)
        attended = ops.matmul(weights[..., :-1], state["values"]) + weights[..., -1:] * value
        return self.project_out(ops.reshape(attended, (-1, self.width))), {"keys": key, "values": value}

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "heads": self.heads}
