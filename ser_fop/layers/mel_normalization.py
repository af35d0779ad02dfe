"""Normalisation of log-mels with stored statistics."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class MelNormalization(keras.layers.Layer):
    """Subtracts the stored mean of each mel band and divides by its stored standard deviation.

    The statistics are non-trainable weights, so they are saved with the model. The output of a
    frame depends on no other frame, and differences in loudness between utterances remain.
    Padding is normalised like other frames.

    Call arguments:
        inputs: Log-mels, (batch, frames, mels).
        invert: If true, convert normalised values back to log-mels.

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
        """Set mean and standard deviation, each of shape (mels,)."""
        self.mean.assign(mean)
        self.std.assign(std)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape
