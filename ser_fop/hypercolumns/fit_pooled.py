"""Training of scikit-learn classifiers on pooled features."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from ser_fop.config.stages import ClassifyConfig
from ser_fop.corpora.targets import SPEAKER
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.records import Records
from ser_fop.evaluation.verification import verify_speakers
from ser_fop.hypercolumns.answers import probabilities_in_order
from ser_fop.hypercolumns.classifiers import (
    calibrate_svm,
    choose_cost,
    choose_svm,
    fit_forest,
    fit_weighted,
    svm_of,
    write_estimator,
)
from ser_fop.hypercolumns.codes import CODE, fitted_code, write_code
from ser_fop.hypercolumns.fitted import ESTIMATOR, FittedClassifier
from ser_fop.hypercolumns.pooled_split import PooledSplit
from ser_fop.training.splits.finetuning import DataSplit


def fit_pooled(
    config: ClassifyConfig, records: Records | JoinedRecords, split: DataSplit, folder: Path
) -> FittedClassifier:
    """Fit and test an SVM, a random forest or a logistic regression on pooled features.

    Features and labels are joined by utterance id.

    Args:
        config: The config of `classify`.
        records: The labelled records.
        split: The training, validation and test utterances.
        folder: Folder to write the classifier to.
    """
    data = PooledSplit(config, records, split)
    x, files, details = data.x, [], {}
    if config.code != "none":
        coder = _fit_code(config, records, data)
        x = {name: coder.transform(values) for name, values in x.items()}
        files = write_code(folder / CODE, coder) if config.keep_classifier else []
        details["parameters"] = coder.parameters_
    estimator, chosen = _fit(config, data, x)
    predicted = None
    if config.classifier == "svm":
        predicted = dict(zip(split.test, data.answers(svm_of(estimator), x["test"], "test"), strict=True))
    probabilities = dict(zip(split.test, probabilities_in_order(estimator, x["test"], data.labels), strict=True))
    if records.manifest.target == SPEAKER:
        details["verification"] = _verify(data, split)
    if config.keep_classifier:
        files = [write_estimator(folder / ESTIMATOR, estimator), *files]
    return FittedClassifier(
        probabilities=data.known_classes.among(probabilities) if data.known_classes else probabilities,
        details={**chosen, **details},
        files=files,
        predicted=predicted,
    )


def _verify(data: PooledSplit, split: DataSplit) -> dict[str, Any] | None:
    """Score pairs of test utterances by the cosine of their features, standardised on the training utterances.

    Returns:
        The errors; None if the test part is so small that no speaker has two recordings.
    """
    mean, deviation = data.x["train"].mean(axis=0), data.x["train"].std(axis=0)
    vectors = (data.x["test"] - mean) / np.maximum(deviation, 1e-6)
    row_of = {row.id: row for row in split.test_rows}
    rows = [row_of[key] for key in split.test]
    speakers, units = [row.speaker for row in rows], [row.group for row in rows]
    if len(set(speakers)) in (1, len(set(zip(speakers, units, strict=True)))):
        return None
    return dataclasses.asdict(verify_speakers(vectors, speakers, units))


def _fit_code(config: ClassifyConfig, records: Records, data: PooledSplit) -> Any:
    """Return the fitted network whose hidden code is classified.

    As in pretraining, the network also sees the utterances of the training and validation
    speakers that belong to no class or to the validation part.
    """
    others = [
        row.id
        for row in records.rows
        if records.qualified_speaker_id(row.group) in data.split.trained_on and row.id not in data.split.train
    ]
    unlabelled = data.pooled.of(config.feature, others)
    features, labels = data.x["train"], data.y["train"]
    return fitted_code(config.code, features, labels, unlabelled=unlabelled, settings=config.settings, seed=config.seed)


def _fit(config: ClassifyConfig, data: PooledSplit, x: Mapping[str, np.ndarray]) -> tuple[Any, dict[str, Any]]:
    """Return the fitted estimator, and the settings that the validation speakers selected."""
    settings = config.settings
    parts = ["train", "validation"] if settings.refit_on_validation else ["train"]
    features, labels = (np.concatenate([by_part[part] for part in parts]) for by_part in (x, data.y))
    weights = data.weights(parts)
    if config.classifier == "rf":
        forest = fit_forest(features, labels, settings=settings, seed=config.seed, weights=weights)
        return forest, {"trees": settings.rf_trees}
    search = (x["train"], data.y["train"], x["validation"], data.y["validation"])
    options = {"weights": data.weights(["train"]), "accuracy_of": data.validation_accuracy}
    if config.classifier == "svm":
        chosen, accuracy = choose_svm(*search, costs=settings.svm_c, **options)
        name, speakers = f"fold {config.fold}", data.speakers(parts)
        fitted = calibrate_svm(chosen, features, labels, speakers, weights=weights, name=name)
        return fitted, _by_cost(chosen, accuracy)
    chosen, accuracy = choose_cost(
        lambda cost: LogisticRegression(C=cost, max_iter=2000), *search, costs=settings.logistic_c, **options
    )
    if settings.refit_on_validation:
        chosen = fit_weighted(clone(chosen), features, labels, weights)
    return chosen, _by_cost(chosen, accuracy)


def _by_cost(chosen: Any, accuracy: dict[float, float]) -> dict[str, Any]:
    return {
        "c": chosen[-1].C,
        "validation_accuracy_by_c": {str(cost): value for cost, value in accuracy.items()},
    }
