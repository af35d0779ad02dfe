"""Attention-weighted pooling over time."""

from typing import Any

import keras
from keras import ops

from ser_fop.layers.over_steps import over_steps

_LOWEST_SCORE = -1e9


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
        scores = ops.where(mask, scores, _LOWEST_SCORE)
        return ops.softmax(scores, axis=-1) * ops.cast(mask, "float32")

    def call(self, inputs: Any, mask: Any) -> Any:
        weights = ops.cast(self.weights_over_time(inputs, mask), inputs.dtype)
        return ops.sum(inputs * ops.expand_dims(weights, -1), axis=1)

    def initial_state(self, batch: Any, width: int) -> dict[str, Any]:
        """Return the state of streams before their first step.

        Args:
            batch: Number of streams.
            width: Number of features.
        """
        return {
            "highest": ops.full((batch, 1), _LOWEST_SCORE),
            "weight": ops.zeros((batch, 1)),
            "sum": ops.zeros((batch, width)),
        }

    def step(self, inputs: Any, state: dict[str, Any], *, keep: Any = 1.0) -> tuple[Any, dict[str, Any]]:
        """Add the next steps of streams. Weights are relative to the highest score so far, so that none overflows.

        Args:
            inputs: Shape (batch, steps, features).
            state: The state after the earlier steps.
            keep: Weight of the earlier steps relative to what they had before; below 1, old steps are forgotten.

        Returns:
            The pooled features up to each step, (batch, steps, ...), as `call` returns them, and the new state.
        """
        return over_steps(lambda one, before: self._step(one, before, keep), inputs, state)

    def _step(self, inputs: Any, state: dict[str, Any], keep: Any) -> tuple[Any, dict[str, Any]]:
        score = ops.cast(ops.matmul(inputs, ops.expand_dims(self.score, -1)), "float32")
        highest = ops.maximum(state["highest"], score)
        before, now = keep * ops.exp(state["highest"] - highest), ops.exp(score - highest)
        weight = before * state["weight"] + now
        total = before * state["sum"] + now * inputs
        return total / weight, {"highest": highest, "weight": weight, "sum": total}

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None  # the output has no time axis

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        return (inputs_shape[0], inputs_shape[-1])
