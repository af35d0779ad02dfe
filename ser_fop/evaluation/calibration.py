"""Calibration of probabilities: reliability curve and expected calibration error."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from ser_fop.evaluation.predictions import Prediction

BINS = 15


def calibration(predictions: Collection[Prediction], labels: Sequence[str], *, bins: int = BINS) -> dict[str, Any]:
    """Return the agreement between the probability of the predicted class and its accuracy.

    Args:
        predictions: Predictions of one or several repeats.
        labels: The classes, in the order of the probabilities.
        bins: Number of bins of equal width between 0 and 1.

    Returns:
        `ece`, the expected calibration error: the mean distance between the confidence and the accuracy of a bin,
        weighted by its number of utterances (Naeini et al. 2015). `bins`: `confidence`, `accuracy` and `count` of
        each bin that is not empty.
    """
    index = {label: number for number, label in enumerate(labels)}
    confidence = np.array([item.probabilities[index[item.predicted]] for item in predictions])
    correct = np.array([item.predicted == item.label for item in predictions], dtype=float)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = [
        {
            "confidence": float(confidence[bin_of == number].mean()),
            "accuracy": float(correct[bin_of == number].mean()),
            "count": int((bin_of == number).sum()),
        }
        for number in np.unique(bin_of)
    ]
    error = sum(row["count"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / len(correct)
    return {"ece": float(error), "bins": rows}
