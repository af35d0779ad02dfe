"""Ensembles of several classifiers, by their mean log-probabilities."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ser_fop.evaluation.predictions import Prediction

# Lower limit of probabilities. Files have few digits, and a probability rounded to zero must not exclude a class.
_MIN_PROBABILITY = 1e-4


def ensemble_predictions(repeats: Sequence[Sequence[Prediction]], labels: Sequence[str]) -> list[Prediction]:
    """Return the predictions of an ensemble of runs: the class of the largest mean log-probability.

    Args:
        repeats: Predictions of each run, for the same utterances.
        labels: The classes, in the order of the probabilities.

    Returns:
        One prediction for each utterance, in the order of the first run and with its seed; probabilities sum to one.

    Raises:
        ValueError: If the runs have different utterances, or a run has no probabilities.
    """
    by_id = [{item.id: item for item in predictions} for predictions in repeats]
    if any(set(one) != set(by_id[0]) for one in by_id):
        raise ValueError(
            "expected runs of the same utterances, received runs of different ones: combine runs of the same folds."
        )
    ids = list(by_id[0])
    probabilities = np.array([[one[name].probabilities for name in ids] for one in by_id])
    if probabilities.shape[-1] != len(labels):
        raise ValueError(f"expected probabilities of {len(labels)} classes, received {probabilities.shape[-1]}.")
    logarithms = np.log(np.maximum(probabilities, _MIN_PROBABILITY)).mean(axis=0)
    joined = np.exp(logarithms - logarithms.max(axis=-1, keepdims=True))
    joined /= joined.sum(axis=-1, keepdims=True)
    return [
        dataclasses.replace(
            by_id[0][name], predicted=labels[int(np.argmax(values))], probabilities=tuple(map(float, values))
        )
        for name, values in zip(ids, joined, strict=True)
    ]
