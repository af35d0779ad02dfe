"""The hidden code of a ladder network."""

import numpy as np

from ser_fop.hypercolumns.hidden_code import CodeTraining, HiddenCode
from ser_fop.layers.label_loss_layer import UNKNOWN
from ser_fop.models.baselines.dense_ladder import DenseLadder


class LadderCode(HiddenCode):
    """The last hidden layer of a ladder network of vectors, such as functionals.

    The arguments and attributes are those of `HiddenCode`.

    Reference:
        In the style of Huang et al. 2018, the paper's reference 37.
    """

    def _train(self, training: CodeTraining) -> DenseLadder:
        if training.labels is None:
            raise ValueError("LadderCode requires y to be passed, but the target y is None.")
        names, classes = np.unique(np.asarray(training.labels), return_inverse=True)
        classes = np.concatenate([classes, np.full(training.unlabelled, UNKNOWN)]).astype(np.int32)
        network = DenseLadder(training.vectors.shape[1], self.widths, len(names), noise=self.noise)
        network.compile(training.optimizer, jit_compile=False)
        training.optimizer.build(network.trainable_variables)  # within the first step, it would be traced twice
        inputs = {"vector": training.vectors, "class_index": classes}
        network.fit(inputs, batch_size=training.batch_size, epochs=self.epochs, verbose=0)
        return network
