"""Sections of a model card on calibration, other corpora and changed recordings."""

from collections.abc import Mapping, Sequence
from typing import Any

from ser_fop.stress.measure import Outcome
from ser_fop.stress.page import HEADER, rows_of

RISK_COVERAGE_PLOT = "risk_coverage.svg"
_SHOWN_COVERAGES = (0.25, 0.5, 0.75, 0.9, 1.0)


def calibration_section(calibration: Mapping[str, Any]) -> str:
    """Return the section on probabilities and on answers that are `unsure`; empty without a calibration.

    Args:
        calibration: Fields of a `ModelCalibration`.
    """
    if not calibration:
        return ""
    figures = calibration["figures"]
    lines = [
        "## Confidence",
        "",
        f"The temperature {calibration['temperature']:.2f} divides the logits. It comes from the predictions of the"
        f" results above. The expected calibration error falls from {_points(figures['ece_before'])} to"
        f" {_points(figures['ece'])} points, where each fold is calibrated by the others."
        + _of_corpora(figures["corpora"]),
    ]
    if calibration["threshold"]:
        lines[-1] += (
            f" Below a confidence of {calibration['threshold']:.2f}, the answer is `unsure`: this leaves"
            f" {100 * calibration['coverage']:.0f} % of the answers. On speech of another kind, fewer answers are left."
        )
    rows = [
        row for row in figures["risk_coverage"] if any(abs(row["coverage"] - one) < 1e-6 for one in _SHOWN_COVERAGES)
    ]
    lines += [
        "",
        f"![Accuracy of the most confident answers]({RISK_COVERAGE_PLOT})",
        "",
        "| most confident answers, % | accuracy, % | lowest confidence |",
        "|---|---|---|",
        *(f"| {100 * row['coverage']:.0f} | {100 * row['accuracy']:.1f} | {row['threshold']:.2f} |" for row in rows),
    ]
    return "\n".join(lines)


def stress_section(measured: Sequence[Mapping[str, Any]]) -> str:
    """Return the section on changed recordings; empty without measurements.

    Args:
        measured: Contents of `stress.json` of `ser-fop stress`.
    """
    lines = []
    for one in measured:
        header = " | ".join(HEADER)
        lines += ["", f"On {one['facts']['corpus']}:", "", f"| {header} |", "|---" * len(HEADER) + "|"]
        lines += [f"| {' | '.join(row)} |" for row in rows_of([Outcome(**outcome) for outcome in one["outcomes"]])]
    if not lines:
        return ""
    told = (
        "`ser-fop stress` changes recordings and predicts them again. The speakers below are among those that the model"
        " was trained on, so that the first row of each table is not a result; the differences to it are."
    )
    return "\n".join(["## Changed recordings", "", told, *lines])


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _of_corpora(corpora: Mapping[str, Mapping[str, float]]) -> str:
    if not corpora:
        return ""
    each = ", ".join(f"{name} {_points(found['ece'])}" for name, found in corpora.items())
    return f" By corpus, it is then {each}."
