"""Division of steps into frames."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class FrameUnstacking(keras.layers.Layer):
    """Divides each step into `size` frames: the inverse of `FrameStacking`.

    Args:
        size: Number of frames in a step.

    Call arguments:
        inputs: Shape (batch, steps, size features).
        like: Input of the stacking, (batch, frames, any). It sets the number of output frames.

    Output shape:
        (batch, frames, features).
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if size < 1:
            raise ValueError(f"`size` must be positive. Received: {size}")
        self.size = size
        self.supports_masking = True

    def call(self, inputs: Any, like: Any) -> Any:
        frames = ops.reshape(inputs, (-1, ops.shape(inputs)[1] * self.size, inputs.shape[-1] // self.size))
        return frames[:, : ops.shape(like)[1]]

    def compute_mask(self, *_: Any, **__: Any) -> None:
        """Return no mask, because the mask of the steps does not fit the frames."""
        return None

    def compute_output_shape(self, inputs_shape: tuple, like_shape: tuple) -> tuple:
        return (inputs_shape[0], like_shape[1], inputs_shape[-1] // self.size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}
