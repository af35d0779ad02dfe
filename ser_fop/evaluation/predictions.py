"""The prediction table `predictions.csv`, with one row per utterance."""

import csv
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.corpora.schema import PREDICTION_COLUMNS, PROBABILITY_PREFIX, Row
from ser_fop.errors import InputError
from ser_fop.evaluation.scores import classification_scores

PREDICTIONS = "predictions.csv"
# Predictions of a network of several corpora among all its classes, as in use. `PREDICTIONS` then has those among the
# classes of each corpus.
UNRESTRICTED = "predictions_all_classes.csv"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prediction:
    """Prediction of a classifier for one utterance.

    Attributes:
        id: Id of the utterance.
        speaker: Speaker of the utterance.
        fold: Fold in which the utterance was tested.
        seed: Seed of the run.
        label: True class.
        predicted: Predicted class.
        probabilities: Probability of each class, in the order of the classes.
    """

    id: str
    speaker: str
    fold: int
    seed: int
    label: str
    predicted: str
    probabilities: tuple[float, ...]


def predictions_from(
    rows: Iterable[Row],
    probabilities: Mapping[str, np.ndarray],
    *,
    labels: Sequence[str],
    fold: int,
    seed: int,
    predicted: Mapping[str, str] | None = None,
) -> list[Prediction]:
    """Join probabilities with labels by utterance id.

    Args:
        rows: Rows of the test utterances.
        probabilities: Probabilities (classes,) by utterance id.
        labels: The classes, in order.
        fold: Number of the fold.
        seed: Seed of the run.
        predicted: Predicted classes by utterance id; None selects the most probable class.

    Raises:
        InputError: If a probability is not finite.
        ValueError: If the ids of the rows and of the probabilities differ.
    """
    rows = list(rows)
    if {row.id for row in rows} != set(probabilities):
        raise ValueError("the ids of the predictions are not those of the test utterances.")
    if not all(np.isfinite(values).all() for values in probabilities.values()):
        raise InputError(
            f"the classifier of fold {fold}, seed {seed}, returns probabilities that are not finite: its training diverged."
            " Use a lower learning rate."
        )
    table = []
    for row in rows:
        values = probabilities[row.id]
        label = predicted[row.id] if predicted else labels[int(np.argmax(values))]
        table.append(
            Prediction(
                id=row.id,
                speaker=row.speaker,
                fold=fold,
                seed=seed,
                label=row.label,
                predicted=label,
                probabilities=tuple(float(value) for value in values),
            )
        )
    return table


def write_predictions(path: Path, predictions: Sequence[Prediction], labels: Sequence[str]) -> None:
    """Write `predictions.csv`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*PREDICTION_COLUMNS, *(PROBABILITY_PREFIX + label for label in labels)])
        for item in predictions:
            fixed = [getattr(item, column) for column in PREDICTION_COLUMNS]
            writer.writerow([*fixed, *(f"{value:.6f}" for value in item.probabilities)])


def read_predictions(path: Path) -> list[Prediction]:
    """Read `predictions.csv`."""
    with path.open(newline="", encoding="utf-8") as file:
        return [_prediction(line) for line in csv.DictReader(file)]


def score_predictions(predictions: Sequence[Prediction], labels: Sequence[str]) -> dict[str, Any]:
    """Return the `classification_scores` of a prediction table."""
    return classification_scores([item.label for item in predictions], [item.predicted for item in predictions], labels)


def _prediction(line: Mapping[str, str]) -> Prediction:
    probabilities = tuple(float(value) for key, value in line.items() if key.startswith(PROBABILITY_PREFIX))
    fixed: dict[str, Any] = {column: line[column] for column in PREDICTION_COLUMNS}
    return Prediction(**{**fixed, "fold": int(line["fold"]), "seed": int(line["seed"])}, probabilities=probabilities)
