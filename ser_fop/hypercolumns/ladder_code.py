"""The hidden code of a ladder network."""

from typing import Any

import keras
import numpy as np

from ser_fop.hypercolumns.hidden_code import HiddenCode
from ser_fop.layers.label_loss_layer import UNKNOWN
from ser_fop.models.baselines.dense_ladder import DenseLadder


class LadderCode(HiddenCode):
    """What a ladder network of vectors, such as functionals, says of each in its last hidden layer.

    Args and attributes are those of `HiddenCode`.

    Reference:
        In the style of Huang et al. 2018, the paper's reference 37.
    """

    def _train(
        self,
        vectors: np.ndarray,
        labels: Any,
        *,
        unlabelled: int,
        batch_size: int,
        optimizer: keras.optimizers.Optimizer,
    ) -> DenseLadder:
        if labels is None:
            raise ValueError("LadderCode requires y to be passed, but the target y is None.")
        known, classes = np.unique(np.asarray(labels), return_inverse=True)
        classes = np.concatenate([classes, np.full(unlabelled, UNKNOWN)]).astype(np.int32)
        network = DenseLadder(vectors.shape[1], self.widths, len(known), noise=self.noise)
        network.compile(optimizer, jit_compile=False)
        inputs = {"vector": vectors, "class_index": classes}
        network.fit(inputs, batch_size=batch_size, epochs=self.epochs, verbose=0)
        return network
