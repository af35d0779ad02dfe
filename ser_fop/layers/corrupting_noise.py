"""Noise on what a network reads, which evaluation meets too."""

from typing import Any

import keras
from keras import ops

_EVALUATION_SEED = 20150709


@keras.saving.register_keras_serializable("ser_fop")
class CorruptingNoise(keras.layers.Layer):
    """Adds normal noise: drawn anew in training, the same each time else.

    A network that is judged by how well it takes noise away must meet some when it is judged.

    Args:
        deviation: Standard deviation of the noise.

    Call arguments:
        inputs: Any shape.
        training: Whether the noise is drawn anew.

    Output shape:
        That of `inputs`.
    """

    def __init__(self, deviation: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deviation = deviation
        self.seed_generator = keras.random.SeedGenerator()
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        seed = self.seed_generator if training else _EVALUATION_SEED
        noise = keras.random.normal(ops.shape(inputs), dtype=inputs.dtype, seed=seed)
        return inputs + self.deviation * noise

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "deviation": self.deviation}
