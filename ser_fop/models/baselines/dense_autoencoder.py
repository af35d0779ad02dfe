"""A denoising autoencoder for vectors, such as functionals."""

from collections.abc import Sequence
from typing import Any

import keras

from ser_fop.models.baselines.masking_noise import MaskingNoise


class DenseAutoencoder(keras.Model):
    """A network that reconstructs vectors from a copy with noise and masked values.

    Args:
        width: Size of a vector. Its values have mean 0 and standard deviation 1.
        widths: Widths of the encoder's layers; the last layer is the code.
        noise: Standard deviation of the noise.
        hidden_share: Share of the values that are masked, which means set to their mean, 0.

    Call arguments:
        inputs: Shape (batch, width).

    Output shape:
        That of `inputs`.

    Reference:
        Vincent et al. 2010, the paper's reference 14. Here all layers are trained together.
    """

    def __init__(
        self, width: int, widths: Sequence[int], *, noise: float = 0.3, hidden_share: float = 0.15, **kwargs: Any
    ) -> None:
        inputs = keras.Input((width,), name="vector")
        noisy = keras.layers.GaussianNoise(noise, name="noise")(inputs)
        hidden = MaskingNoise(hidden_share, name="gaps")(noisy)
        encoder_layers = []
        for number, size in enumerate(widths, start=1):
            encoder_layers.append(keras.layers.Dense(size, activation="relu", name=f"encoder_{number}"))
            hidden = encoder_layers[-1](hidden)
        for number, size in enumerate(reversed(widths[:-1]), start=1):
            hidden = keras.layers.Dense(size, activation="relu", name=f"decoder_{number}")(hidden)
        super().__init__(inputs=inputs, outputs=keras.layers.Dense(width, name="reconstruction")(hidden), **kwargs)
        self._encoder_layers = encoder_layers

    def encoder_arrays(self) -> list[dict[str, Any]]:
        """Return `kernel` and `bias` of each encoder layer, from the first to the last."""
        return [dict(zip(("kernel", "bias"), layer.get_weights(), strict=True)) for layer in self._encoder_layers]
