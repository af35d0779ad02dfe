"""Random masking of input values."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class MaskingNoise(keras.layers.Layer):
    """Set a random share of the values to 0 in training.

    Unlike dropout, the layer does not scale up the other values.

    Args:
        share: Share of the values that are masked.

    Call arguments:
        inputs: Any shape, values of mean 0.
        training: Whether values are masked.

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
