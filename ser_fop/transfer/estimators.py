"""Scikit-learn classifiers on pooled hypercolumns. No TensorFlow."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_fop.errors import InputError
from ser_fop.settings import ClassifierSettings

_CALIBRATION_FOLDS = 4
# Parts of scikit-learn that skops does not trust of itself.
_OWN = frozenset(
    {
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.calibration._SigmoidCalibration",
        "sklearn.tree._tree.Tree",
    }
)


def choose_svm(
    train: np.ndarray,
    train_labels: np.ndarray,
    validation: np.ndarray,
    validation_labels: np.ndarray,
    *,
    costs: Sequence[float],
) -> tuple[Pipeline, dict[float, float]]:
    """Fit an RBF support vector machine, its C chosen by validation speakers.

    Args and result are those of `choose_cost`.
    """
    return choose_cost(lambda cost: SVC(C=cost), train, train_labels, validation, validation_labels, costs=costs)


def choose_cost(
    estimator_of: Callable[[float], ClassifierMixin],
    train: np.ndarray,
    train_labels: np.ndarray,
    validation: np.ndarray,
    validation_labels: np.ndarray,
    *,
    costs: Sequence[float],
) -> tuple[Pipeline, dict[float, float]]:
    """Fit a classifier on standardised features, its C chosen by validation speakers.

    The one with the best accuracy on the validation speakers is kept, the smaller C in
    a tie; the test speakers are never seen.

    Args:
        estimator_of: Returns the classifier of a C.
        train: Features (utterances, width) of the training speakers.
        train_labels: Their labels.
        validation: Features of the validation speakers.
        validation_labels: Their labels.
        costs: Values of C to try.

    Returns:
        The pipeline fitted on the training speakers, and the accuracy by C.
    """
    accuracy = {}
    fitted = {}
    for cost in sorted(costs):
        fitted[cost] = make_pipeline(StandardScaler(), estimator_of(cost)).fit(train, train_labels)
        accuracy[cost] = float(fitted[cost].score(validation, validation_labels))
    best = max(accuracy, key=lambda cost: (accuracy[cost], -cost))
    return fitted[best], accuracy


def calibrate_svm(
    svm: Pipeline, features: np.ndarray, labels: np.ndarray, speakers: np.ndarray
) -> CalibratedClassifierCV:
    """Fit probabilities for an SVM over speaker folds of its training data.

    Args:
        svm: The pipeline that `choose_svm` fitted.
        features: Features of the training speakers.
        labels: Their labels.
        speakers: Their speakers.

    Returns:
        A fitted estimator whose probabilities follow the SVM's decision values; the
        answer remains the SVM's own.
    """
    count = min(_CALIBRATION_FOLDS, len(np.unique(speakers)))
    splits = list(StratifiedGroupKFold(count).split(features, labels, groups=speakers)) if count > 1 else []
    classes = len(np.unique(labels))
    if not splits or any(len(np.unique(labels[train])) < classes for train, _ in splits):
        # A class that few speakers have would be missing from a fold: utterances then have to do.
        rarest = int(np.unique(labels, return_counts=True)[1].min())
        if rarest < 2:
            raise InputError("the SVM's probabilities need at least two training utterances of each class.")
        splits = list(StratifiedKFold(min(_CALIBRATION_FOLDS, rarest)).split(features, labels))
    return CalibratedClassifierCV(svm, cv=splits, ensemble=False).fit(features, labels)


def fit_forest(
    features: np.ndarray, labels: np.ndarray, *, settings: ClassifierSettings, seed: int
) -> RandomForestClassifier:
    """Fit a random forest.

    Args:
        features: Features of the training speakers, (utterances, width).
        labels: Their labels.
        settings: Number of trees.
        seed: Its randomness.
    """
    return RandomForestClassifier(settings.rf_trees, random_state=seed, n_jobs=-1).fit(features, labels)


def write_estimator(path: Path, estimator: object) -> None:
    """Write a fitted scikit-learn estimator, without pickle."""
    skops.io.dump(estimator, path)


def read_estimator(path: Path) -> Any:
    """Read what `write_estimator` wrote; no code is run, and no other type than scikit-learn's is let in.

    Raises:
        InputError: If it is missing, damaged, or holds anything else.
    """
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - _OWN)
        if not foreign:
            return skops.io.load(path, trusted=sorted(_OWN))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as a classifier ({error}). Run `ser-fop classify` again.") from error
    raise InputError(f"{path} holds types that no classifier of `ser-fop classify` has: {', '.join(foreign)}.")
