"""Values that are hidden from a network."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class MaskingNoise(keras.layers.Layer):
    """Hides a share of the values behind 0 in training; what is left is not scaled up, as dropout would.

    Args:
        share: Of the values.

    Call arguments:
        inputs: Any shape, of mean 0.
        training: Whether anything is hidden.

    Output shape:
        That of `inputs`.
    """

    def __init__(self, share: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share
        self.seed_generator = keras.random.SeedGenerator()
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        drawn = keras.random.uniform(ops.shape(inputs), dtype="float32", seed=self.seed_generator)
        return inputs * ops.cast(drawn >= self.share, inputs.dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "share": self.share}
