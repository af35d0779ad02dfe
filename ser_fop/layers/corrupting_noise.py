"""Additive noise in training and in evaluation."""

from typing import Any

import keras
from keras import ops

_SEEDS = 2**31 - 1


@keras.saving.register_keras_serializable("ser_fop")
class CorruptingNoise(keras.layers.Layer):
    """Adds Gaussian noise in training and in evaluation.

    The evaluation of a denoising network needs noise too. In training, the noise is new in each
    call. In evaluation it is always the same, with the layer's name as its seed.

    Args:
        std: Standard deviation of the noise.
        relative: If true, `std` is relative to the root mean square of each vector. Then a network
            cannot reduce the effect of the noise by larger values.

    Call arguments:
        inputs: Any shape.
        training: Whether the noise is new in each call.

    Output shape:
        That of `inputs`.
    """

    def __init__(self, std: float, *, relative: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.std = std
        self.relative = relative
        self.seed_generator = keras.random.SeedGenerator()
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        seed = self.seed_generator if training else int.from_bytes(self.name.encode()) % _SEEDS
        noise = keras.random.normal(ops.shape(inputs), dtype=inputs.dtype, seed=seed)
        if self.relative:
            noise = noise * ops.stop_gradient(ops.sqrt(ops.mean(ops.square(inputs), axis=-1, keepdims=True)))
        return inputs + self.std * noise

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "std": self.std, "relative": self.relative}
