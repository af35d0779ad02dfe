"""Scores of a prediction table for each corpus."""

from collections.abc import Sequence
from typing import Any

from ser_fop.evaluation.predictions import Prediction, score_predictions

_KEYS = ("wa", "ua", "macro_f1", "n", "recall")


def scores_by_corpus(predictions: Sequence[Prediction], labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the scores of each corpus, by its name.

    Args:
        predictions: Predictions with speakers `corpus:speaker`.
        labels: The classes, in order.

    Returns:
        By corpus: `wa`, `ua`, `macro_f1`, `n` and `recall`, as `classification_scores` returns them, and `chance`, the
        expected UA of a guess among the classes of this corpus.
    """
    found: dict[str, list[Prediction]] = {}
    for item in predictions:
        found.setdefault(item.speaker.partition(":")[0], []).append(item)
    described = {}
    for corpus, items in found.items():
        scores = score_predictions(items, labels)
        described[corpus] = {key: scores[key] for key in _KEYS} | {"chance": 1 / len({item.label for item in items})}
    return described
