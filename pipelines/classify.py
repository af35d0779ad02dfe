"""Classify emotions from hypercolumns.

`ser-fop classify --hypercolumns hyper/ravdess --feature h_concat --classifier svm --fold all --out runs/svm`
"""

import dataclasses
import functools
import time
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import ClassifyConfig
from ser_fop.corpora.folds import Fold, folds_digest
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.description import describe_predictions
from ser_fop.evaluation.each_fold import run_folds
from ser_fop.evaluation.fold_runs import fold_folder, pool_predictions
from ser_fop.evaluation.predictions import PREDICTIONS, predictions_from, write_predictions
from ser_fop.hypercolumns.fit_frames import fit_frames
from ser_fop.hypercolumns.fit_pooled import fit_pooled
from ser_fop.hypercolumns.provenance import records_behind, records_to_test
from ser_fop.training.memory import network_scope
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.utils.json_io import read_json
from ser_fop.utils.run_folder import CONFIG, Stage
from ser_fop.utils.run_once import run_once

# Classifiers that read frames, not pooled features.
ON_FRAMES = ("a_lstm", "attention")


def run(config: ClassifyConfig) -> Path:
    """Classify on one fold or on all folds, unless the run folder is complete."""
    if config.code != "none" and config.classifier in ON_FRAMES:
        raise InputError(
            f"--code {config.code} expected a classifier of pooled features, such as svm; received --classifier"
            f" {config.classifier}, which reads frames. Choose another --classifier, or drop --code."
        )
    if config.settings.refit_on_validation and config.select_on == "test":
        raise InputError(
            "--select-on test replaces the validation speakers by the test speakers, and --refit-on-validation would"
            " train on them. Drop one of the two options."
        )
    records = records_behind(config.hypercolumns)

    def run_fold(one: ClassifyConfig, fold: Fold) -> Path:
        one = dataclasses.replace(one, hypercolumns=fold_folder(one.hypercolumns, int(one.fold)))
        inputs = {
            "hypercolumns": [one.hypercolumns],
            "test_hypercolumns": [one.test_hypercolumns] if one.test_hypercolumns else [],
        }
        work = functools.partial(classify, one, records=records, fold=fold)
        return run_once("classify", one, work, inputs=inputs, digests={"folds": folds_digest([fold])})

    return run_folds(
        "classify",
        config,
        folds_of_records(records, path=config.folds),
        run_fold,
        inputs={"hypercolumns": [config.hypercolumns]},
        summarize=pool_predictions,
        tests_elsewhere=bool(config.test_hypercolumns),
    )


@network_scope()
def classify(config: ClassifyConfig, stage: Stage, *, records: Records, fold: Fold) -> Path:
    """Train and test one classifier on one fold; return the run folder."""
    started = time.perf_counter()

    # --- utterances: three speaker-disjoint parts
    source = read_json(config.hypercolumns / CONFIG)
    split = split_fold(
        records,
        fold,
        select_on=config.select_on,
        styles=config.styles,
        test_records=records_to_test(config.hypercolumns, config.test_hypercolumns),
        test_labels=config.test_labels,
        name=f"fold {config.fold}",
    )
    split.check_no_label_leakage(source.get("labelled_speakers", ()))

    # --- fit and test
    fit = fit_frames if config.classifier in ON_FRAMES else fit_pooled
    fitted = fit(config, records, split, stage.folder)

    # --- save: predictions and figures
    labels, number = records.manifest.labels, int(config.fold)
    predictions = predictions_from(
        split.test_rows,
        fitted.probabilities,
        labels=labels,
        fold=number,
        seed=config.seed,
        predicted=fitted.predicted,
    )
    write_predictions(stage.folder / PREDICTIONS, predictions, labels)
    details = dict(fitted.details)
    metrics = {
        **describe_predictions(predictions, labels),
        "transductive": split.is_transductive(source["seen_speakers"]),
        "selected_on": config.select_on,
        "tested_on": split.tested.corpus,
        "unmatched_utterances": split.unmatched_utterances,
        "feature": config.feature,
        "classifier": config.classifier,
        "code": config.code,
        "fold": number,
        "seed": config.seed,
        "parameters": details.pop("parameters", None),  # number of weights; networks only
        "chosen": details,
        "seconds": time.perf_counter() - started,
    }
    out = stage.commit(
        metrics=metrics,
        content=[*fitted.files, stage.folder / PREDICTIONS],
        seen_speakers=sorted({*source["seen_speakers"], *split.trained_on}),
        sources={"hypercolumns": config.hypercolumns.resolve()},
    )
    print(
        f"{config.feature} {config.classifier}, fold {config.fold}: WA {metrics['wa']:.4f}, UA {metrics['ua']:.4f}"
        f" on {metrics['n']} test utterances -> {out}"
    )
    return out


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("classify", ClassifyConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
