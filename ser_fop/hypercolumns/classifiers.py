"""Scikit-learn classifiers on pooled hypercolumns. No TensorFlow."""

import warnings
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
# Above this number of training utterances the kernel matrix does not stay in memory (10,000 need 800 MB).
_MAX_KERNEL_UTTERANCES = 10_000
# scikit-learn types that skops does not trust by default.
_TRUSTED_TYPES = frozenset(
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
    """Choose the C of an RBF support vector machine (SVM) on the validation speakers.

    The kernel matrix is computed once for all values of C, if it fits into memory. libsvm
    would compute it again for each value and for each pair of classes.

    Args:
        train: Features (utterances, width) of the training speakers.
        train_labels: Their labels.
        validation: Features of the validation speakers.
        validation_labels: Their labels.
        costs: Values of C to try.

    Returns:
        The unfitted pipeline with the best C (the smaller C in a tie), and the validation
        accuracy by C.
    """
    if len(train) > _MAX_KERNEL_UTTERANCES:
        fitted, accuracy = choose_cost(
            lambda cost: SVC(C=cost), train, train_labels, validation, validation_labels, costs=costs
        )
        return clone(fitted), accuracy
    scaler = StandardScaler().fit(train)
    x_train, x_validation = (scaler.transform(features).astype(np.float64) for features in (train, validation))
    gamma = 1.0 / (x_train.shape[1] * (x_train.var() or 1.0))  # `scale`, the default of SVC
    train_kernel = rbf_kernel(x_train, gamma=gamma)
    validation_kernel = rbf_kernel(x_validation, x_train, gamma=gamma)
    accuracy = {}
    for cost in sorted(costs):
        svm = SVC(C=cost, kernel="precomputed").fit(train_kernel, train_labels)
        accuracy[cost] = float(svm.score(validation_kernel, validation_labels))
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
    """Fit a classifier on standardised features, and choose its C on the validation speakers.

    The classifier with the best validation accuracy wins; in a tie, the smaller C wins. The
    test speakers are not used.

    Args:
        estimator_of: Function that returns an unfitted classifier for a value of C.
        train: Features (utterances, width) of the training speakers.
        train_labels: Their labels.
        validation: Features of the validation speakers.
        validation_labels: Their labels.
        costs: Values of C to try.

    Returns:
        The pipeline fitted on the training speakers, and the validation accuracy by C.
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
    svm: Pipeline, features: np.ndarray, labels: np.ndarray, speakers: np.ndarray, *, name: str = "this fold"
) -> CalibratedClassifierCV:
    """Fit an SVM, and calibrate its probabilities by cross-validation over speakers.

    Args:
        svm: The pipeline that `choose_svm` returned. It is not changed.
        features: Features of the training speakers.
        labels: Their labels.
        speakers: Their speakers.
        name: Name of the fold, for messages.

    Returns:
        A fitted estimator with probabilities computed from the SVM's decision values. The
        most probable class may differ from the prediction of the SVM itself (see `svm_of`).

    Raises:
        InputError: If a class has only one training utterance.
    """
    count = min(_CALIBRATION_FOLDS, len(np.unique(speakers)))
    with warnings.catch_warnings():
        # A class with fewer members than folds is handled below.
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        splits = list(StratifiedGroupKFold(count).split(features, labels, groups=speakers)) if count > 1 else []
    classes = len(np.unique(labels))
    if not splits or any(len(np.unique(labels[train])) < classes for train, _ in splits):
        # With few speakers a speaker fold can lose a class. Then the folds are over utterances.
        names, counts = np.unique(labels, return_counts=True)
        rarest = int(counts.min())
        if rarest < 2:
            raise InputError(
                f"{name}: the SVM's probabilities need at least two training utterances of each class, received one of"
                f" {str(names[counts.argmin()])!r}. Choose another fold or classifier."
            )
        splits = list(StratifiedKFold(min(_CALIBRATION_FOLDS, rarest)).split(features, labels))
    return CalibratedClassifierCV(svm, cv=splits, ensemble=False).fit(features, labels)


def svm_of(calibrated: CalibratedClassifierCV) -> Pipeline:
    """Return the SVM that `calibrate_svm` fitted on all training utterances."""
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
        seed: Random seed of the forest.
    """
    return RandomForestClassifier(settings.rf_trees, random_state=seed, n_jobs=-1).fit(features, labels)


def write_estimator(path: Path, estimator: object) -> Path:
    """Write a fitted scikit-learn estimator with skops, compressed and without pickle; return the path."""
    skops.io.dump(estimator, path, compression=zipfile.ZIP_DEFLATED)
    return path


def read_estimator(path: Path) -> Any:
    """Read an estimator that `write_estimator` wrote.

    Reading runs no code and accepts scikit-learn types only.

    Raises:
        InputError: If the file is missing or damaged, or contains another type.
    """
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - _TRUSTED_TYPES)
        if not foreign:
            return skops.io.load(path, trusted=sorted(_TRUSTED_TYPES))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as a classifier ({error}). Run `ser-fop classify` again.") from error
    raise InputError(
        f"{path} expected scikit-learn types only, received {', '.join(foreign)}. Use a file of `ser-fop classify`."
    )
