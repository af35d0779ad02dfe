"""Search for better settings with KerasTuner: `ser-fop tune --records records/ravdess --trials 20 --out runs/tune`.

`tensorboard --logdir runs/tune/search` shows all trials, and their values under HPARAMS.
"""

import dataclasses
import html
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from ser_fop.pipelines import finetune, pretrain

from ser_fop.cli import run_stage
from ser_fop.config.stages import FinetuneConfig, PretrainConfig
from ser_fop.corpora.folds import FoldFile, chosen_folds, write_folds
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.fold_runs import fold_folder
from ser_fop.experiments.reporting.html_parts import document, table
from ser_fop.models.backbone import check_model
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.tuning.inner_fold import inner_fold
from ser_fop.tuning.inputs import INPUTS, claim_inputs
from ser_fop.tuning.oracles import OBJECTIVES, oracle_of
from ser_fop.tuning.space import settings_of, space_of, with_values
from ser_fop.tuning.stage_tuner import PROJECT, StageTuner
from ser_fop.tuning.supervision import (
    CHIEF,
    end_with_supervisor,
    role,
    search_with_workers,
    serve_as_chief,
    wait_for_chief,
    worker_command,
)
from ser_fop.tuning.trials import describe_search, to_csv, to_rows, trials_of
from ser_fop.tuning.tune_config import TuneConfig
from ser_fop.utils.folder_lock import folder_lock
from ser_fop.utils.json_io import read_json, to_plain, write_json, write_text
from ser_fop.utils.run_folder import METRICS, claim_folder


def run(config: TuneConfig) -> Path:
    """Search without the test speakers, train with the best settings, and evaluate on the test speakers."""
    check_model(config.model)
    tuner_role = role()
    if tuner_role and tuner_role != CHIEF:
        end_with_supervisor()
        wait_for_chief(config.out / INPUTS)
    space = space_of(config)
    oracle = oracle_of(config, space)
    train = _trainer(config)
    if tuner_role and tuner_role != CHIEF:
        StageTuner(oracle, config, train).search()
        return config.out
    with folder_lock(config.out):
        return _search(config, oracle, train)


def _search(config: TuneConfig, oracle: Any, train: Callable[[Mapping[str, Any], Path], None]) -> Path:
    """Run the search as its chief, or alone."""
    claim_folder("tune", out=config.out, config=config, extendable=("trials", "workers"))
    if config.task == "finetuning":
        _write_inner_folds(config)
    claim_inputs(config, _inner_folds(config))
    oracle.keeps_ongoing = role() == CHIEF  # workers may still run when their chief restarts
    tuner = StageTuner(oracle, config, train)
    if role() == CHIEF:
        serve_as_chief(tuner)
    elif config.workers:
        worker_config = config.out / "worker.yaml"
        write_text(worker_config, yaml.safe_dump(to_plain(dataclasses.replace(config, workers=0)), sort_keys=False))
        search_with_workers(tuner, worker_command(worker_config), workers=config.workers, logs=config.out / "logs")
    else:
        tuner.search()
    return _finish(config)


def _trainer(config: TuneConfig) -> Callable[[Mapping[str, Any], Path], None]:
    """Return a function that trains with given values into a folder, without the test speakers of the fold."""
    if not config.records:
        raise InputError("--records expected at least one records folder, received none.")
    if config.task == "pretraining" and config.target:
        raise InputError("--target names labels, and --task pretraining uses none. Drop --target.")
    if config.task == "finetuning" and len(config.records) != 1:
        raise InputError(f"--task finetuning expected one records folder, received {len(config.records)}.")
    if not config.fold.isdecimal():
        raise InputError(f"--fold expected the number of one fold, received {config.fold!r}.")
    # Trials use fold 0 of the inner folds, so the network pretrained without the test speakers is chosen here.
    pretrained = fold_folder(config.pretrained, int(config.fold)) if config.pretrained else None
    labelled = any(Records(path).manifest.labels for path in config.records)

    def train(values: Mapping[str, Any], folder: Path) -> None:
        chosen = with_values(config, values)
        if config.task == "pretraining":
            fold = config.fold if labelled else ""
            common = {"records": config.records, "out": folder, "fold": fold, "folds": config.folds}
            pretrain.run(PretrainConfig(seed=config.seed, model=chosen.model, training=chosen.pretraining, **common))
            return
        common = {"records": config.records, "out": folder, "pretrained": pretrained, "seed": config.seed}
        inner = {"fold": "0", "folds": _inner_folds(config)}
        finetune.run(
            FinetuneConfig(model=chosen.model, training=chosen.finetuning, target=config.target, **common, **inner)
        )

    return train


def _inner_folds(config: TuneConfig) -> Path:
    return config.out / "inner_folds.json"


def _write_inner_folds(config: TuneConfig) -> None:
    folds = folds_of_records(Records(config.records[0], config.target), path=config.folds)
    (number,) = chosen_folds(config.fold, folds)
    # `inputs.json` holds the digest of this text: searches that started with it must resume.
    description = (
        f"Fold {number} of {folds.protocol}: its validation speakers are tested, its test speakers are in no part."
    )
    inner = FoldFile(
        corpus=folds.corpus,
        protocol="search",
        description=description,
        folds=(inner_fold(folds.folds[number]),),
    )
    write_folds(_inner_folds(config), inner)


def _finish(config: TuneConfig) -> Path:
    """Train with the best and with the default values on the original fold, and write the tables."""
    trials, task = trials_of(config.out, task=config.task), config.task
    if not trials or trials[0]["value"] is None:
        raise InputError(
            "expected at least one completed trial, received none. Raise --trials, or change the search space."
        )
    best, objective = trials[0], OBJECTIVES[task]
    default = _value_of_defaults(config, trials)
    if default is None:
        _trainer(config)({}, config.out / PROJECT / "default")
        default = read_json(config.out / PROJECT / "default" / METRICS)[objective]
    summary = {"objective": objective, "best": best, "default": default, "trials": len(trials)}
    _remove_former_best(config.out, best)
    if task == "finetuning":
        for name, values in (("default", {}), ("best", best["values"])):
            chosen = with_values(config, values)
            common = {"pretrained": config.pretrained, "fold": config.fold, "folds": config.folds, "seed": config.seed}
            finetune.run(
                FinetuneConfig(
                    records=config.records,
                    out=config.out / name,
                    target=config.target,
                    model=chosen.model,
                    training=chosen.finetuning,
                    **common,
                )
            )
            metrics = read_json(config.out / name / METRICS)
            summary[f"test_{name}"] = {key: metrics[key] for key in ("wa", "ua", "n", "transductive")}
    else:
        _trainer(config)(best["values"], config.out / "best")
    write_json(config.out / "trials.json", {**summary, "all": trials})
    write_text(config.out / "trials.csv", to_csv(trials, task=task))
    header, rows = to_rows(trials, task=task)
    description = describe_search(summary)
    parts = [f"<p>{html.escape(line)}</p>" for line in description]
    page = config.out / "report" / "index.html"
    page.parent.mkdir(exist_ok=True)
    write_text(page, document(f"Search for {task} settings: {len(trials)} trials", [*parts, table(header, rows)]))
    print("\n".join(description))
    print(f"-> {config.out / 'best'}, {page}")
    return config.out / "best"


def _value_of_defaults(config: TuneConfig, trials: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the objective of the trial with the default settings, or None if there is no such trial."""
    known = settings_of(config)
    matching = [
        one for one in trials if all(known[name] == value for name, value in one["values"].items() if name in known)
    ]
    return matching[0]["value"] if matching else None


def _remove_former_best(out: Path, best: Mapping[str, Any]) -> None:
    """Remove the folder `best` if it was trained with other settings, after fewer trials."""
    note = out / "best.json"
    if not note.exists() or read_json(note)["values"] != best["values"]:
        for folder in (out / "best", out / "best.partial"):
            shutil.rmtree(folder, ignore_errors=True)
        write_json(note, {"trial": best["trial"], "values": best["values"]})


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("tune", TuneConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
