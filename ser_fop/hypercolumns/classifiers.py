"""Scikit-learn classifiers on pooled hypercolumns. No TensorFlow."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.base import ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from ser_fop.config.settings import ClassifierSettings
from ser_fop.errors import InputError

_CALIBRATION_FOLDS = 4
# Training utterances whose kernel is held whole: 800 MB.
_MOST_IN_A_KERNEL = 10_000
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
    """Choose an RBF support vector machine's C by validation speakers.

    As long as it fits into memory, the kernel is computed once for all values, which libsvm
    would do for each of them and for each pair of classes anew.

    Args:
        train: Features (utterances, width) of the training speakers.
        train_labels: Their labels.
        validation: Features of the validation speakers.
        validation_labels: Their labels.
        costs: Values of C to try.

    Returns:
        The pipeline with the best C, the smaller one in a tie, not fitted yet; and the
        accuracy by C.
    """
    if len(train) > _MOST_IN_A_KERNEL:
        fitted, accuracy = choose_cost(
            lambda cost: SVC(C=cost), train, train_labels, validation, validation_labels, costs=costs
        )
        return clone(fitted), accuracy
    scaler = StandardScaler().fit(train)
    known, asked = (scaler.transform(features).astype(np.float64) for features in (train, validation))
    gamma = 1.0 / (known.shape[1] * (known.var() or 1.0))  # `scale`, which is SVC's default
    among, towards = rbf_kernel(known, gamma=gamma), rbf_kernel(asked, known, gamma=gamma)
    accuracy = {}
    for cost in sorted(costs):
        svm = SVC(C=cost, kernel="precomputed").fit(among, train_labels)
        accuracy[cost] = float(svm.score(towards, validation_labels))
    return make_pipeline(StandardScaler(), SVC(C=_best(accuracy))), accuracy


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
    return fitted[_best(accuracy)], accuracy


def _best(accuracy: Mapping[float, float]) -> float:
    return max(accuracy, key=lambda cost: (accuracy[cost], -cost))


def calibrate_svm(
    svm: Pipeline, features: np.ndarray, labels: np.ndarray, speakers: np.ndarray
) -> CalibratedClassifierCV:
    """Fit an SVM, and its probabilities over speaker folds of its training data.

    Args:
        svm: The pipeline that `choose_svm` chose; it stays as it is.
        features: Features of the training speakers.
        labels: Their labels.
        speakers: Their speakers.

    Returns:
        A fitted estimator whose probabilities follow the SVM's decision values; `svm_of`
        is the SVM, whose answers may differ.
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


def svm_of(calibrated: CalibratedClassifierCV) -> Pipeline:
    """Return the SVM that `calibrate_svm` fitted on all its training data."""
    (fitted,) = calibrated.calibrated_classifiers_
    return fitted.estimator


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
