"""The runs of one job over repeats, and their figures."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.evaluation.comparisons import compare
from ser_fop.evaluation.confusions import confusions_by_speaker
from ser_fop.evaluation.description import describe_predictions
from ser_fop.evaluation.ensemble import ensemble_predictions
from ser_fop.evaluation.intervals import over_repeats, over_speakers
from ser_fop.evaluation.predictions import PREDICTIONS, Prediction, read_predictions
from ser_fop.utils.run_folder import COMPLETED, METRICS, read_json


@dataclasses.dataclass(frozen=True, kw_only=True)
class Run:
    """A finished run.

    Attributes:
        folder: Its run folder.
        metrics: Content of its `metrics.json`.
    """

    folder: Path
    metrics: dict[str, Any]

    @property
    def folds(self) -> int:
        """Number of folds that the run tested."""
        return len(self.metrics.get("folds", [self.metrics]))

    def single_fold(self) -> "Run":
        """Return fold 0 of the run."""
        if "folds" not in self.metrics:
            return self
        return Run(folder=self.folder / "fold-0", metrics=self.metrics["folds"][0])

    def predictions(self) -> list[Prediction]:
        """Return the predictions of the run, read from its folder."""
        return read_predictions(self.folder / PREDICTIONS)


def runs_of(seeds: Sequence[Path], name: str) -> list[Run]:
    """Return the finished runs of a job, one for each repeat.

    Args:
        seeds: Folders of the repeats.
        name: Folder of the job.
    """
    folders = [seed / name for seed in seeds]
    return [
        Run(folder=folder, metrics=read_json(folder / METRICS)) for folder in folders if (folder / COMPLETED).exists()
    ]


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Return mean, standard deviation and interval over repeats, and the values.

    Standard deviation and interval are None for one repeat.
    """
    interval = over_repeats(values)
    return {
        "mean": float(np.mean(values)),
        "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "over_repeats": dataclasses.asdict(interval) if interval else None,
        "values": list(values),
    }


def figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Return WA, UA and macro-F1 over repeats, with counts and warnings; empty without runs.

    `over_speakers` of WA and UA is the bootstrap interval over speakers of their mean over repeats.

    Args:
        runs: Runs of one job, one for each repeat.
    """
    if not runs:
        return {}
    metrics = [run.metrics for run in runs]
    return _figures(metrics, [item for run in runs for item in run.predictions()], runs=runs)


def ensemble_figures(runs: Sequence[Run]) -> dict[str, Any]:
    """Return the figures of the ensemble of all repeats; empty for fewer than two repeats.

    There is only one ensemble, so it has no standard deviation over repeats.

    Args:
        runs: Runs of one job, one for each repeat.
    """
    if len(runs) < 2:
        return {}
    labels = runs[0].metrics["labels"]
    joined = ensemble_predictions([run.predictions() for run in runs], labels)
    described = {**runs[0].metrics, **describe_predictions(joined, labels)}
    described["seconds"] = sum(run.metrics["seconds"] for run in runs)
    return _figures([described], joined, runs=runs)


def figures_of_corpus(runs: Sequence[Run], corpus: str) -> dict[str, Any]:
    """Return the figures of one corpus from runs on several, without its calibration; empty without test speakers.

    Args:
        runs: Runs of one job, one for each repeat.
        corpus: Name of the corpus.
    """
    held = [run for run in runs if corpus in run.metrics["corpora"]]
    if not held:
        return {}
    metrics = [{**run.metrics, **run.metrics["corpora"][corpus]} for run in held]
    predictions = [item for run in held for item in run.predictions() if item.speaker.startswith(f"{corpus}:")]
    found = _figures(metrics, predictions, runs=held)
    del found["ece"], found["seconds"]  # of all corpora together
    return found


def _figures(
    metrics: Sequence[Mapping[str, Any]], predictions: Sequence[Prediction], *, runs: Sequence[Run]
) -> dict[str, Any]:
    confusions = confusions_by_speaker(predictions, metrics[0]["labels"])
    found: dict[str, Any] = {key: spread([row[key] for row in metrics]) for key in ("wa", "ua", "macro_f1")}
    for score in ("wa", "ua"):
        interval = over_speakers(confusions, score)
        found[score]["over_speakers"] = dataclasses.asdict(interval) if interval else None
    return {
        **found,
        "repeats": len(runs),
        "folds": runs[0].folds,
        "n": metrics[0]["n"],
        "transductive": any(run.metrics["transductive"] for run in runs),
        "selected_on": next(
            (run.metrics["selected_on"] for run in runs if run.metrics["selected_on"] != "validation"), "validation"
        ),
        "seconds": float(np.mean([row["seconds"] for row in metrics])),
        "confusion": confusions.confusion.tolist(),
        "ece": float(np.mean([row["calibration"]["ece"] for row in metrics])),
    }


def figures_without(runs: Sequence[Run], speakers: Collection[str]) -> dict[str, Any]:
    """Return WA over repeats without the given speakers; empty if no other speakers are left."""
    correct = [[item.predicted == item.label for item in _without(run, speakers)] for run in runs]
    return spread([float(np.mean(one)) for one in correct]) if correct and correct[0] else {}


def comparison(first: Sequence[Run], second: Sequence[Run], *, without: Collection[str] = ()) -> dict[str, Any]:
    """Compare two jobs on all folds if both tested all of them, or else on fold 0.

    Args:
        first: Runs of the first job, one for each repeat.
        second: Runs of the second job.
        without: Speakers to exclude.

    Returns:
        The fields of `Comparison`, and the number of `folds`; empty if a job has no runs, or no speakers are left.
    """
    if not (first and second):
        return {}
    if {run.folds for run in (*first, *second)} != {first[0].folds}:
        first, second = ([run.single_fold() for run in runs] for runs in (first, second))
    labels = first[0].metrics["labels"]
    predictions = [[item for run in runs for item in _without(run, without)] for runs in (first, second)]
    if not predictions[0]:
        return {}
    return {**dataclasses.asdict(compare(*predictions, labels)), "folds": first[0].folds}


def _without(run: Run, speakers: Collection[str]) -> list[Prediction]:
    return [item for item in run.predictions() if item.speaker not in speakers]
