"""Learn, without labels, to predict future mel frames: dataset, model, compile, fit, save.

`ser-fop pretrain --records records/a [records/b ...] [--fold K] --out runs/fop`
"""

import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

from ser_fop.cli import run_stage
from ser_fop.config.stages import PretrainConfig


def run(config: PretrainConfig) -> Path:
    """Pretrain one network, or one a fold, or find it complete."""
    from ser_fop.corpora.folds import chosen_folds, folds_digest
    from ser_fop.data.readers import translate_service_errors
    from ser_fop.data.records import Records
    from ser_fop.errors import InputError
    from ser_fop.evaluation.fold_runs import run_each_fold
    from ser_fop.models.backbone import check_model
    from ser_fop.training.distribute.distribution import Distribution
    from ser_fop.training.distribute.worker_shard import check_reading
    from ser_fop.training.objectives.registry import needs_classes
    from ser_fop.training.optimizers.factory import check_pretraining
    from ser_fop.training.splits.pretraining import HeldOutSpeakers, folds_of_records, held_out_speakers

    check_model(config.model)
    check_pretraining(config.training, config.model)
    check_reading(config)
    if not config.records:
        raise InputError("--records expected at least one records folder, received none.")
    records = [Records(folder) for folder in config.records]
    distribution = Distribution(config.strategy)

    if needs_classes(config.training) and config.strategy != "none":
        raise InputError(
            f"task `{config.training.task}` averages over the labels of a batch, on one device: drop --strategy."
        )

    def train(one: PretrainConfig, unknown: Any) -> Path:
        with translate_service_errors(config.data_service), distribution.translate_worker_errors():
            return pretrain(one, records, unknown=unknown, distribution=distribution)

    if not config.fold:
        return train(config, HeldOutSpeakers())
    labelled = next((part for part in records if part.manifest.labels), None)
    if labelled is None:
        held_out_speakers(records, fold=0, path=config.folds)  # says why
    known = folds_of_records(labelled, path=config.folds)
    folds = chosen_folds(config.fold, known)
    if len(folds) > 1 and config.strategy == "multiworker":
        raise InputError("--strategy multiworker trains one network: give --fold a number, one fold after the other.")

    def run_fold(one: PretrainConfig) -> Path:
        return train(one, held_out_speakers(records, fold=int(one.fold), path=config.folds))

    if len(folds) == 1:
        return run_fold(dataclasses.replace(config, fold=str(folds[0])))
    return run_each_fold(
        "pretrain",
        config,
        folds,
        run_fold,
        inputs={"records": config.records},
        digests={"folds": folds_digest([known.folds[number] for number in folds])},
        summarize=_mean_skill,
    )


def pretrain(config: PretrainConfig, records: list, *, unknown: Any, distribution: Any) -> Path:
    """Pretrain one network on everybody but those whom it must not know."""
    import keras
    import numpy as np
    import tensorflow as tf

    from ser_fop.data.augmentation import compose, input_masking
    from ser_fop.data.datasets import pad_to_batch_count, unlabelled_batches, unlabelled_frames
    from ser_fop.data.records import mel_moments, require_same_features
    from ser_fop.errors import InputError
    from ser_fop.hub.networks import NETWORK, write_saved_model
    from ser_fop.models.saving import NetworkSpec, save_network
    from ser_fop.training.callbacks.checkpoints import Checkpoints
    from ser_fop.training.callbacks.early_stopping import BestWeights
    from ser_fop.training.callbacks.eta import TimeRemaining
    from ser_fop.training.callbacks.resume import Fitted, fit_resumably
    from ser_fop.training.callbacks.tensorboard import PretrainingTensorBoard
    from ser_fop.training.distribute.train_step import distribute_steps
    from ser_fop.training.distribute.worker_shard import worker_shard
    from ser_fop.training.objectives.registry import needs_classes, objective_of
    from ser_fop.training.objectives.skill import EXAMPLES, SkillPrinter, example_prediction
    from ser_fop.training.optimizers.factory import check_code, pretraining_optimizer
    from ser_fop.training.setup import jit_compile, learning_rate, precision, seed_everything, verbosity
    from ser_fop.training.splits.pretraining import class_targets, speakers_with_labels, split_for_pretraining
    from ser_fop.utils.run_folder import CHECKPOINTS, open_stage

    stage = open_stage(
        "pretrain",
        out=config.out,
        config=config,
        inputs={"records": config.records},
        digests={"folds": unknown.digest},
        writes=distribution.is_chief,
    )
    if stage.complete:
        shutil.rmtree(stage.out / CHECKPOINTS, ignore_errors=True)  # of a run killed before it could
        print(f"{stage.out} is complete.")
        return stage.out
    started = time.perf_counter()
    settings = config.training
    features = require_same_features({str(part.folder): part.manifest.features for part in records})
    check_code(settings, config.model, width=features.width)
    if len({part.manifest.trim_below_db for part in records}) > 1:
        raise InputError("some of the records were trimmed of silence and some not: prepare them alike.")
    replicas = distribution.replicas  # waits for the other machines, before TensorFlow does anything else
    seed_everything(config.seed, deterministic=config.deterministic)

    # --- dataset: utterances of like length in one batch; whole speakers held out for early stopping
    split = split_for_pretraining(
        records,
        excluded_speakers=unknown.excluded_speakers,
        validation_share=settings.validation_share,
        seed=config.seed,
    )
    labelled_speakers, count = (
        class_targets(split, unlabelled_speakers=unknown.unlabelled_speakers) if needs_classes(settings) else (None, 0)
    )
    with tf.device("CPU:0"):
        epoch = tf.Variable(0, dtype=tf.int64)  # an epoch's order follows its number: a run can go on anywhere
    mean, std = mel_moments(split.train)
    objective = objective_of(settings, config.model, mean=mean, std=std, classes=count)
    sizes = {name: getattr(settings, name) for name in ("batch_size", "batch_frames", "chunk_frames")}
    sizes["horizons"] = objective.horizons
    masking = input_masking(freq_mask=settings.freq_mask, time_mask=settings.time_mask, masks=settings.masks, mean=mean)
    corruption_fn = compose(objective.input_corruption(), masking)
    share = worker_shard(split.train, distribution, by=config.shard_by, **sizes)
    read = unlabelled_batches(
        share.parts,
        seed=config.seed,
        epoch=epoch,
        corruption_fn=corruption_fn,
        classes=labelled_speakers,
        service=config.data_service,
        **share.sizes,
    )
    train = objective.batches(pad_to_batch_count(read, share.steps))
    # None of which is told here; and who is to clean what was spoiled is asked to do so.
    unmapped = unlabelled_batches(
        split.validation, classes=labelled_speakers, corruption_fn=objective.input_corruption(), **sizes
    )
    validation = objective.batches(unmapped)
    steps = share.steps * settings.epochs

    # --- model: the statistics of the training speakers travel with it
    with precision(settings.precision), distribution.scope():
        model = objective.network(features.width, steps=steps)
    model.backbone.normalization.set_statistics(mean, std)

    # --- compile: the loss and its epoch mean are weighted by real frames
    rate = learning_rate(
        settings.learning_rate,
        schedule=settings.schedule,
        epochs=settings.epochs,
        batches=train,
        warmup_share=settings.warmup_share,
        accumulate=settings.accumulate,
    )
    with distribution.scope():
        optimizer = pretraining_optimizer(settings, rate)
        optimizer.build(model.trainable_variables)
    model.compile(
        optimizer=optimizer,
        loss=objective.loss(),
        weighted_metrics=objective.metrics(),
        jit_compile=jit_compile(),
    )
    distribute_steps(model, distribution, validation, own_batches=share.per_worker_batches)

    # --- fit: skill each epoch, the best weights kept; killed, it goes on
    baselines = objective.baselines(unmapped)
    baseline = baselines["error"]
    untrained = model.evaluate(validation, return_dict=True, verbose=0)["error"]
    preparing = time.perf_counter() - started
    fitted = Fitted(history={}, seconds=0.0)
    first = max(0, min(-(-objective.warmup_steps(steps) // max(1, share.steps)), settings.epochs - 1))
    useful, padding = unlabelled_frames(split.train, **sizes)

    def example() -> tuple[np.ndarray, np.ndarray]:
        found = example_prediction(model, split.validation, horizons=objective.horizons)
        return found["true"], found["predicted"]

    shown = [
        SkillPrinter(baselines, objective.baseline_name),
        PretrainingTensorBoard(
            stage.folder / "logs",
            frames=useful,
            batches=share.steps,
            padding=padding,
            example=example if objective.gives_frames else None,
        ),
        keras.callbacks.TensorBoard(stage.folder / "logs", write_graph=False),
        TimeRemaining(),
    ]
    checkpoints = Checkpoints(stage.folder / CHECKPOINTS, keep=config.checkpoints, writes=distribution.is_chief)
    distribution.require_agreement([path.name for path in checkpoints.found()], what=f"checkpoints in {stage.folder}")
    if settings.epochs:
        fitted = fit_resumably(
            model,
            train.skip,
            validation,
            epoch=epoch,
            epochs=settings.epochs,
            stopping=BestWeights("val_error", patience=settings.patience, first=first),
            checkpoints=checkpoints,
            every_s=60 * config.checkpoint_minutes,
            layout=None if config.data_service else distribution.workers if share.per_worker_batches else 1,
            callbacks=shown if distribution.is_chief else (),
            verbose=verbosity() if distribution.is_chief else 0,
        )
    if not distribution.is_chief:
        print(f"worker {distribution.worker} of {distribution.workers} has done its part; worker 0 writes {stage.out}.")
        return stage.out
    history, ended = fitted.history, time.perf_counter()
    if history and not np.isfinite(history["val_error"][first:]).any():
        raise InputError(
            f"no epoch had a validation error that is a number: training with a learning rate of {settings.learning_rate:g}"
            f" diverged. Remove {stage.folder}, and lower --learning-rate or give --clip-norm."
        )
    best = first + int(np.nanargmin(history["val_error"][first:])) if history else None
    error = history["val_error"][best] if history else untrained

    # --- save: weights with our JSON config, and a SavedModel
    spec = NetworkSpec(
        kind=objective.kind,
        features=features,
        model=config.model,
        horizons=objective.horizons,
        **objective.spec,
        seen_speakers=split.seen_speakers,  # untrained, it knows their mel statistics
        labelled_speakers=speakers_with_labels(split, labelled_speakers or ()) if history else (),
        trim_below_db=records[0].manifest.trim_below_db,
    )
    written = save_network(model, spec, stage.folder / NETWORK)
    write_saved_model(stage.folder)
    if objective.gives_frames:
        np.savez(stage.folder / EXAMPLES, **example_prediction(model, split.validation, horizons=objective.horizons))
    frames = sum(row.frames for part, ids in split.train for row in part.rows if row.id in ids)
    metrics = {
        "skill": 1.0 - error / baseline,
        "error": error,
        "copy_error": baseline,
        "baseline_name": objective.baseline_name,
        "untrained_skill": 1.0 - untrained / baseline,
        "skill_by_horizon": {
            n: 1.0 - (history[f"val_error_{n}"][best] / baselines[f"error_{n}"]) for n in objective.horizons
        }
        if history and len(baselines) > 1
        else {},
        "epochs": len(history.get("loss", ())),
        "parameters": model.count_params(),
        "frames": frames,
        "replicas": replicas,
        "seconds": preparing + fitted.seconds + time.perf_counter() - ended,
        "frames_per_s": frames * len(history.get("loss", ())) / fitted.seconds if history else None,
        "validation_speakers": split.validation_speakers,
        "history": history,
    }
    out = stage.commit(
        metrics=metrics, content=written, seen_speakers=spec.seen_speakers, labelled_speakers=spec.labelled_speakers
    )
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    print(
        f"skill {metrics['skill']:+.4f} on held-out speakers after {metrics['epochs']} epochs, {metrics['seconds']:.0f} s -> {out}"
    )
    return out


def _mean_skill(_folder: Path, runs: list[Path]) -> dict[str, Any]:
    from ser_fop.utils.run_folder import METRICS, read_json

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
