"""The result of fitting and testing one classifier on one fold."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

# File name of the fitted scikit-learn classifier in a run folder.
ESTIMATOR = "estimator.skops"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FittedClassifier:
    """Predictions and description of a fitted classifier.

    Attributes:
        probabilities: Class probabilities of each test utterance, by id.
        details: Selected settings and sizes, for `metrics.json`.
        files: Files written.
        predicted: Predicted label of each test utterance, by id. None if it is the most probable class.
    """

    probabilities: dict[str, np.ndarray]
    details: dict[str, Any]
    files: list[Path]
    predicted: dict[str, str] | None = None
