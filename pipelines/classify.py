"""Classify emotions from hypercolumns.

`ser-fop classify --hypercolumns hyper/ravdess [hyper/crema_d] --feature h_concat --fold all --out runs/svm`
"""

import dataclasses
import functools
import time
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import ClassifyConfig
from ser_fop.corpora.folds import Fold, folds_digest
from ser_fop.data.joined_records import JoinedRecords, corpora_of
from ser_fop.data.records import Records
from ser_fop.evaluation.by_corpus import scores_by_corpus
from ser_fop.evaluation.description import describe_predictions
from ser_fop.evaluation.each_fold import run_folds
from ser_fop.evaluation.fold_runs import fold_folder, pool_predictions
from ser_fop.evaluation.predictions import PREDICTIONS, predictions_from, write_predictions
from ser_fop.hypercolumns.checks import ON_FRAMES, check_classify_config
from ser_fop.hypercolumns.fit_frames import fit_frames
from ser_fop.hypercolumns.fit_pooled import fit_pooled
from ser_fop.hypercolumns.provenance import records_to_test, records_to_train
from ser_fop.training.memory import network_scope
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.labelled_folds import finetuning_folds
from ser_fop.utils.json_io import read_json, sha256
from ser_fop.utils.run_folder import CONFIG, Stage
from ser_fop.utils.run_once import run_once


def run(config: ClassifyConfig) -> Path:
    """Classify on one fold or on all folds, unless the run folder is complete."""
    check_classify_config(config)
    records = records_to_train(config)
    digests = {"label_map": sha256(config.label_map)} if config.label_map else {}

    def run_fold(one: ClassifyConfig, fold: Fold) -> Path:
        folders = tuple(fold_folder(folder, int(one.fold)) for folder in one.hypercolumns)
        one = dataclasses.replace(one, hypercolumns=folders)
        inputs = {
            "hypercolumns": folders,
            "test_hypercolumns": [one.test_hypercolumns] if one.test_hypercolumns else [],
        }
        work = functools.partial(classify, one, records=records, fold=fold)
        return run_once("classify", one, work, inputs=inputs, digests={**digests, "folds": folds_digest([fold])})

    return run_folds(
        "classify",
        config,
        finetuning_folds(records, path=config.folds),
        run_fold,
        inputs={"hypercolumns": config.hypercolumns},
        summarize=pool_predictions,
        digests=digests,
        tests_elsewhere=bool(config.test_hypercolumns),
    )


@network_scope()
def classify(config: ClassifyConfig, stage: Stage, *, records: Records | JoinedRecords, fold: Fold) -> Path:
    """Train and test one classifier on one fold; return the run folder."""
    started = time.perf_counter()

    # --- utterances: three speaker-disjoint parts
    sources = [read_json(folder / CONFIG) for folder in config.hypercolumns]
    seen_speakers = {speaker for source in sources for speaker in source["seen_speakers"]}
    split = split_fold(
        records,
        fold,
        select_on=config.select_on,
        styles=config.styles,
        test_records=records_to_test(config, records),
        test_labels=config.test_labels,
        name=f"fold {config.fold}",
    )
    split.check_no_label_leakage([one for source in sources for one in source.get("labelled_speakers", ())])

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
    verification = {"verification": details.pop("verification")} if "verification" in details else {}
    by_corpus = {"corpora": scores_by_corpus(predictions, labels)} if isinstance(records, JoinedRecords) else {}
    metrics = {
        **describe_predictions(predictions, labels),
        **by_corpus,
        **verification,
        "target": records.manifest.target,
        "transductive": split.is_transductive(seen_speakers),
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
        seen_speakers=sorted({*seen_speakers, *split.to_record}),
        sources={"hypercolumns": [folder.resolve() for folder in config.hypercolumns]},
        corpora=corpora_of([records]),
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
