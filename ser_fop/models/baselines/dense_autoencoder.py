"""A denoising autoencoder of vectors."""

from collections.abc import Sequence
from typing import Any

import keras

from ser_fop.models.baselines.masking_noise import MaskingNoise


class DenseAutoencoder(keras.Model):
    """Gives vectors back that it reads with noise, and with some of their values hidden.

    Args:
        width: Values of a vector, of mean 0 and deviation 1.
        widths: Of the encoder's layers; the last is the code.
        noise: Deviation of the noise.
        hidden_share: Share of the values that are hidden behind their mean, 0.

    Call arguments:
        inputs: Shape (batch, width).

    Output shape:
        That of `inputs`.

    Reference:
        Vincent et al. 2010, the paper's reference 14, all layers trained at once.
    """

    def __init__(
        self, width: int, widths: Sequence[int], *, noise: float = 0.3, hidden_share: float = 0.15, **kwargs: Any
    ) -> None:
        inputs = keras.Input((width,), name="vector")
        noisy = keras.layers.GaussianNoise(noise, name="noise")(inputs)
        hidden = MaskingNoise(hidden_share, name="gaps")(noisy)
        above = []
        for number, size in enumerate(widths, start=1):
            above.append(keras.layers.Dense(size, activation="relu", name=f"encoder_{number}"))
            hidden = above[-1](hidden)
        for number, size in enumerate(reversed(widths[:-1]), start=1):
            hidden = keras.layers.Dense(size, activation="relu", name=f"decoder_{number}")(hidden)
        super().__init__(inputs=inputs, outputs=keras.layers.Dense(width, name="reconstruction")(hidden), **kwargs)
        self._above = above

    def encoder_arrays(self) -> list[dict[str, Any]]:
        """Return `kernel` and `bias` of each of the encoder's layers, from below."""
        return [dict(zip(("kernel", "bias"), layer.get_weights(), strict=True)) for layer in self._above]
