"""The hidden code of a denoising autoencoder."""

from typing import Any

import keras
import numpy as np

from ser_fop.hypercolumns.hidden_code import HiddenCode
from ser_fop.models.baselines.dense_autoencoder import DenseAutoencoder


class DenoisingCode(HiddenCode):
    """What a denoising autoencoder of vectors, such as functionals, says of each; labels are not looked at.

    Args and attributes are those of `HiddenCode`.

    Reference:
        Vincent et al. 2010, the paper's reference 14.
    """

    def _train(
        self,
        vectors: np.ndarray,
        labels: Any,
        *,
        unlabelled: int,
        batch_size: int,
        optimizer: keras.optimizers.Optimizer,
    ) -> DenseAutoencoder:
        network = DenseAutoencoder(vectors.shape[1], self.widths, noise=self.noise)
        network.compile(optimizer, loss="mse", jit_compile=False)
        network.fit(vectors, vectors, batch_size=batch_size, epochs=self.epochs, verbose=0)
        return network
