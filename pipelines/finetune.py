"""Fine-tune a network for emotion recognition, or train it from scratch: dataset, model, compile, fit, save.

`ser-fop finetune --records records/ravdess [--pretrained runs/fop] --fold 0 --seed 0 --out runs/ft`
"""

import dataclasses
import functools
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.settings import NO_FOLD
from ser_fop.config.stages import FinetuneConfig
from ser_fop.corpora.folds import Fold, chosen_folds, folds_digest
from ser_fop.data.joined_records import JoinedRecords, labelled_records
from ser_fop.data.records import Records
from ser_fop.evaluation.each_fold import run_folds
from ser_fop.evaluation.fold_runs import fold_folder, pool_predictions
from ser_fop.training.checks import check_finetuning_config
from ser_fop.training.classification import fit_classifier
from ser_fop.training.compile_finetuning import compile_finetuning
from ser_fop.training.finetuning_data import FinetuningData
from ser_fop.training.finetuning_run import FinetuningRun
from ser_fop.training.memory import network_scope
from ser_fop.training.setup import precision, seed_everything
from ser_fop.training.splits.labelled_folds import finetuning_folds
from ser_fop.training.starting_point import input_digests, starting_point
from ser_fop.training.strategies import callbacks_of, freeze
from ser_fop.utils.run_folder import Stage
from ser_fop.utils.run_once import run_once


def run(config: FinetuneConfig) -> Path:
    """Fine-tune on one fold, on every fold or on all speakers, unless the run folder is complete."""
    check_finetuning_config(config)
    records = labelled_records(config.records, config.label_map, target=config.target)
    test_records = [config.test_records] if config.test_records else []

    def run_fold(one: FinetuneConfig, fold: Fold | None) -> Path:
        if one.pretrained and fold:
            one = dataclasses.replace(one, pretrained=fold_folder(one.pretrained, int(one.fold)))
        inputs = {"records": config.records, "test_records": test_records}
        digests = {"folds": folds_digest([fold])} if fold else {}
        work = functools.partial(finetune, one, records=records, fold=fold)
        return run_once("finetune", one, work, inputs=inputs, digests={**digests, **input_digests(one)})

    if config.fold == NO_FOLD:
        return run_fold(config, None)
    folds, inputs = finetuning_folds(records, path=config.folds), {"records": config.records}
    digests = input_digests(config, fold=chosen_folds(config.fold, folds)[0])
    options = {"summarize": pool_predictions, "tests_elsewhere": bool(test_records)}
    return run_folds("finetune", config, folds, run_fold, inputs=inputs, digests=digests, **options)


@network_scope()
def finetune(config: FinetuneConfig, stage: Stage, *, records: Records | JoinedRecords, fold: Fold | None) -> Path:
    """Fine-tune one network on one fold; return the run folder."""
    settings = config.training

    # --- dataset: speaker-disjoint training, validation and test data; the test data is used once, at the end
    data = FinetuningData(config, records, fold)
    run = FinetuningRun(stage, config, data)
    for rate in settings.learning_rates:
        # --- model: the pretrained backbone, or a new one; the projection is always new
        seed_everything(config.seed, deterministic=config.deterministic)
        with precision(settings.precision):
            start = starting_point(config, records, normalised_on=data.trained_ids)
        data.split.check_no_label_leakage(start.labelled_speakers)
        freeze(start.network, settings)
        train, validation = data.train(start.network.backbone), data.validation()

        # --- compile: Adam with the schedule and the learning rates of the strategy; cross-entropy or the focal loss
        model = compile_finetuning(start.network, settings, rate=rate, batches=train, more_inputs=data.more_inputs)

        # --- fit: early stopping on the validation speakers
        fitted = fit_classifier(
            model,
            train,
            validation,
            epochs=settings.epochs,
            patience=settings.patience,
            keep=settings.keep,
            logs=run.logs(rate),
            callbacks=callbacks_of(model, settings),
            class_weight=data.class_weight,
        )
        run.keep_if_best(model, rate, fitted)

    # --- save: evaluate once on the test speakers, then write
    return run.test_and_save(model, start)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("finetune", FinetuneConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
