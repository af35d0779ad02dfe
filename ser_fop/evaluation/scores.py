"""Scores of a classifier's predictions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score


def classification_scores(true: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """Return the scores of a classifier for `metrics.json`.

    Args:
        true: True label of each utterance.
        predicted: Predicted label of each utterance.
        labels: The classes, in order.

    Returns:
        `wa`, the accuracy; `ua`, the mean recall over the classes that occur; `macro_f1`; `n`, the number of
        utterances; `labels`; `recall` by class (None if a class does not occur); `confusion`, the confusion matrix
        with true classes as rows and predicted classes as columns.
    """
    labels = list(labels)
    present = [label for label in labels if label in set(true)]
    recalls = recall_score(true, predicted, labels=present, average=None, zero_division=0.0)
    recall = dict.fromkeys(labels) | {label: float(value) for label, value in zip(present, recalls, strict=True)}
    return {
        "wa": float(accuracy_score(true, predicted)),
        "ua": float(recalls.mean()),
        "macro_f1": float(f1_score(true, predicted, labels=present, average="macro", zero_division=0.0)),
        "n": len(true),
        "labels": labels,
        "recall": recall,
        "confusion": confusion_matrix(true, predicted, labels=labels).tolist(),
    }


def top_accuracy(true: Sequence[str], probabilities: np.ndarray, labels: Sequence[str], *, count: int = 5) -> float:
    """Return the share of utterances whose class is among the most probable ones.

    Args:
        true: True label of each utterance.
        probabilities: Probability of each class, (utterances, classes).
        labels: The classes, in order.
        count: Number of classes to look at.

    Example:
        >>> top_accuracy(["a", "c"], np.array([[0.5, 0.3, 0.2], [0.6, 0.3, 0.1]]), ["a", "b", "c"], count=2)
        0.5
    """
    place = {label: number for number, label in enumerate(labels)}
    ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, :count]
    return float((ranked == np.array([[place[label]] for label in true])).any(axis=1).mean())


def chance_scores(train: Sequence[str], test: Sequence[str], labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the scores of two controls that ignore the audio.

    Args:
        train: Labels of the training utterances.
        test: Labels of the test utterances.
        labels: The classes.

    Returns:
        `chance`, the expected scores of uniform guessing; `majority`, the scores of always predicting the most
        frequent training class.
    """
    most = max(labels, key=lambda label: (list(train).count(label), -list(labels).index(label)))
    share = 1.0 / len(labels)
    return {
        "chance": {"wa": share, "ua": share, "n": len(test)},
        "majority": {**classification_scores(test, [most] * len(test), labels), "label": most},
    }
