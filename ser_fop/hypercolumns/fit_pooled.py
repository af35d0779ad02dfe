"""Training of scikit-learn classifiers on pooled features."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from ser_fop.config.stages import ClassifyConfig
from ser_fop.data.records import Records
from ser_fop.hypercolumns.classifiers import (
    calibrate_svm,
    choose_cost,
    choose_svm,
    fit_forest,
    svm_of,
    write_estimator,
)
from ser_fop.hypercolumns.codes import CODE, fitted_code, write_code
from ser_fop.hypercolumns.fitted import ESTIMATOR, FittedClassifier
from ser_fop.hypercolumns.pooled_features import ARRAYS, PooledFeatures, read_pooled
from ser_fop.training.splits.finetuning import DataSplit

_PARTS = ("train", "validation", "test")


def fit_pooled(config: ClassifyConfig, records: Records, split: DataSplit, folder: Path) -> FittedClassifier:
    """Fit and test an SVM, a random forest or a logistic regression on pooled features.

    Features and labels are joined by utterance id.

    Args:
        config: The config of `classify`.
        records: The labelled records.
        split: The training, validation and test utterances.
        folder: Folder to write the classifier to.
    """
    pooled = read_pooled(config.hypercolumns / ARRAYS)
    tested = read_pooled(config.test_hypercolumns / ARRAYS) if config.test_hypercolumns else pooled
    labels = np.array(records.manifest.labels)
    y = {name: labels[list(getattr(split, name).values())] for name in ("train", "validation")}
    x = {
        "train": pooled.of(config.feature, split.train),
        "validation": (pooled if split.validated is records else tested).of(config.feature, split.validation),
        "test": tested.of(config.feature, split.test),
    }
    files, details = [], {}
    if config.code != "none":
        coder = _fit_code(config, records, split, pooled, x["train"], y["train"])
        x = {name: coder.transform(x[name]) for name in _PARTS}
        files = write_code(folder / CODE, coder) if config.keep_classifier else []
        details["parameters"] = coder.parameters_
    speakers = pooled.speakers_of(split.train)
    fitted_x, fitted_y = x["train"], y["train"]
    if config.settings.refit_on_validation:
        fitted_x, fitted_y = np.concatenate([x["train"], x["validation"]]), np.concatenate(list(y.values()))
        speakers = np.concatenate([speakers, pooled.speakers_of(split.validation)])
    search = (x["train"], y["train"], x["validation"], y["validation"])
    estimator, chosen = _fit(config, search, fitted_x, fitted_y, speakers)
    predicted = None
    if config.classifier == "svm":
        predicted = dict(zip(split.test, svm_of(estimator).predict(x["test"]), strict=True))
    if config.keep_classifier:
        files = [write_estimator(folder / ESTIMATOR, estimator), *files]
    return FittedClassifier(
        probabilities=dict(zip(split.test, _probabilities(estimator, x["test"], labels), strict=True)),
        details={**chosen, **details},
        files=files,
        predicted=predicted,
    )


def _fit_code(
    config: ClassifyConfig, records: Records, split: DataSplit, pooled: PooledFeatures, x: np.ndarray, y: np.ndarray
) -> Any:
    """Return the fitted network whose hidden code is classified.

    As in pretraining, the network also sees the utterances of the training and validation
    speakers that belong to no class or to the validation part.
    """
    others = [
        row.id
        for row in records.rows
        if records.qualified_speaker_id(row.speaker) in split.trained_on and row.id not in split.train
    ]
    unlabelled = pooled.of(config.feature, others)
    return fitted_code(config.code, x, y, unlabelled=unlabelled, settings=config.settings, seed=config.seed)


def _fit(
    config: ClassifyConfig, search: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray, speakers: np.ndarray
) -> tuple[Any, dict[str, Any]]:
    """Return the fitted estimator, and the settings that the validation speakers selected."""
    settings = config.settings
    if config.classifier == "rf":
        return fit_forest(x, y, settings=settings, seed=config.seed), {"trees": settings.rf_trees}
    if config.classifier == "svm":
        chosen, accuracy = choose_svm(*search, costs=settings.svm_c)
        return calibrate_svm(chosen, x, y, speakers, name=f"fold {config.fold}"), _by_cost(chosen, accuracy)
    chosen, accuracy = choose_cost(
        lambda cost: LogisticRegression(C=cost, max_iter=2000), *search, costs=settings.logistic_c
    )
    if settings.refit_on_validation:
        chosen = clone(chosen).fit(x, y)
    return chosen, _by_cost(chosen, accuracy)


def _by_cost(chosen: Any, accuracy: dict[float, float]) -> dict[str, Any]:
    return {
        "c": chosen[-1].C,
        "validation_accuracy_by_c": {str(cost): value for cost, value in accuracy.items()},
    }


def _probabilities(estimator: Any, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return class probabilities in the order of `labels`; a class without training utterances has probability 0."""
    classes = list(estimator.classes_)
    order = [classes.index(label) if label in estimator.classes_ else -1 for label in labels]
    return np.pad(estimator.predict_proba(x), ((0, 0), (0, 1)))[:, order]
