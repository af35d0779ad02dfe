"""Probabilities and answers of fitted scikit-learn classifiers, in the order of the labels of a corpus."""

import numpy as np
from sklearn.base import ClassifierMixin


def probabilities_in_order(estimator: ClassifierMixin, features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return class probabilities in the order of labels, (utterances, classes).

    Args:
        estimator: Fitted classifier.
        features: Features, (utterances, width).
        labels: All classes; one without training utterances has probability 0.
    """
    return _in_order(estimator.predict_proba(features), estimator, labels, missing=0.0)


def answers_among(
    estimator: ClassifierMixin, features: np.ndarray, labels: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Return the predicted labels, each among the classes that the corpus of the utterance has.

    Args:
        estimator: Fitted classifier: an SVM, a logistic regression or a random forest.
        features: Features, (utterances, width).
        labels: All classes.
        known: Whether the corpus of an utterance has a class, (utterances, classes).
    """
    # `predict` of an SVM knows no subset of the classes, and Platt's probabilities may rank the classes in another
    # order than the SVM does. Its decision has one value for each class: the votes of the pairs and their confidence.
    if hasattr(estimator, "decision_function"):
        values = estimator.decision_function(features)
        values = np.stack([-values, values], axis=1) if values.ndim == 1 else values  # two classes have one value
    else:
        values = estimator.predict_proba(features)
    # A known class without training utterances ranks below all others, but above the unknown ones.
    ranked = _in_order(values, estimator, labels, missing=np.finfo(values.dtype).min)
    return labels[np.argmax(np.where(known, ranked, -np.inf), axis=1)]


def _in_order(values: np.ndarray, estimator: ClassifierMixin, labels: np.ndarray, *, missing: float) -> np.ndarray:
    classes = list(estimator.classes_)
    order = [classes.index(label) if label in classes else -1 for label in labels]
    return np.pad(values, ((0, 0), (0, 1)), constant_values=missing)[:, order]
