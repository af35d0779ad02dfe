"""Do probabilities mean what they say? Reliability curve and expected calibration error."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ser_fop.evaluation.predictions import Prediction

BINS = 15


def calibration(predictions: Collection[Prediction], labels: Sequence[str], *, bins: int = BINS) -> dict[str, Any]:
    """Return how well the probability of the answer given agrees with how often it is right.

    Args:
        predictions: One or several repeats.
        labels: The classes, in the order of the probabilities.
        bins: Bins of equal width between 0 and 1.

    Returns:
        `ece`, the expected calibration error: the mean distance between confidence and accuracy of a bin, weighted
        by its utterances (Naeini et al. 2015); `bins`, of each that is not empty: `confidence`, `accuracy`, `count`.
    """
    index = {label: number for number, label in enumerate(labels)}
    confidence = np.array([item.probabilities[index[item.predicted]] for item in predictions])
    right = np.array([item.predicted == item.label for item in predictions], dtype=float)
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = [
        {
            "confidence": float(confidence[place == number].mean()),
            "accuracy": float(right[place == number].mean()),
            "count": int((place == number).sum()),
        }
        for number in np.unique(place)
    ]
    error = sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / len(right)
    return {"ece": float(error), "bins": rows}
