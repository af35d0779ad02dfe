"""Search for better settings with KerasTuner: `ser-fop tune --records records/ravdess --trials 20 --out runs/tune`.

`tensorboard --logdir runs/tune/search` shows every trial, under HPARAMS too.
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
from ser_fop.tuning.trials import to_csv, to_rows, told_in_words, trials_of
from ser_fop.tuning.tune_config import TuneConfig
from ser_fop.utils.json_io import read_json, to_plain, write_json, write_text
from ser_fop.utils.run_folder import METRICS, claim_folder


def run(config: TuneConfig) -> Path:
    """Search on speakers that are not tested, train with the best, and say what it is worth."""
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
    claim_folder("tune", out=config.out, config=config, extendable=("trials", "workers"))
    if config.task == "finetuning":
        _write_inner_folds(config)
    claim_inputs(config, _inner_folds(config))
    oracle.keeps_ongoing = tuner_role == CHIEF  # its workers may have outlived it
    tuner = StageTuner(oracle, config, train)
    if tuner_role == CHIEF:
        serve_as_chief(tuner)
    elif config.workers:
        kept = config.out / "worker.yaml"
        write_text(kept, yaml.safe_dump(to_plain(dataclasses.replace(config, workers=0)), sort_keys=False))
        search_with_workers(tuner, worker_command(kept), workers=config.workers, logs=config.out / "logs")
    else:
        tuner.search()
    return _told(config)


def _trainer(config: TuneConfig) -> Callable[[Mapping[str, Any], Path], None]:
    """Return what trains with some values into a folder, on speakers that the fold does not test."""
    if not config.records:
        raise InputError("--records expected at least one records folder, received none.")
    if config.task == "finetuning" and len(config.records) != 1:
        raise InputError(f"--task finetuning expected one records folder, received {len(config.records)}.")
    if not config.fold.isdecimal():
        raise InputError(f"--fold expected the number of one fold, received {config.fold!r}.")
    # The inner fold has a number of its own: the network that left the fold's test speakers out is found here.
    pretrained = fold_folder(config.pretrained, int(config.fold)) if config.pretrained else None
    labelled = any(Records(path).manifest.labels for path in config.records)

    def train(values: Mapping[str, Any], folder: Path) -> None:
        chosen = with_values(config, values)
        if config.task == "pretraining":
            fold = config.fold if labelled else ""
            common = {"records": config.records, "out": folder, "fold": fold, "folds": config.folds}
            pretrain.run(PretrainConfig(seed=config.seed, model=chosen.model, training=chosen.pretraining, **common))
            return
        common = {"records": config.records[0], "out": folder, "pretrained": pretrained, "seed": config.seed}
        inner = {"fold": "0", "folds": _inner_folds(config)}
        finetune.run(FinetuneConfig(model=chosen.model, training=chosen.finetuning, **common, **inner))

    return train


def _inner_folds(config: TuneConfig) -> Path:
    return config.out / "inner_folds.json"


def _write_inner_folds(config: TuneConfig) -> None:

    folds = folds_of_records(Records(config.records[0]), path=config.folds)
    (number,) = chosen_folds(config.fold, folds)
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


def _told(config: TuneConfig) -> Path:
    """Train with the best values, and with the default ones, on the fold itself; write tables."""
    trials, task = trials_of(config.out, task=config.task), config.task
    if not trials or trials[0]["value"] is None:
        raise InputError("no trial came to an end: there is no best one.")
    best, objective = trials[0], OBJECTIVES[task]
    default = _value_of_defaults(config, trials)  # what the search is to be better than
    if default is None:
        _trainer(config)({}, config.out / PROJECT / "default")
        default = read_json(config.out / PROJECT / "default" / METRICS)[objective]
    told = {"objective": objective, "best": best, "default": default, "trials": len(trials)}
    _make_room(config.out, best)
    if task == "finetuning":
        for name, values in (("default", {}), ("best", best["values"])):
            chosen = with_values(config, values)
            common = {"pretrained": config.pretrained, "fold": config.fold, "folds": config.folds, "seed": config.seed}
            finetune.run(
                FinetuneConfig(
                    records=config.records[0],
                    out=config.out / name,
                    model=chosen.model,
                    training=chosen.finetuning,
                    **common,
                )
            )
            metrics = read_json(config.out / name / METRICS)
            told[f"test_{name}"] = {key: metrics[key] for key in ("wa", "ua", "n", "transductive")}
    else:
        _trainer(config)(best["values"], config.out / "best")
    write_json(config.out / "trials.json", {**told, "all": trials})
    write_text(config.out / "trials.csv", to_csv(trials, task=task))
    header, rows = to_rows(trials, task=task)
    parts = [f"<p>{html.escape(line)}</p>" for line in told_in_words(told)]
    page = config.out / "report" / "index.html"
    page.parent.mkdir(exist_ok=True)
    write_text(page, document(f"A search of {len(trials)} trials: {task}", [*parts, table(header, rows)]))
    print("\n".join(told_in_words(told)))
    print(f"-> {config.out / 'best'}, {page}")
    return config.out / "best"


def _value_of_defaults(config: TuneConfig, trials: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the figure of the trial that had the default settings, if one had."""
    known = settings_of(config)
    alike = [
        one for one in trials if all(known[name] == value for name, value in one["values"].items() if name in known)
    ]
    return alike[0]["value"] if alike else None


def _make_room(out: Path, best: Mapping[str, Any]) -> None:
    """Remove what was trained with the best settings of fewer trials, where these are others."""
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
