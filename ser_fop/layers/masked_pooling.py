"""Pooling over time that excludes padding."""

from typing import Any, Literal

import keras
from keras import ops

from ser_fop.layers.over_steps import over_steps


@keras.saving.register_keras_serializable("ser_fop")
class MaskedPooling(keras.layers.Layer):
    """Mean over the valid frames, or concatenated mean and standard deviation.

    `mean` is the paper's global average pooling (equation 6). The output of an utterance
    without a valid frame is zero.

    Args:
        statistics: `mean` or `mean_std`.

    Call arguments:
        inputs: Shape (batch, frames, features).
        mask: Shape (batch, frames), true for valid frames.

    Output shape:
        (batch, features), or (batch, 2 features) for `mean_std`.
    """

    def __init__(self, statistics: Literal["mean", "mean_std"] = "mean", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if statistics not in ("mean", "mean_std"):
            raise ValueError(f"`statistics` must be 'mean' or 'mean_std'. Received: {statistics!r}")
        self.statistics = statistics
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any) -> Any:
        weight = ops.expand_dims(ops.cast(mask, inputs.dtype), -1)  # (batch, frames, 1)
        count = ops.maximum(ops.sum(weight, axis=1), 1.0)
        mean = ops.sum(inputs * weight, axis=1) / count
        if self.statistics == "mean":
            return mean
        centred = (inputs - ops.expand_dims(mean, 1)) * weight
        variance = ops.sum(ops.square(centred), axis=1) / count
        varies = variance > 0  # the derivative of the square root at zero is infinite
        std = ops.sqrt(ops.where(varies, variance, 1.0)) * ops.cast(varies, variance.dtype)
        return ops.concatenate([mean, std], axis=-1)

    def initial_state(self, batch: Any, width: int) -> dict[str, Any]:
        """Return the state of streams before their first step.

        Args:
            batch: Number of streams.
            width: Number of features.
        """
        state = {"count": ops.zeros((batch, 1)), "mean": ops.zeros((batch, width))}
        return state if self.statistics == "mean" else {**state, "squares": ops.zeros((batch, width))}

    def step(self, inputs: Any, state: dict[str, Any], *, keep: Any = 1.0) -> tuple[Any, dict[str, Any]]:
        """Add the next steps of streams. The deviations are summed as in Welford's method, which stays exact.

        Args:
            inputs: Shape (batch, steps, features).
            state: The state after the earlier steps.
            keep: Weight of the earlier steps relative to what they had before; below 1, old steps are forgotten.

        Returns:
            The pooled features up to each step, (batch, steps, ...), as `call` returns them, and the new state.
        """
        return over_steps(lambda one, before: self._step(one, before, keep), inputs, state)

    def _step(self, inputs: Any, state: dict[str, Any], keep: Any) -> tuple[Any, dict[str, Any]]:
        count = keep * state["count"] + 1.0
        difference = inputs - state["mean"]
        mean = state["mean"] + difference / count
        later = {"count": count, "mean": mean}
        if self.statistics == "mean":
            return mean, later
        squares = later["squares"] = keep * state["squares"] + difference * (inputs - mean)
        return ops.concatenate([mean, ops.sqrt(ops.maximum(squares, 0.0) / count)], axis=-1), later

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None  # the output has no time axis

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        factor = 1 if self.statistics == "mean" else 2
        return (inputs_shape[0], factor * inputs_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "statistics": self.statistics}
