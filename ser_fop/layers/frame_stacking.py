"""Stacking of neighbouring frames."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class FrameStacking(keras.layers.Layer):
    """Concatenates `size` neighbouring frames to one step.

    Padded frames become zeros, so that their values have no effect. The last step is padded
    with zeros.

    Args:
        size: Number of frames in a step.

    Call arguments:
        inputs: Shape (batch, frames, features).
        mask: Shape (batch, frames), true for valid frames.

    Output shape:
        (batch, steps, size features) with ceil(frames / size) steps.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if size < 1:
            raise ValueError(f"`size` must be positive. Received: {size}")
        self.size = size
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any) -> Any:
        masked = inputs * ops.expand_dims(ops.cast(mask, inputs.dtype), -1)
        padded = ops.pad(masked, ((0, 0), (0, self.size - 1), (0, 0)))
        steps = ops.shape(padded)[1] // self.size
        return ops.reshape(padded[:, : steps * self.size], (-1, steps, self.size * inputs.shape[-1]))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None  # `Backbone.step_mask` computes the mask of the steps

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        batch, frames, features = inputs_shape
        steps = None if frames is None else -(-frames // self.size)
        return (batch, steps, self.size * features)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}
