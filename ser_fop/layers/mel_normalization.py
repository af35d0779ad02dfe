"""Normalisation of log-mels by stored statistics."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class MelNormalization(keras.layers.Layer):
    """Subtracts a stored mean and divides by a stored deviation, for each mel band.

    The statistics are weights that training leaves alone: they travel with the model,
    look at no other frame, and keep differences in loudness between utterances.
    Padding is normalised like any frame.

    Call arguments:
        inputs: Log-mel of shape (batch, frames, mels).
        invert: Whether to go back from normalised to log-mel.

    Output shape:
        That of `inputs`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        mels = input_shape[-1]
        self.mean = self.add_weight(shape=(mels,), initializer="zeros", trainable=False, name="mean")
        self.std = self.add_weight(shape=(mels,), initializer="ones", trainable=False, name="deviation")
        super().build(input_shape)

    def call(self, inputs: Any, invert: bool = False) -> Any:
        mean = ops.cast(self.mean, inputs.dtype)
        std = ops.cast(self.std, inputs.dtype)
        return inputs * std + mean if invert else (inputs - mean) / std

    def set_statistics(self, mean: Any, std: Any) -> None:
        """Store mean and standard deviation, each of shape (mels,)."""
        self.mean.assign(mean)
        self.std.assign(std)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
