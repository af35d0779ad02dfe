"""The hidden code of a network trained on vectors, as a step of a scikit-learn pipeline."""

import dataclasses
from typing import Any

import keras
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

_NUMBERS = [np.float64, np.float32]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeTraining:
    """Data and optimiser of one training of a code network.

    Attributes:
        vectors: Standardised vectors, (vectors, width). The unlabelled vectors come last.
        labels: Labels of the labelled vectors, or None.
        unlabelled: Number of unlabelled vectors.
        batch_size: Vectors in a batch.
        optimizer: The optimiser to compile the network with.
    """

    vectors: np.ndarray
    labels: Any
    unlabelled: int
    batch_size: int
    optimizer: keras.optimizers.Optimizer


class HiddenCode(TransformerMixin, BaseEstimator):
    """Base class of transformers that train a network on vectors and return its last hidden layer.

    `fit` standardises the vectors and sets the random seeds of Keras. The fitted transformer
    holds arrays only, and `transform` does not use TensorFlow. A subclass defines `_train`.

    Args:
        widths: Widths of the hidden layers; the last layer is the code.
        noise: Standard deviation of the noise in training.
        epochs: Passes over the vectors.
        batch_size: Vectors in a batch, at most.
        learning_rate: Learning rate of Adam. It is constant for two thirds of the steps, then
            decays linearly to 0.
        random_state: Random seed of initialisation, shuffling and noise.

    Attributes:
        scaler_: The `StandardScaler`, fitted on the training vectors.
        layers_: `kernel` and `bias` of each hidden layer, from the first to the last.
        parameters_: Number of weights of the hidden layers.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (512, 256, 128),
        *,
        noise: float = 0.3,
        epochs: int = 100,
        batch_size: int = 100,
        learning_rate: float = 2e-3,
        random_state: int = 0,
    ) -> None:
        self.widths = widths
        self.noise = noise
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, *, unlabelled: Any = None) -> "HiddenCode":
        """Train the network on labelled and unlabelled vectors.

        Args:
            X: Vectors of the training utterances, (utterances, width).
            y: Their labels, (utterances,).
            unlabelled: Vectors of more utterances, used without labels, (utterances, width).
        """
        X = validate_data(self, X, dtype=_NUMBERS, ensure_min_samples=2)
        more = np.zeros((0, X.shape[1])) if unlabelled is None else np.asarray(unlabelled)
        self.scaler_ = StandardScaler().fit(X)
        vectors = self.scaler_.transform(np.concatenate([X, more])).astype(np.float32)
        keras.utils.set_random_seed(self.random_state)
        batches = -(-len(vectors) // self.batch_size)
        # Batches of nearly equal size: batch normalisation cannot train on a last batch of one vector.
        batch_size = -(-len(vectors) // batches)
        steps = self.epochs * -(-len(vectors) // batch_size)
        decay_steps = max(1, steps // 3)
        decay = keras.optimizers.schedules.PolynomialDecay(self.learning_rate, decay_steps, 0.0)
        optimizer = keras.optimizers.Adam(_DelayedSchedule(decay, steps - decay_steps))
        network = self._train(
            CodeTraining(vectors=vectors, labels=y, unlabelled=len(more), batch_size=batch_size, optimizer=optimizer)
        )
        self.layers_ = network.encoder_arrays()
        self.parameters_ = sum(values.size for layer in self.layers_ for values in layer.values())
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes, (utterances, widths[-1])."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=_NUMBERS)
        values = self.scaler_.transform(X)
        for layer in self.layers_:
            values = np.maximum(values @ layer["kernel"] + layer["bias"], 0.0)
        return values.astype(X.dtype)

    def _train(self, training: CodeTraining) -> keras.Model:
        """Build and train a network that has `encoder_arrays`."""
        raise NotImplementedError


class _DelayedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that starts after `steps` steps at its initial learning rate."""

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, steps: int) -> None:
        self.schedule = schedule
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        return self.schedule(keras.ops.maximum(step - self.steps, 0))

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("a network of HiddenCode is not saved with its optimiser.")
