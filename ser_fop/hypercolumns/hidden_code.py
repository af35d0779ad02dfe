"""The hidden code of a network trained on vectors, as a step of a scikit-learn pipeline."""

from typing import Any

import keras
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

_NUMBERS = [np.float64, np.float32]


class HiddenCode(TransformerMixin, BaseEstimator):
    """Trains a network on standardised vectors, and gives its top hidden layer.

    Fitting seeds Keras. The fitted transformer holds
    arrays alone, and transforms without TensorFlow.

    Args:
        widths: Of the hidden layers; the last is the code.
        noise: Deviation of the noise in training.
        epochs: Passes over the vectors.
        batch_size: Vectors in a batch, at most.
        learning_rate: Adam's, for two thirds of the training; then it falls to 0 in a line.
        random_state: Seed of initialisation, shuffling and noise.

    Attributes:
        scaler_: What standardises, fitted on the training vectors.
        layers_: `kernel` and `bias` of each hidden layer, from below.
        parameters_: Weights of the hidden layers: what answers.
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
        """Train on vectors (utterances, width), their labels, and vectors without labels.

        Args:
            X: Vectors of the training speakers.
            y: Their labels.
            unlabelled: More vectors, (utterances, width).
        """
        X = validate_data(self, X, dtype=_NUMBERS, ensure_min_samples=2)
        more = np.zeros((0, X.shape[1])) if unlabelled is None else np.asarray(unlabelled)
        self.scaler_ = StandardScaler().fit(X)
        vectors = self.scaler_.transform(np.concatenate([X, more])).astype(np.float32)
        keras.utils.set_random_seed(self.random_state)
        batches = -(-len(vectors) // self.batch_size)
        # Batches of like size: of a last one of a single vector nothing could be normalised.
        batch_size = -(-len(vectors) // batches)
        steps = self.epochs * -(-len(vectors) // batch_size)
        rate = keras.optimizers.schedules.PolynomialDecay(self.learning_rate, max(1, steps // 3), 0.0)
        flat = steps - max(1, steps // 3)
        optimizer = keras.optimizers.Adam(_DelayedSchedule(rate, flat))
        network = self._train(vectors, y, unlabelled=len(more), batch_size=batch_size, optimizer=optimizer)
        self.layers_ = network.encoder_arrays()
        self.parameters_ = sum(values.size for layer in self.layers_ for values in layer.values())
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return the codes, (utterances, the last width)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=_NUMBERS)
        values = self.scaler_.transform(X)
        for layer in self.layers_:
            values = np.maximum(values @ layer["kernel"] + layer["bias"], 0.0)
        return values.astype(X.dtype)

    def _train(
        self,
        vectors: np.ndarray,
        labels: Any,
        *,
        unlabelled: int,
        batch_size: int,
        optimizer: keras.optimizers.Optimizer,
    ) -> keras.Model:
        """Return a network trained on vectors, of which so many, the last, have no label."""
        raise NotImplementedError


class _DelayedSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that begins after so many steps of its first rate."""

    def __init__(self, schedule: keras.optimizers.schedules.LearningRateSchedule, steps: int) -> None:
        self.schedule = schedule
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        return self.schedule(keras.ops.maximum(step - self.steps, 0))

    def get_config(self) -> dict[str, Any]:
        raise NotImplementedError("it is not saved.")
