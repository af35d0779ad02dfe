"""Accuracy of the answers that a classifier is most confident of, by the share of recordings that get one.

Reference:
    Geifman and El-Yaniv, Selective classification for deep neural networks, NeurIPS 2017.
"""

from collections.abc import Sequence

import numpy as np

from ser_fop.evaluation.predictions import Prediction

_HIGHEST_THRESHOLD = 0.9999
COVERAGES = tuple(step / 20 for step in range(1, 21))


def risk_coverage(
    predictions: Sequence[Prediction], *, coverages: Sequence[float] = COVERAGES
) -> list[dict[str, float]]:
    """Return the accuracy of the most confident answers.

    Args:
        predictions: Predictions with calibrated probabilities.
        coverages: Shares of the recordings that get an answer, in (0, 1].

    Returns:
        For each coverage: `coverage`, `threshold`, the lowest confidence among these answers, and `accuracy`.
    """
    confidence = np.array([max(item.probabilities) for item in predictions])
    correct = np.array([item.predicted == item.label for item in predictions])
    order = np.argsort(-confidence, kind="stable")
    rows = []
    for coverage in coverages:
        chosen = order[: max(1, round(coverage * len(order)))]
        rows.append(
            {
                "coverage": coverage,
                "threshold": float(confidence[chosen[-1]]),
                "accuracy": float(correct[chosen].mean()),
            }
        )
    return rows


def threshold_at(predictions: Sequence[Prediction], coverage: float) -> float:
    """Return the confidence below which an answer is `unsure`, so that this share of the recordings gets an answer.

    Args:
        predictions: Predictions with calibrated probabilities.
        coverage: Share of the recordings that get an answer, in (0, 1]. 1 means all: the threshold is 0.
    """
    if coverage >= 1:
        return 0.0
    (row,) = risk_coverage(predictions, coverages=[coverage])
    # Below what float32 and a table of six digits can tell from 1.
    return min(row["threshold"], _HIGHEST_THRESHOLD)
