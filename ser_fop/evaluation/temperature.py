"""Calibration of probabilities by one temperature.

Reference:
    Guo et al., On calibration of modern neural networks, ICML 2017.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import optimize

from ser_fop.evaluation.predictions import Prediction

_LOWEST, _HIGHEST = 0.05, 20.0
# Tables round probabilities to six digits or fewer.
_LEAST_PROBABILITY = 1e-7


def fit_temperature(predictions: Sequence[Prediction], labels: Sequence[str]) -> float:
    """Return the temperature with the highest likelihood of the true classes.

    Args:
        predictions: Predictions of speakers that the network has not seen, with probabilities.
        labels: The classes, in the order of the probabilities.
    """
    logs = np.log(np.maximum([item.probabilities for item in predictions], _LEAST_PROBABILITY))
    true = np.array([labels.index(item.label) for item in predictions])

    def negative_log_likelihood(log_temperature: float) -> float:
        scaled = logs / math.exp(log_temperature)
        return float(np.mean(np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(true)), true]))

    bounds = (math.log(_LOWEST), math.log(_HIGHEST))
    found = optimize.minimize_scalar(negative_log_likelihood, bounds=bounds, method="bounded")
    return math.exp(found.x)


def at_temperature(predictions: Sequence[Prediction], temperature: float) -> list[Prediction]:
    """Return predictions with the probabilities softmax(log p / temperature); the predicted classes stay."""
    powers = np.maximum([item.probabilities for item in predictions], 0.0) ** (1.0 / temperature)
    shares = powers / powers.sum(axis=1, keepdims=True)
    return [
        dataclasses.replace(item, probabilities=tuple(map(float, row)))
        for item, row in zip(predictions, shares, strict=True)
    ]


def calibrate_folds(predictions: Sequence[Prediction], labels: Sequence[str]) -> tuple[float, list[Prediction]]:
    """Calibrate predictions of several folds, each fold by the temperature of the others.

    Args:
        predictions: Predictions of all folds; of one fold, the speakers take the place of folds.
        labels: The classes, in the order of the probabilities.

    Returns:
        The temperature of all predictions, for a network that is trained on all speakers, and the calibrated
        predictions, for an honest calibration error. A single fold of a single speaker is calibrated by itself.
    """
    by_fold = len({item.fold for item in predictions}) > 1
    parts: dict[Any, list[Prediction]] = {}
    for item in predictions:
        parts.setdefault(item.fold if by_fold else item.speaker, []).append(item)
    calibrated = []
    for part, items in parts.items():
        others = [item for other, held in parts.items() if other != part for item in held]
        calibrated += at_temperature(items, fit_temperature(others or items, labels))
    return fit_temperature(predictions, labels), calibrated
