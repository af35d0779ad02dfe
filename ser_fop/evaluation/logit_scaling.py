"""Calibration of probabilities: one temperature, and for networks of several corpora a bias of each class.

Reference:
    Guo et al., On calibration of modern neural networks, ICML 2017.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import optimize, special

from ser_fop.evaluation.predictions import Prediction

_BOUNDS = (math.log(0.05), math.log(20.0))
_MOST_BIAS = 5.0
# Tables round probabilities to six digits or fewer.
_LEAST_PROBABILITY = 1e-7


@dataclasses.dataclass(frozen=True, kw_only=True)
class LogitScaling:
    """Change of logits before the softmax: `logits / temperature + bias`.

    Attributes:
        temperature: The divisor.
        bias: Number added for each class; empty for none.
    """

    temperature: float
    bias: tuple[float, ...] = ()


def fit_scaling(predictions: Sequence[Prediction], labels: Sequence[str], *, with_bias: bool = False) -> LogitScaling:
    """Return the scaling with the highest likelihood of the true classes; each corpus has the same weight.

    Args:
        predictions: Predictions of speakers that the network has not seen, with probabilities.
        labels: The classes, in the order of the probabilities.
        with_bias: Whether to fit a bias for each class. A network of several corpora needs it: a class that few of
            them have was not trained against the utterances of the others.
    """
    logs = _logs(predictions)
    true = np.array([labels.index(item.label) for item in predictions])
    counts = Counter(_corpus(item) for item in predictions)
    weights = np.array([1 / counts[_corpus(item)] for item in predictions]) / len(counts)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        inverse = math.exp(-parameters[0])
        scaled = logs * inverse + (parameters[1:] if with_bias else 0.0)
        excess = np.exp(special.log_softmax(scaled, axis=1))
        value = -float(weights @ np.log(np.maximum(excess[np.arange(len(true)), true], 1e-300)))
        excess[np.arange(len(true)), true] -= 1.0
        weighed = weights[:, np.newaxis] * excess
        slope = -inverse * float((weighed * logs).sum())
        return value, np.concatenate([[slope], weighed.sum(axis=0) if with_bias else []])

    classes = len(labels) if with_bias else 0
    bounds = [_BOUNDS, *[(-_MOST_BIAS, _MOST_BIAS)] * classes]
    found = optimize.minimize(loss, np.zeros(1 + classes), jac=True, method="L-BFGS-B", bounds=bounds).x
    bias = found[1:] - found[1:].mean() if with_bias else ()
    return LogitScaling(temperature=math.exp(found[0]), bias=tuple(map(float, bias)))


def scaled_predictions(
    predictions: Sequence[Prediction], scaling: LogitScaling, labels: Sequence[str]
) -> list[Prediction]:
    """Return predictions with scaled probabilities. With a bias, the most probable class is predicted.

    Args:
        predictions: Predictions with probabilities.
        scaling: The scaling.
        labels: The classes, in the order of the probabilities.
    """
    logits = _logs(predictions) / scaling.temperature + (np.array(scaling.bias) if scaling.bias else 0.0)
    shares = special.softmax(logits, axis=1)
    return [
        dataclasses.replace(
            item,
            probabilities=tuple(map(float, row)),
            predicted=labels[int(row.argmax())] if scaling.bias else item.predicted,
        )
        for item, row in zip(predictions, shares, strict=True)
    ]


def scale_folds(
    predictions: Sequence[Prediction], labels: Sequence[str], *, with_bias: bool = False
) -> tuple[LogitScaling, list[Prediction]]:
    """Calibrate predictions of several folds, each fold by the scaling of the others.

    Args:
        predictions: Predictions of all folds; of one fold, the speakers take the place of folds.
        labels: The classes, in the order of the probabilities.
        with_bias: As for `fit_scaling`.

    Returns:
        The scaling of all predictions, for a network that is trained on all speakers, and the calibrated predictions,
        for an honest calibration error. A single fold of a single speaker is calibrated by itself.
    """
    by_fold = len({item.fold for item in predictions}) > 1
    parts: dict[Any, list[Prediction]] = {}
    for item in predictions:
        parts.setdefault(item.fold if by_fold else item.speaker, []).append(item)
    calibrated = []
    for part, items in parts.items():
        others = [item for other, held in parts.items() if other != part for item in held]
        calibrated += scaled_predictions(items, fit_scaling(others or items, labels, with_bias=with_bias), labels)
    return fit_scaling(predictions, labels, with_bias=with_bias), calibrated


def _logs(predictions: Sequence[Prediction]) -> np.ndarray:
    return np.log(np.maximum([item.probabilities for item in predictions], _LEAST_PROBABILITY))


def _corpus(item: Prediction) -> str:
    """Return the corpus of a joined speaker, `corpus:speaker`; all others are of one corpus."""
    return item.speaker.partition(":")[0] if ":" in item.speaker else ""
