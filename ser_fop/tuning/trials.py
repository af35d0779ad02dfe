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
    """Return every trial of a search, the best first.

    Args:
        out: Folder of `ser-fop tune`.
        task: Its task.

    Returns:
        `trial`, `status`, `value` (None where it failed), `seconds`, `parameters`, the `values` tried, by name, and the
        `failure` in words.
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
    told = trial / FAILURE
    return told.read_text(encoding="utf-8").strip() if told.exists() else "its figure was no number"


def to_csv(trials: Sequence[dict[str, Any]], *, task: str) -> str:
    """Return the trials as CSV, a column a setting."""
    names = sorted({name for one in trials for name in one["values"]})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["trial", "status", OBJECTIVES[task], "seconds", "parameters", *names])
    for one in trials:
        figures = [one["trial"], one["status"], one["value"], one["seconds"], one["parameters"]]
        writer.writerow([*figures, *(one["values"].get(name) for name in names)])
    return text.getvalue()


def to_rows(trials: Sequence[dict[str, Any]], *, task: str) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of the table that people read."""
    names = sorted({name for one in trials for name in one["values"]})
    rows = []
    for one in trials:
        value = f"{one['value']:.4f}" if one["value"] is not None else one["status"]
        size = f"{one['parameters']:,}" if one["parameters"] else ""
        minutes = f"{one['seconds'] / 60:.1f}" if one["seconds"] else ""
        rows.append([one["trial"], value, size, minutes, *(_plain(one["values"].get(name)) for name in names)])
    header = ["trial", OBJECTIVES[task], "parameters", "minutes", *(name.partition(".")[2] for name in names)]
    return header, rows


def told_in_words(told: Mapping[str, Any]) -> list[str]:
    """Say what a search found, and what it is worth to speakers whom it never saw.

    Args:
        told: What `trials.json` holds.
    """
    best, objective = told["best"]["value"], told["objective"]
    lines = [
        f"best {objective} in the search {best:.4f} (trial {told['best']['trial']}), default settings {told['default']:.4f}:"
        f" {best - told['default']:+.4f}. The best of {told['trials']} is flattered by having been chosen."
    ]
    if "test_best" in told:
        ours, before = told["test_best"], told["test_default"]
        heard = ", whom the pretrained network had heard: transductive" if ours["transductive"] else ""
        lines.append(
            f"On the fold's test speakers, on whom no trial learned{heard} ({ours['n']} utterances): UA {ours['ua']:.4f} with the best"
            f" settings, {before['ua']:.4f} with the default ones; WA {ours['wa']:.4f} and {before['wa']:.4f}."
        )
    return lines


def _plain(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value) if value is not None else ""
