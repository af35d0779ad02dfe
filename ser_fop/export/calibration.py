"""Calibration of a model to export, from predictions of speakers that its recipe has not seen."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ser_fop.errors import InputError
from ser_fop.evaluation.calibration import calibration
from ser_fop.evaluation.logit_scaling import LogitScaling, scale_folds
from ser_fop.evaluation.predictions import PREDICTIONS, UNRESTRICTED, Prediction, read_predictions
from ser_fop.evaluation.risk_coverage import risk_coverage, threshold_at
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.utils.run_folder import METRICS, read_json, require_complete


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelCalibration:
    """Scaling and threshold of a model, with the figures that justify them.

    Attributes:
        scaling: Temperature, and for a model of several corpora a bias of each class.
        threshold: Confidence below which the answer is `unsure`; 0 never.
        coverage: Requested share of the recordings whose answer is not `unsure`.
        figures: `ece_before` and `ece` (each fold calibrated by the others), `answered` (the share of the recordings
            whose answer is not `unsure`), `risk_coverage`, and `corpora` with the calibration errors of each corpus.
    """

    scaling: LogitScaling
    threshold: float
    coverage: float
    figures: dict[str, Any]

    def summary(self) -> str:
        """Return temperature, threshold and calibration errors in one line."""
        before, after = (100 * self.figures[name] for name in ("ece_before", "ece"))
        return (
            f"temperature {self.scaling.temperature:.2f}, answers below a confidence of {self.threshold:.2f} are unsure;"
            f" expected calibration error {before:.1f} -> {after:.1f} points"
        )

    def applied_to(self, spec: NetworkSpec) -> NetworkSpec:
        """Return the description of the model with this scaling and threshold."""
        return dataclasses.replace(
            spec,
            temperature=self.scaling.temperature,
            class_bias=self.scaling.bias,
            confidence_threshold=self.threshold,
        )


def calibrate_on(runs: Sequence[Path], labels: Sequence[str], *, coverage: float) -> ModelCalibration:
    """Calibrate a model on the predictions of runs of its recipe.

    Args:
        runs: Finished run folders with predictions, such as those of `finetune --fold all`.
        labels: Classes of the model, in order.
        coverage: Share of the recordings that get an answer other than `unsure`, in (0, 1].

    Raises:
        InputError: If the coverage is out of range, or a run has no valid predictions of these classes.
    """
    if not 0 < coverage <= 1:
        raise InputError(f"--coverage expected a share above 0 and up to 1, received {coverage:g}.")
    predictions = [item for run in runs for item in _predictions(run, labels)]
    of_several = len({item.speaker.partition(":")[0] for item in predictions if ":" in item.speaker}) > 1
    scaling, calibrated = scale_folds(predictions, labels, with_bias=of_several)
    figures = {
        "ece_before": calibration(predictions, labels)["ece"],
        "ece": calibration(calibrated, labels)["ece"],
        "risk_coverage": risk_coverage(calibrated),
        "corpora": _by_corpus(predictions, calibrated, labels),
    }
    threshold = threshold_at(calibrated, coverage)
    figures["answered"] = sum(max(item.probabilities) >= threshold for item in calibrated) / len(calibrated)
    return ModelCalibration(scaling=scaling, threshold=threshold, coverage=coverage, figures=figures)


def _predictions(run: Path, labels: Sequence[str]) -> list[Prediction]:
    """Return the predictions of a run, with probabilities in the order of the labels."""
    require_complete(run, ("finetune", "classify"))
    file = run / (UNRESTRICTED if (run / UNRESTRICTED).exists() else PREDICTIONS)
    if not file.exists():
        raise InputError(
            f"expected a run that tested speakers, received {run}, which has no {PREDICTIONS}. Give runs of --fold all."
        )
    metrics = read_json(run / METRICS)
    if metrics["transductive"] or metrics["selected_on"] != "validation":
        raise InputError(
            f"expected predictions of speakers that the network has not seen, received {run}, whose test speakers were"
            " seen in training or used for selection. Give other runs."
        )
    found = list(metrics["labels"])
    if set(found) != set(labels):
        raise InputError(
            f"expected predictions of the classes {', '.join(labels)}, received {', '.join(found)} in {run}. Give runs"
            " of the same recipe."
        )
    order, predictions = [found.index(label) for label in labels], read_predictions(file)
    if not all(item.probabilities for item in predictions):
        raise InputError(f"expected probabilities in {file}, received none. Run the stage again without a cache.")
    return [
        dataclasses.replace(item, probabilities=tuple(item.probabilities[place] for place in order))
        for item in predictions
    ]


def _by_corpus(
    before: Sequence[Prediction], after: Sequence[Prediction], labels: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return the calibration errors of each corpus of joined records; empty for the records of one corpus."""
    corpora = sorted({item.speaker.partition(":")[0] for item in before if ":" in item.speaker})

    def error(predictions: Sequence[Prediction], corpus: str) -> float:
        chosen = [item for item in predictions if item.speaker.startswith(f"{corpus}:")]
        return calibration(chosen, labels)["ece"]

    return {name: {"ece_before": error(before, name), "ece": error(after, name)} for name in corpora}
