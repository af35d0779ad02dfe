"""Pretrain a network to predict future mel frames, without labels: dataset, model, compile, fit, save.

`ser-fop pretrain --records records/a [records/b ...] [--fold K] --out runs/fop`
"""

import functools
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import PretrainConfig
from ser_fop.corpora.folds import Fold, chosen_folds
from ser_fop.data.readers import translate_service_errors
from ser_fop.data.records import Records
from ser_fop.evaluation.each_fold import run_folds
from ser_fop.evaluation.fold_runs import mean_skill
from ser_fop.training.callbacks.resume import fit_resumably
from ser_fop.training.checks import check_pretraining_config
from ser_fop.training.compile_pretraining import compile_pretraining
from ser_fop.training.distribute.distribution import Distribution
from ser_fop.training.memory import network_scope
from ser_fop.training.pretraining_data import PretrainingData
from ser_fop.training.pretraining_run import PretrainingRun
from ser_fop.training.setup import precision, seed_everything
from ser_fop.training.splits.labelled_folds import labelled_folds
from ser_fop.training.splits.pretraining import HeldOutSpeakers, held_out_speakers
from ser_fop.utils.run_folder import Stage
from ser_fop.utils.run_once import run_once


def run(config: PretrainConfig) -> Path:
    """Pretrain one network or one per fold, unless the run folder is complete."""
    check_pretraining_config(config)
    records = [Records(folder) for folder in config.records]
    distribution = Distribution(config.strategy)
    inputs = {"records": config.records}

    def run_fold(one: PretrainConfig, _: Fold | None = None) -> Path:
        held_out = held_out_speakers(records, fold=int(one.fold), path=one.folds) if one.fold else HeldOutSpeakers()
        work = functools.partial(pretrain, one, records=records, held_out=held_out, distribution=distribution)
        digests = {"folds": held_out.digest}
        with translate_service_errors(config.data_service), distribution.translate_worker_errors():
            return run_once("pretrain", one, work, inputs=inputs, digests=digests, writes=distribution.is_chief)

    if not config.fold:
        return run_fold(config)
    folds = labelled_folds(records, path=config.folds)
    distribution.require_one_network(len(chosen_folds(config.fold, folds)))
    return run_folds("pretrain", config, folds, run_fold, inputs=inputs, summarize=mean_skill)


@network_scope()
def pretrain(
    config: PretrainConfig,
    stage: Stage,
    *,
    records: list[Records],
    held_out: HeldOutSpeakers,
    distribution: Distribution,
) -> Path:
    """Pretrain one network on all speakers except the held-out ones; return the run folder."""
    settings = config.training
    _ = distribution.replicas  # connects the workers; TensorFlow requires this before any other operation
    seed_everything(config.seed, deterministic=config.deterministic)

    # --- dataset: batches of similar lengths; early stopping uses whole held-out speakers
    data = PretrainingData(config, records, held_out, distribution)

    # --- model: it stores the normalisation statistics of the training speakers
    with precision(settings.precision), distribution.scope():
        model = data.objective.network(data.features.width, steps=data.steps)
    model.backbone.normalization.set_statistics(data.mean, data.std)

    # --- compile: the loss and its epoch mean are weighted by the number of real frames
    model = compile_pretraining(model, settings, size=config.model, data=data, distribution=distribution)

    # --- fit: keep the weights of the best epoch; a killed run resumes from its last checkpoint
    run = PretrainingRun(stage, config, data, model, distribution)
    fitted = fit_resumably(
        model,
        data.train.skip,
        data.validation,
        epoch=data.epoch,
        epochs=settings.epochs,
        layout=data.batches_layout,
        **run.fit_options,
    )

    # --- save: weights with a JSON config, metrics
    return run.save(fitted)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("pretrain", PretrainConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
