"""Several classifiers asked as one: the mean of what they say."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from ser_fop.evaluation.predictions import Prediction

# A probability of zero says "not sure", not "never": written with few digits, it must not outvote the rest.
_LEAST = 1e-4


def together(repeats: Sequence[Sequence[Prediction]], labels: Sequence[str]) -> list[Prediction]:
    """Return the answers of several runs as those of one system: the mean of their log-probabilities decides.

    Args:
        repeats: What each run said, of the same utterances.
        labels: The classes, in the order of the probabilities.

    Returns:
        A prediction an utterance, in the order of the first run and with its seed; probabilities sum to one.

    Raises:
        ValueError: If the runs did not answer the same utterances, or one has no probabilities.
    """
    answers = [{item.id: item for item in predictions} for predictions in repeats]
    if any(set(one) != set(answers[0]) for one in answers):
        raise ValueError("the runs did not answer the same utterances.")
    ids = list(answers[0])
    probabilities = np.array([[one[name].probabilities for name in ids] for one in answers])
    if probabilities.shape[-1] != len(labels):
        raise ValueError(f"expected probabilities of {len(labels)} classes, received {probabilities.shape[-1]}.")
    logarithms = np.log(np.maximum(probabilities, _LEAST)).mean(axis=0)
    joined = np.exp(logarithms - logarithms.max(axis=-1, keepdims=True))
    joined /= joined.sum(axis=-1, keepdims=True)
    return [
        dataclasses.replace(
            answers[0][name], predicted=labels[int(np.argmax(values))], probabilities=tuple(map(float, values))
        )
        for name, values in zip(ids, joined, strict=True)
    ]
