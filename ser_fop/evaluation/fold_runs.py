"""Run folders with one run per fold, and the pooled figures of these runs."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.errors import InputError
from ser_fop.evaluation.by_corpus import scores_by_corpus
from ser_fop.evaluation.description import describe_predictions
from ser_fop.evaluation.predictions import PREDICTIONS, UNRESTRICTED, read_predictions, write_predictions
from ser_fop.utils.folder_lock import folder_lock
from ser_fop.utils.run_folder import METRICS, open_stage, read_json

EVERY_FOLD_ELSEWHERE = (
    "each fold tests the whole other corpus, so `--fold all` would count it several times. Select one fold, and use"
    " --seed for repeats."
)


def fold_folder(root: Path, fold: int) -> Path:
    """Return the subfolder of a fold in a folder that was written with `--fold all`.

    A folder without such subfolders serves all folds, so it is returned itself.

    Raises:
        InputError: If the folder has runs of other folds only.
    """
    inside = root / f"fold-{fold}"
    if not inside.is_dir() and any(root.glob("fold-*")):
        raise InputError(
            f"expected a run of fold {fold} in {root}, which has fewer folds. Run its stage with the folds of all corpora,"
            " or without --fold."
        )
    return inside if inside.is_dir() else root


def run_each_fold(
    stage_name: str,
    config: Any,
    folds: Sequence[int],
    run_one: Callable[[Any], Path],
    *,
    inputs: Mapping[str, Sequence[Path]],
    digests: Mapping[str, str],
    summarize: Callable[[Path, Sequence[Path]], dict[str, Any]],
) -> Path:
    """Run a stage for every fold, each into the subfolder `fold-K` of one run folder.

    Args:
        stage_name: Name of the stage.
        config: Config of the stage, with fields `fold` and `out`.
        folds: Numbers of the folds.
        run_one: Function that runs one fold. It receives the config with number and folder of the fold.
        inputs: As for `open_stage`.
        digests: As for `open_stage`.
        summarize: Function that receives the run folder and the folders of the folds. It writes the summary files
            and returns the metrics of all folds.

    Returns:
        The finished run folder.
    """
    with folder_lock(config.out):
        stage = open_stage(stage_name, out=config.out, config=config, inputs=inputs, digests=digests)
        if stage.complete:
            return stage.out
        runs = [
            run_one(dataclasses.replace(config, fold=str(fold), out=stage.folder / f"fold-{fold}")) for fold in folds
        ]
        metrics = summarize(stage.folder, runs)
        return stage.commit(metrics=metrics, content=[run / METRICS for run in runs])


def mean_skill(_: Path, runs: Sequence[Path]) -> dict[str, Any]:
    """Return the mean skill of the pretrainings of all folds, their total duration, and the metrics of each fold.

    Args:
        _: The run folder, in which a summary of pretrainings has no file.
        runs: Finished run folders, one per fold.
    """
    rows = [read_json(run / METRICS) for run in runs]
    return {
        "skill": sum(row["skill"] for row in rows) / len(rows),
        "seconds": sum(row["seconds"] for row in rows),
        "folds": [{key: value for key, value in row.items() if key != "history"} for row in rows],
    }


def pool_predictions(folder: Path, runs: Sequence[Path]) -> dict[str, Any]:
    """Pool the predictions of all folds, write them, and return their scores.

    Args:
        folder: Folder for the pooled `predictions.csv`.
        runs: Finished run folders, one per fold.

    Returns:
        The figures of the pooled predictions, the mean scores over folds (`mean_of_folds`), and the metrics of each
        fold (`folds`).
    """
    rows = [read_json(run / METRICS) for run in runs]
    labels = rows[0]["labels"]
    pooled = [item for run in runs for item in read_predictions(run / PREDICTIONS)]
    write_predictions(folder / PREDICTIONS, pooled, labels)
    if all((run / UNRESTRICTED).exists() for run in runs):
        unrestricted = [item for run in runs for item in read_predictions(run / UNRESTRICTED)]
        write_predictions(folder / UNRESTRICTED, unrestricted, labels)
    means = {key: float(np.mean([row[key] for row in rows])) for key in ("wa", "ua", "macro_f1")}
    by_corpus = {"corpora": scores_by_corpus(pooled, labels)} if "corpora" in rows[0] else {}
    return {
        **describe_predictions(pooled, labels),
        **by_corpus,
        "mean_of_folds": means,
        "transductive": any(row["transductive"] for row in rows),
        "selected_on": rows[0]["selected_on"],
        "seconds": sum(row["seconds"] for row in rows),
        "folds": rows,
    }
