"""Learned bias and scale after a batch normalisation that has no weights."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("ser_fop")
class BiasScale(keras.layers.Layer):
    """Add a bias to each feature, multiply by an optional scale, and apply an activation.

    Args:
        scaled: Whether the layer has a scale.
        activation: Name of a Keras activation.

    Call arguments:
        inputs: Any shape; the last axis is the feature axis.

    Output shape:
        That of `inputs`.
    """

    def __init__(self, *, scaled: bool = False, activation: str = "linear", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scaled = scaled
        self.activation = keras.activations.get(activation)

    def build(self, input_shape: tuple) -> None:
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")
        if self.scaled:
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        shifted = inputs + self.bias
        return self.activation(shifted * self.scale if self.scaled else shifted)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "scaled": self.scaled, "activation": activation}
