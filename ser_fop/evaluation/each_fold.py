"""Running of a stage on one fold or on all folds."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.corpora.folds import Fold, FoldFile, chosen_folds, folds_digest
from ser_fop.errors import InputError
from ser_fop.evaluation.fold_runs import EVERY_FOLD_ELSEWHERE, run_each_fold

FoldRun = Callable[[Any, Fold], Path]


def run_folds(
    stage_name: str,
    config: Any,
    folds: FoldFile,
    run_fold: FoldRun,
    *,
    inputs: Mapping[str, Sequence[Path]],
    summarize: Callable[[Path, Sequence[Path]], dict[str, Any]],
    digests: Mapping[str, str] | None = None,
    tests_elsewhere: bool = False,
) -> Path:
    """Run a stage on one fold, or on every fold inside one run folder, as its config selects.

    Args:
        stage_name: Name of the stage.
        config: Config of the stage, with fields `fold` and `out`.
        folds: The folds of the corpus.
        run_fold: Function that runs one fold. It receives the config with number and folder of the fold, and the fold.
        inputs: As for `open_stage`.
        summarize: As for `run_each_fold`.
        digests: As for `open_stage`; the digest of the folds is added.
        tests_elsewhere: Whether the test data are another corpus, which is possible with one fold only.

    Returns:
        The finished run folder.

    Raises:
        InputError: If the fold does not exist, or if all folds would test the same other corpus.
    """
    chosen = chosen_folds(config.fold, folds)

    def run_one(one: Any) -> Path:
        return run_fold(one, folds.folds[int(one.fold)])

    if len(chosen) == 1:
        return run_one(dataclasses.replace(config, fold=str(chosen[0])))
    if tests_elsewhere:
        raise InputError(EVERY_FOLD_ELSEWHERE)
    digests = {"folds": folds_digest([folds.folds[number] for number in chosen]), **(digests or {})}
    return run_each_fold(stage_name, config, chosen, run_one, inputs=inputs, digests=digests, summarize=summarize)
