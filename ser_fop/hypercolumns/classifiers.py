"""Scikit-learn classifiers on pooled hypercolumns. No TensorFlow."""

import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
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

# Share of the utterances that a fitted classifier answers correctly: of the classifier, features and labels.
Accuracy = Callable[[ClassifierMixin, np.ndarray, np.ndarray], float]
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


def plain_accuracy(estimator: ClassifierMixin, features: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of utterances that a fitted classifier answers correctly.

    Args:
        estimator: The fitted classifier.
        features: Features, (utterances, width).
        labels: Their labels.
    """
    return float(estimator.score(features, labels))


def choose_svm(
    train: np.ndarray,
    train_labels: np.ndarray,
    validation: np.ndarray,
    validation_labels: np.ndarray,
    *,
    costs: Sequence[float],
    weights: np.ndarray | None = None,
    accuracy_of: Accuracy = plain_accuracy,
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
        weights: Weights of the training utterances; None if all have the same weight.
        accuracy_of: Accuracy on the validation speakers.

    Returns:
        The unfitted pipeline with the best C (the smaller C in a tie), and the validation
        accuracy by C.
    """
    if len(train) > _MAX_KERNEL_UTTERANCES:
        fitted, accuracy = choose_cost(
            lambda cost: SVC(C=cost),
            train,
            train_labels,
            validation,
            validation_labels,
            costs=costs,
            weights=weights,
            accuracy_of=accuracy_of,
        )
        return clone(fitted), accuracy
    scaler = StandardScaler().fit(train)
    x_train, x_validation = (scaler.transform(features).astype(np.float64) for features in (train, validation))
    gamma = 1.0 / (x_train.shape[1] * (x_train.var() or 1.0))  # `scale`, the default of SVC
    train_kernel = rbf_kernel(x_train, gamma=gamma)
    validation_kernel = rbf_kernel(x_validation, x_train, gamma=gamma)
    accuracy = {}
    for cost in sorted(costs):
        svm = SVC(C=cost, kernel="precomputed").fit(train_kernel, train_labels, sample_weight=weights)
        accuracy[cost] = accuracy_of(svm, validation_kernel, validation_labels)
    return make_pipeline(StandardScaler(), SVC(C=_best(accuracy))), accuracy


def choose_cost(
    estimator_of: Callable[[float], ClassifierMixin],
    train: np.ndarray,
    train_labels: np.ndarray,
    validation: np.ndarray,
    validation_labels: np.ndarray,
    *,
    costs: Sequence[float],
    weights: np.ndarray | None = None,
    accuracy_of: Accuracy = plain_accuracy,
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
        weights: Weights of the training utterances; None if all have the same weight.
        accuracy_of: Accuracy on the validation speakers.

    Returns:
        The pipeline fitted on the training speakers, and the validation accuracy by C.
    """
    accuracy = {}
    fitted = {}
    for cost in sorted(costs):
        pipeline = make_pipeline(StandardScaler(), estimator_of(cost))
        fitted[cost] = fit_weighted(pipeline, train, train_labels, weights)
        accuracy[cost] = accuracy_of(fitted[cost], validation, validation_labels)
    return fitted[_best(accuracy)], accuracy


def fit_weighted(pipeline: Pipeline, features: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> Pipeline:
    """Fit a pipeline whose last step is a classifier, and return it.

    Args:
        pipeline: The pipeline.
        features: Features of the training speakers, (utterances, width).
        labels: Their labels.
        weights: Weights of the utterances in the classifier; None if all have the same weight.
    """
    return pipeline.fit(features, labels, **_of_last_step(pipeline, weights))


def _of_last_step(pipeline: Pipeline, weights: np.ndarray | None) -> dict[str, np.ndarray]:
    """Return the arguments of `fit` that give weights to the classifier of a pipeline."""
    return {} if weights is None else {f"{pipeline.steps[-1][0]}__sample_weight": weights}


def _best(accuracy: Mapping[float, float]) -> float:
    return max(accuracy, key=lambda cost: (accuracy[cost], -cost))


def calibrate_svm(
    svm: Pipeline,
    features: np.ndarray,
    labels: np.ndarray,
    speakers: np.ndarray,
    *,
    weights: np.ndarray | None = None,
    name: str = "this fold",
) -> CalibratedClassifierCV:
    """Fit an SVM, and calibrate its probabilities by cross-validation over speakers.

    Args:
        svm: The pipeline that `choose_svm` returned. It is not changed.
        features: Features of the training speakers.
        labels: Their labels.
        speakers: Their speakers.
        weights: Their weights, in the SVM and in its calibration; None if all have the same weight.
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
    with warnings.catch_warnings():
        # `sample_weight` reaches only the calibration; the SVM receives its weights by the name of its step.
        warnings.filterwarnings("ignore", message="Since Pipeline does not appear to accept", category=UserWarning)
        return CalibratedClassifierCV(svm, cv=splits, ensemble=False).fit(
            features, labels, sample_weight=weights, **_of_last_step(svm, weights)
        )


def svm_of(calibrated: CalibratedClassifierCV) -> Pipeline:
    """Return the SVM that `calibrate_svm` fitted on all training utterances."""
    (fitted,) = calibrated.calibrated_classifiers_
    return fitted.estimator


def fit_forest(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    settings: ClassifierSettings,
    seed: int,
    weights: np.ndarray | None = None,
) -> RandomForestClassifier:
    """Fit a random forest.

    Args:
        features: Features of the training speakers, (utterances, width).
        labels: Their labels.
        settings: Number of trees.
        seed: Random seed of the forest.
        weights: Weights of the utterances; None if all have the same weight.
    """
    forest = RandomForestClassifier(settings.rf_trees, random_state=seed, n_jobs=-1)
    return forest.fit(features, labels, sample_weight=weights)


def write_estimator(path: Path, estimator: object) -> Path:
    """Write a fitted scikit-learn estimator with skops, compressed and without pickle; return the path."""
    import skops.io  # takes a second

    skops.io.dump(estimator, path, compression=zipfile.ZIP_DEFLATED)
    return path


def read_estimator(path: Path) -> Any:
    """Read an estimator that `write_estimator` wrote.

    Reading runs no code and accepts scikit-learn types only.

    Raises:
        InputError: If the file is missing or damaged, or contains another type.
    """
    import skops.io  # takes a second

    try:
        foreign = sorted(set(skops.io.get_untrusted_types(file=path)) - _TRUSTED_TYPES)
        if not foreign:
            return skops.io.load(path, trusted=sorted(_TRUSTED_TYPES))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read as a classifier ({error}). Run `ser-fop classify` again.") from error
    raise InputError(
        f"{path} expected scikit-learn types only, received {', '.join(foreign)}. Use a file of `ser-fop classify`."
    )
