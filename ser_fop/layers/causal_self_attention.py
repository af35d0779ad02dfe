"""Causal multi-head self-attention."""

import math
from typing import Any

import keras
from keras import ops

from ser_fop.layers.kernels import causal_attention

_UNHEARD = -1e9


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
        """Compute the next steps from the state after the earlier ones.

        Args:
            inputs: Shape (batch, steps, features), with at most as many steps as the context.
            state: Keys and values of the latest steps, (batch, heads, context, width / heads). They are rings: step n
                has place n modulo the context.
            position: Number of earlier steps, (batch,).

        Returns:
            The outputs, (batch, steps, features), and the rows to write into the rings, (batch, heads, steps, width /
            heads). The outputs equal those of `call` as long as there are no more steps than the context.
        """
        steps, context, size = inputs.shape[1], state["keys"].shape[2], self.width // self.heads
        query, key, value = (
            ops.transpose(ops.reshape(part, (-1, steps, self.heads, size)), (0, 2, 1, 3))
            for part in ops.split(self.project_in(inputs), 3, axis=-1)
        )
        earlier = ops.matmul(query, ops.transpose(state["keys"], (0, 1, 3, 2)))  # (batch, heads, steps, context)
        heard, own = _attended_steps(ops.expand_dims(position, 1), steps, context)
        scores = ops.concatenate(
            [
                ops.where(ops.expand_dims(heard, 1), earlier, _UNHEARD),
                ops.where(own, ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))), _UNHEARD),
            ],
            axis=-1,
        )
        weights = ops.softmax(scores / math.sqrt(size), axis=-1)
        attended = ops.matmul(weights[..., :context], state["values"]) + ops.matmul(weights[..., context:], value)
        joined = ops.reshape(ops.transpose(attended, (0, 2, 1, 3)), (-1, steps, self.width))
        return self.project_out(joined), {"keys": key, "values": value}

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "heads": self.heads}


def _attended_steps(position: Any, steps: int, context: int) -> tuple[Any, Any]:
    """Return which earlier steps and which of the new ones each new step attends to.

    Args:
        position: Number of earlier steps, (batch, 1).
        steps: Number of new steps.
        context: Number of steps that each attends to, with itself.

    Returns:
        Masks of the places of the ring, (batch, steps, context), and of the new steps, (steps, steps).
    """
    new = ops.arange(steps)
    # The latest step of each place. The remainder is of no negative number, which not every runtime takes alike.
    held = position - 1 - (position - 1 + context - ops.arange(context)) % context
    oldest = ops.expand_dims(position + new, 2) - context  # and what is not older than this
    heard = (ops.expand_dims(held, 1) > oldest) & ops.expand_dims(held >= 0, 1)
    distance = ops.expand_dims(new, 1) - new
    return heard, (distance >= 0) & (distance < context)
