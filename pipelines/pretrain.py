"""Learn, without labels, to predict future mel frames: dataset, model, compile, fit, save.

`ser-fop pretrain --records records/a [records/b ...] [--fold K] --out runs/fop`
"""

from pathlib import Path
from typing import Any

from ser_fop.cli import run_stage
from ser_fop.config.settings import ALL_FOLDS
from ser_fop.config.stages import PretrainConfig
from ser_fop.corpora.folds import Fold
from ser_fop.data.readers import translate_service_errors
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.evaluation.each_fold import run_folds
from ser_fop.training.callbacks.resume import fit_resumably
from ser_fop.training.checks import check_pretraining_config
from ser_fop.training.distribute.distribution import Distribution
from ser_fop.training.distribute.train_step import distribute_steps
from ser_fop.training.memory import network_scope
from ser_fop.training.optimizers.factory import pretraining_optimizer
from ser_fop.training.pretraining_data import PretrainingData
from ser_fop.training.pretraining_run import PretrainingRun
from ser_fop.training.setup import jit_compile, learning_rate, precision, seed_everything
from ser_fop.training.splits.labelled_folds import labelled_folds
from ser_fop.training.splits.pretraining import HeldOutSpeakers, held_out_speakers
from ser_fop.utils.run_folder import METRICS, Stage, read_json
from ser_fop.utils.run_once import run_once


def run(config: PretrainConfig) -> Path:
    """Pretrain one network, or one a fold, or find it complete."""
    check_pretraining_config(config)
    records = [Records(folder) for folder in config.records]
    distribution = Distribution(config.strategy)

    def train(one: PretrainConfig, held_out: HeldOutSpeakers) -> Path:
        with translate_service_errors(config.data_service), distribution.translate_worker_errors():
            return run_once(
                "pretrain",
                one,
                lambda stage: pretrain(one, stage, records, held_out=held_out, distribution=distribution),
                inputs={"records": config.records},
                digests={"folds": held_out.digest},
                writes=distribution.is_chief,
            )

    def train_fold(one: PretrainConfig, _: Fold) -> Path:
        return train(one, held_out_speakers(records, fold=int(one.fold), path=config.folds))

    if not config.fold:
        return train(config, HeldOutSpeakers())
    folds = labelled_folds(records, path=config.folds)
    if config.fold == ALL_FOLDS and len(folds.folds) > 1 and config.strategy == "multiworker":
        raise InputError("--strategy multiworker trains one network: give --fold a number, one fold after the other.")
    inputs = {"records": config.records}
    return run_folds("pretrain", config, folds, train_fold, inputs=inputs, summarize=_mean_skill)


@network_scope()
def pretrain(
    config: PretrainConfig,
    stage: Stage,
    records: list[Records],
    *,
    held_out: HeldOutSpeakers,
    distribution: Distribution,
) -> Path:
    """Pretrain one network on all speakers but the held-out ones."""
    settings = config.training
    _ = distribution.replicas  # waits for the other machines before TensorFlow does anything else
    seed_everything(config.seed, deterministic=config.deterministic)

    # --- dataset: utterances of like length in one batch; whole speakers held out for early stopping
    data = PretrainingData(config, records, held_out, distribution)

    # --- model: the statistics of the training speakers travel with it
    with precision(settings.precision), distribution.scope():
        model = data.objective.network(data.features.width, steps=data.steps)
    model.backbone.normalization.set_statistics(data.mean, data.std)

    # --- compile: the loss and its epoch mean are weighted by real frames
    rate = learning_rate(
        settings.learning_rate,
        schedule=settings.schedule,
        epochs=settings.epochs,
        batches=data.train,
        warmup_share=settings.warmup_share,
        accumulate=settings.accumulate,
    )
    with distribution.scope():
        optimizer = pretraining_optimizer(settings, rate)
        optimizer.build(model.trainable_variables)
    loss, metrics = data.objective.loss(), data.objective.metrics()
    model.compile(optimizer=optimizer, loss=loss, weighted_metrics=metrics, jit_compile=jit_compile())
    distribute_steps(model, distribution, data.validation, own_batches=data.per_worker_batches)

    # --- fit: the best epoch's weights are kept; a killed run resumes from its last checkpoint
    run = PretrainingRun(stage, config, data, model, distribution)
    fitted = fit_resumably(
        model,
        data.train.skip,
        data.validation,
        epoch=data.epoch,
        epochs=settings.epochs,
        stopping=run.early_stopping,
        checkpoints=run.checkpoints,
        every_s=60 * config.checkpoint_minutes,
        layout=data.batches_layout,
        callbacks=run.callbacks,
        verbose=run.verbose,
    )

    # --- save: weights with a JSON config, a SavedModel, figures
    return run.save(fitted)


def _mean_skill(_folder: Path, runs: list[Path]) -> dict[str, Any]:
    rows = [read_json(run / METRICS) for run in runs]
    return {
        "skill": sum(row["skill"] for row in rows) / len(rows),
        "seconds": sum(row["seconds"] for row in rows),
        "folds": [{key: value for key, value in row.items() if key != "history"} for row in rows],
    }


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("pretrain", PretrainConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
