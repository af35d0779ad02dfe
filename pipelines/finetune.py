"""Fine-tune for emotion recognition, or train from scratch: dataset, model, compile, fit, save.

`ser-fop finetune --records records/ravdess [--pretrained runs/fop] --fold 0 --seed 0 --out runs/ft`
"""

import dataclasses
import functools
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.settings import NO_FOLD
from ser_fop.config.stages import FinetuneConfig
from ser_fop.corpora.folds import Fold, chosen_folds, folds_digest
from ser_fop.data.records import Records
from ser_fop.evaluation.each_fold import run_folds
from ser_fop.evaluation.fold_runs import fold_folder, pool_predictions
from ser_fop.hub.networks import network_digest, network_spec
from ser_fop.training.checks import check_finetuning_config
from ser_fop.training.classification import compile_classifier, fit_classifier
from ser_fop.training.finetuning_data import FinetuningData
from ser_fop.training.finetuning_run import FinetuningRun
from ser_fop.training.focal_loss import FocalLoss
from ser_fop.training.memory import network_scope
from ser_fop.training.reuse import get_or_compile
from ser_fop.training.setup import learning_rate, precision, seed_everything
from ser_fop.training.splits.pretraining import folds_of_records
from ser_fop.training.starting_point import starting_point
from ser_fop.training.strategies import (
    callbacks_of,
    check_strategy,
    freeze,
    optimizer_of,
    wrap_for_training,
)
from ser_fop.utils.run_folder import Stage
from ser_fop.utils.run_once import run_once


def run(config: FinetuneConfig) -> Path:
    """Fine-tune on one fold, on each, or on all speakers, or find it complete."""
    check_finetuning_config(config)
    records = Records(config.records)
    test_records = [config.test_records] if config.test_records else []

    def run_fold(one: FinetuneConfig, fold: Fold | None) -> Path:
        if one.pretrained and fold:
            one = dataclasses.replace(one, pretrained=fold_folder(one.pretrained, int(one.fold)))
        digests = {"folds": folds_digest([fold])} if fold else {}
        if one.pretrained:
            digests["pretrained"] = network_digest(one.pretrained)
        inputs = {"records": [config.records], "test_records": test_records}
        work = functools.partial(finetune, one, records=records, fold=fold)
        return run_once("finetune", one, work, inputs=inputs, digests=digests)

    if config.fold == NO_FOLD:
        return run_fold(config, None)
    folds = folds_of_records(records, path=config.folds)
    digests = {}
    if config.pretrained:
        network_spec(fold_folder(config.pretrained, chosen_folds(config.fold, folds)[0]))  # fails before any work
        digests["pretrained"] = network_digest(config.pretrained)
    return run_folds(
        "finetune",
        config,
        folds,
        run_fold,
        inputs={"records": [config.records]},
        summarize=pool_predictions,
        digests=digests,
        tests_elsewhere=bool(test_records),
    )


@network_scope()
def finetune(config: FinetuneConfig, stage: Stage, *, records: Records, fold: Fold | None) -> Path:
    """Fine-tune one network on one fold."""
    settings = config.training

    # --- dataset: three speaker-disjoint parts; the test part is evaluated once, at the end
    data = FinetuningData(config, records, fold)
    run = FinetuningRun(stage, config, data)
    for rate in settings.learning_rates:
        # --- model: the pretrained backbone, or a fresh one; only the projection starts from scratch
        seed_everything(config.seed, deterministic=config.deterministic)
        with precision(settings.precision):
            start = starting_point(config, records, normalised_on=data.trained_ids)
        network = start.network
        data.split.check_no_label_leakage(start.labelled_speakers)
        check_strategy(settings, layers=network.backbone.config.layers)
        freeze(network, settings)
        train, validation = data.train(network.backbone), data.validation()

        # --- compile, or reuse the traced steps of an equal network
        schedule = learning_rate(
            rate,
            schedule=settings.schedule,
            epochs=settings.epochs,
            batches=train,
            warmup_share=settings.warmup_share,
        )
        with_dimensions = bool(data.dimensional_labels)
        model = get_or_compile(
            wrap_for_training(network, settings, dimensional_labels=with_dimensions),
            lambda network, rate=schedule: compile_classifier(
                network,
                optimizer=optimizer_of(network, settings, rate),
                loss=FocalLoss(settings.focal_gamma) if settings.loss == "focal" else None,
            ),
            kind="finetune",
            size=network.backbone.config,
            mels=network.backbone.mels,
            classes=len(data.labels),
            settings=settings,
            dimensional_labels=with_dimensions,
            rate=rate,
            batches=int(train.cardinality()) if settings.schedule != "constant" else 0,
        )

        # --- fit: the validation speakers stop it
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

    # --- save: tested once, then written
    return run.test_and_save(model, start)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("finetune", FinetuneConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
