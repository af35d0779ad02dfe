"""The trials of a search as a table."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.tuning.durable_oracle import FAILURE
from ser_fop.tuning.oracles import OBJECTIVES
from ser_fop.tuning.stage_tuner import PROJECT, RUN, values_of
from ser_fop.utils.run_folder import COMPLETED, METRICS, read_json


def trials_of(out: Path, *, task: str) -> list[dict[str, Any]]:
    """Return all trials of a search, best first.

    Args:
        out: Folder of `ser-fop tune`.
        task: Task of the search, `finetuning` or `pretraining`.

    Returns:
        One dictionary for each trial: `trial` (its number), `status`, `value` (of the objective; None if the trial
        failed), `seconds`, `parameters`, `values` (by name of the setting) and `failure` (the error message).
    """
    found = []
    for path in sorted((out / PROJECT).glob("trial_*/trial.json")):
        state = read_json(path)
        run = path.parent / RUN
        metrics = read_json(run / METRICS) if (run / COMPLETED).exists() else {}
        found.append(
            {
                "trial": state["trial_id"],
                "status": state["status"].lower(),
                "value": state["score"],
                "seconds": metrics.get("seconds"),
                "parameters": metrics.get("parameters"),
                "values": values_of(state["hyperparameters"]["values"], task=task),
                "failure": _failure(path.parent) if state["status"] == "FAILED" else "",
            }
        )
    return sorted(found, key=lambda one: -one["value"] if one["value"] is not None else float("inf"))


def _failure(trial: Path) -> str:
    path = trial / FAILURE
    return path.read_text(encoding="utf-8").strip() if path.exists() else "its objective is not a finite number"


def to_csv(trials: Sequence[dict[str, Any]], *, task: str) -> str:
    """Return the trials as CSV, with one column for each setting."""
    names = sorted({name for one in trials for name in one["values"]})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "status", OBJECTIVES[task], "seconds", "parameters", *names])
    for one in trials:
        figures = [one["trial"], one["status"], one["value"], one["seconds"], one["parameters"]]
        writer.writerow([*figures, *(one["values"].get(name) for name in names)])
    return text.getvalue()


def to_rows(trials: Sequence[dict[str, Any]], *, task: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of the trials as text, for a report."""
    names = sorted({name for one in trials for name in one["values"]})
    rows = []
    for one in trials:
        value = f"{one['value']:.4f}" if one["value"] is not None else one["status"]
        size = f"{one['parameters']:,}" if one["parameters"] else ""
        minutes = f"{one['seconds'] / 60:.1f}" if one["seconds"] else ""
        rows.append([one["trial"], value, size, minutes, *(_plain(one["values"].get(name)) for name in names)])
    header = ["trial", OBJECTIVES[task], "parameters", "minutes", *(name.partition(".")[2] for name in names)]
    return header, rows


def describe_search(summary: Mapping[str, Any]) -> list[str]:
    """Describe the result of a search, and its figures on the test speakers.

    Args:
        summary: The content of `trials.json`.

    Returns:
        One paragraph for the search, and one for the test speakers if the best settings were tested.
    """
    best, default_value = summary["best"]["value"], summary["default"]
    objective = {"ua": "UA"}.get(summary["objective"], summary["objective"])
    lines = [
        f"Best {objective} in the search: {best:.4f} (trial {summary['best']['trial']}). Default settings:"
        f" {default_value:.4f} (difference {best - default_value:+.4f}). The best of {summary['trials']} trials is biased"
        " upwards by the selection."
    ]
    if "test_best" in summary:
        tuned, default = summary["test_best"], summary["test_default"]
        transductive = "; transductive: the pretrained network has seen them" if tuned["transductive"] else ""
        lines.append(
            f"Test speakers, who are in no trial ({tuned['n']} utterances{transductive}):"
            f" UA {tuned['ua']:.4f} with the best settings, {default['ua']:.4f} with the default settings;"
            f" WA {tuned['wa']:.4f} and {default['wa']:.4f}."
        )
    return lines


def _plain(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value) if value is not None else ""
