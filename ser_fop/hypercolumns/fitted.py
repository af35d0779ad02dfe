"""The result of fitting and testing one classifier on one fold."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

# A fitted scikit-learn classifier, in a run folder.
ESTIMATOR = "estimator.skops"


@dataclasses.dataclass(frozen=True, kw_only=True)
class FittedClassifier:
    """A classifier's predictions, and what describes it.

    Attributes:
        probabilities: Class probabilities of each test utterance, by id.
        details: What was chosen, for `metrics.json`.
        files: Files written.
        predicted: Label of each test utterance, by id, where it is not the most probable class.
    """

    probabilities: dict[str, np.ndarray]
    details: dict[str, Any]
    files: list[Path]
    predicted: dict[str, str] | None = None
