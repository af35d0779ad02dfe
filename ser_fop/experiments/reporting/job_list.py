"""The finished jobs of an experiment: seed, cost and versions."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ser_fop.evaluation.predictions import PREDICTIONS
from ser_fop.utils.run_folder import CONFIG, METRICS, read_json

FIELDS = ("job", "seed", "folds", "parameters", "epochs", "seconds", "versions", "revision", "predictions")


@dataclass(frozen=True, kw_only=True)
class FinishedJob:
    """A finished job.

    Attributes:
        job: Folder below `runs/`.
        seed: Seed; empty for a deterministic job.
        folds: Number of folds.
        parameters: Number of parameters of one network; empty without a network.
        epochs: Number of epochs over all folds; empty without a training in epochs.
        seconds: Duration over all folds.
        versions: Versions of the libraries.
        revision: Git revision of this package.
        predictions: Path of the predictions, relative to the report; empty without predictions.
    """

    job: str
    seed: str
    folds: int
    parameters: str
    epochs: str
    seconds: float
    versions: str
    revision: str
    predictions: str

    @property
    def made_with(self) -> str:
        """Versions and revision as one text."""
        return f"{self.versions}; revision {self.revision or 'unknown'}"


def job_list(out: Path) -> list[FinishedJob]:
    """Return the finished jobs of a `reproduce` folder, sorted by repeat and name.

    Args:
        out: The folder.
    """
    folders = [path.parent for path in (out / "runs").glob("seed-*/*/" + METRICS)]
    ordered = sorted(folders, key=lambda path: (int(path.parent.name.removeprefix("seed-")), path.name))
    return [_finished(out, folder) for folder in ordered]


def _finished(out: Path, folder: Path) -> FinishedJob:
    config = read_json(folder / CONFIG)
    folds = sorted(folder.glob("fold-*/" + METRICS)) or [folder / METRICS]
    found = [read_json(path) for path in folds]
    seed, parameters = config.get("seed"), found[0].get("parameters")
    epochs = [_epochs(metrics) for metrics in found]
    path = folder / PREDICTIONS
    return FinishedJob(
        job=str(folder.relative_to(out / "runs")),
        seed="" if seed is None else str(seed),
        folds=len(found),
        parameters="" if parameters is None else str(parameters),
        epochs=str(sum(epochs)) if any(epochs) else "",
        seconds=round(sum(float(metrics.get("seconds", 0.0)) for metrics in found), 1),
        versions=", ".join(f"{name} {version}" for name, version in config.get("versions", {}).items()),
        revision=str(config.get("git_revision") or ""),
        predictions=f"../{path.relative_to(out)}" if path.exists() else "",
    )


def _epochs(metrics: dict[str, Any]) -> int:
    if "tried" in metrics:
        return sum(int(one["epochs"]) for one in metrics["tried"])
    chosen = metrics.get("chosen")
    return int(metrics.get("epochs") or (chosen.get("epochs", 0) if isinstance(chosen, dict) else 0))


def to_csv(jobs: Iterable[FinishedJob]) -> str:
    """Return the text of `cells.csv`; its first column is `cell`, the former name of a job."""
    frame = pd.DataFrame([vars(job) for job in jobs], columns=FIELDS, dtype=object)
    return frame.rename(columns={"job": "cell"}).to_csv(index=False, lineterminator="\n")
