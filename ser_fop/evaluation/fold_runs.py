"""One run a fold inside a folder, and their pooled figures."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.evaluation.description import describe_predictions
from ser_fop.evaluation.predictions import PREDICTIONS, read_predictions, write_predictions
from ser_fop.utils.run_folder import METRICS, open_stage, read_json

EVERY_FOLD_ELSEWHERE = (
    "another corpus is tested whole, in each fold: `--fold all` would count it several times. Name one fold; repeats"
    " differ by --seed."
)


def fold_folder(root: Path, fold: int) -> Path:
    """Return the part of a folder made with `--fold all` that belongs to a fold.

    A folder made without folds serves every fold and is returned itself.
    """
    inside = root / f"fold-{fold}"
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
    """Run a stage for every fold into `fold-K` folders of one stage folder.

    Args:
        stage_name: Name of the stage.
        config: Its config, with fields `fold` and `out`.
        folds: The folds.
        run_one: Runs one fold; given a config with that fold and its folder.
        inputs: As for `open_stage`.
        digests: Likewise.
        summarize: Given the folder being written and the folds' folders, writes what
            belongs beside them and returns the metrics of all.

    Returns:
        The finished folder.
    """
    stage = open_stage(stage_name, out=config.out, config=config, inputs=inputs, digests=digests)
    if stage.complete:
        return stage.out
    runs = [run_one(dataclasses.replace(config, fold=str(fold), out=stage.folder / f"fold-{fold}")) for fold in folds]
    metrics = summarize(stage.folder, runs)
    return stage.commit(metrics=metrics, content=[run / METRICS for run in runs])


def pool_predictions(folder: Path, runs: Sequence[Path]) -> dict[str, Any]:
    """Pool the predictions of all folds, write them, and score them.

    Args:
        folder: Where to write the pooled `predictions.csv`.
        runs: One finished run a fold.

    Returns:
        The scores of the pooled predictions, `mean_of_folds` beside them, and each
        fold's own row under `folds`.
    """
    rows = [read_json(run / METRICS) for run in runs]
    labels = rows[0]["labels"]
    pooled = [item for run in runs for item in read_predictions(run / PREDICTIONS)]
    write_predictions(folder / PREDICTIONS, pooled, labels)
    means = {key: float(np.mean([row[key] for row in rows])) for key in ("wa", "ua", "macro_f1")}
    return {
        **describe_predictions(pooled, labels),
        "mean_of_folds": means,
        "transductive": any(row["transductive"] for row in rows),
        "selected_on": rows[0]["selected_on"],
        "seconds": sum(row["seconds"] for row in rows),
        "folds": rows,
    }
