"""The hidden code of a denoising autoencoder."""

from ser_fop.hypercolumns.hidden_code import CodeTraining, HiddenCode
from ser_fop.models.baselines.dense_autoencoder import DenseAutoencoder


class DenoisingCode(HiddenCode):
    """The code of a denoising autoencoder of vectors, such as functionals; it ignores the labels.

    The arguments and attributes are those of `HiddenCode`.

    Reference:
        Vincent et al. 2010, the paper's reference 14.
    """

    def _train(self, training: CodeTraining) -> DenseAutoencoder:
        vectors = training.vectors
        network = DenseAutoencoder(vectors.shape[1], self.widths, noise=self.noise)
        network.compile(training.optimizer, loss="mse", jit_compile=False)
        training.optimizer.build(network.trainable_variables)  # within the first step, it would be traced twice
        network.fit(vectors, vectors, batch_size=training.batch_size, epochs=self.epochs, verbose=0)
        return network
