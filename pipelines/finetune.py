"""Fine-tune for emotion recognition, or train from scratch: dataset, model, compile, fit, test, save.

`ser-fop finetune --records records/ravdess [--pretrained runs/fop] --fold 0 --seed 0 --out runs/ft`
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

from ser_fop.cli import run_stage
from ser_fop.config.stages import FinetuneConfig


def run(config: FinetuneConfig) -> Path:
    """Fine-tune on one fold, on each, or on everyone, or find it complete."""
    from ser_fop.config.settings import NO_FOLD
    from ser_fop.corpora.folds import chosen_folds, folds_digest
    from ser_fop.data.records import Records
    from ser_fop.errors import InputError
    from ser_fop.evaluation.fold_runs import EVERY_FOLD_ELSEWHERE, fold_folder, pool_predictions, run_each_fold
    from ser_fop.hub.networks import network_digest, network_spec
    from ser_fop.models.backbone import check_model
    from ser_fop.training.splits.pretraining import folds_of_records

    check_model(config.model)
    if config.training.train_on_validation and config.select_on == "test":
        raise InputError(
            "--select-on test puts the test speakers in the place of those whom --train-on-validation trains."
        )
    records = Records(config.records)
    if config.fold == NO_FOLD:
        if not config.training.train_on_validation or config.test_records or config.folds:
            raise InputError(
                "--fold none has nobody who validates or is tested: give --train-on-validation with it, and neither"
                " --folds nor --test-records."
            )
        return finetune(config, records, fold=None)
    folds = folds_of_records(records, path=config.folds)
    chosen = chosen_folds(config.fold, folds)
    if config.pretrained:
        network_spec(fold_folder(config.pretrained, chosen[0]))  # bad input is told before any work

    def run_fold(one: FinetuneConfig) -> Path:
        number = int(one.fold)
        pretrained = fold_folder(config.pretrained, number) if config.pretrained else None
        return finetune(dataclasses.replace(one, pretrained=pretrained), records, fold=folds.folds[number])

    if len(chosen) == 1:
        return run_fold(dataclasses.replace(config, fold=str(chosen[0])))
    if config.test_records:
        raise InputError(EVERY_FOLD_ELSEWHERE)
    digests = {"folds": folds_digest([folds.folds[number] for number in chosen])}
    if config.pretrained:
        digests["pretrained"] = network_digest(config.pretrained)
    return run_each_fold(
        "finetune",
        config,
        chosen,
        run_fold,
        inputs={"records": [config.records]},
        digests=digests,
        summarize=pool_predictions,
    )


def finetune(config: FinetuneConfig, records: Any, *, fold: Any) -> Path:
    """Fine-tune one network on one fold."""
    from ser_fop.corpora.folds import folds_digest
    from ser_fop.data.augmentation import augmentation
    from ser_fop.data.datasets import labelled_batches
    from ser_fop.data.records import Records
    from ser_fop.evaluation.description import describe_predictions
    from ser_fop.evaluation.predictions import PREDICTIONS, predictions_from, write_predictions
    from ser_fop.hub.networks import NETWORK, network_digest, write_saved_model
    from ser_fop.models.saving import EMOTION_CLASSIFIER, NetworkSpec, save_network
    from ser_fop.training.classification import (
        balanced_weights,
        compile_classifier,
        fit_classifier,
        probabilities_of,
    )
    from ser_fop.training.focal_loss import FocalLoss
    from ser_fop.training.reuse import get_or_compile
    from ser_fop.training.setup import learning_rate, precision, seed_everything
    from ser_fop.training.splits.dimensional_labels import known_dimensional_labels, wanted_dimensional_labels
    from ser_fop.training.splits.finetuning import require_comparable, split_fold, train_on_all
    from ser_fop.training.strategies import (
        callbacks_of,
        check_strategy,
        freeze,
        optimizer_of,
        unwrap_classifier,
        wrap_for_training,
    )
    from ser_fop.utils.run_folder import open_stage

    digests = {"folds": folds_digest([fold])} if fold else {}
    if config.pretrained:
        digests["pretrained"] = network_digest(config.pretrained)
    inputs = {"records": [config.records], "test_records": [config.test_records] if config.test_records else []}
    stage = open_stage("finetune", out=config.out, config=config, inputs=inputs, digests=digests)
    if stage.complete:
        print(f"{stage.out} is complete.")
        return stage.out
    started = time.perf_counter()
    labels = records.manifest.labels
    settings = config.training

    # --- dataset: three speaker-disjoint parts; the test part is touched once, below
    elsewhere = Records(config.test_records) if config.test_records else None
    require_comparable(records, elsewhere)
    if fold is None:
        parts = train_on_all(records, styles=config.styles)
    else:
        parts = split_fold(
            records,
            fold,
            select_on=config.select_on,
            styles=config.styles,
            test_records=elsewhere,
            test_labels=config.test_labels,
        )
    sizes = {"batch_size": settings.batch_size, "batch_frames": settings.batch_frames}
    learned = {**parts.train, **parts.validation} if settings.train_on_validation else parts.train
    weights = balanced_weights(learned.values(), count=len(labels))
    dimensional_labels = wanted_dimensional_labels(settings, records, learned, parts.validation)
    chosen, tried = None, []
    for rate in settings.learning_rates:
        # --- model: the pretrained backbone, or a fresh one; only the projection starts from scratch
        seed_everything(config.seed, deterministic=config.deterministic)
        with precision(settings.precision):
            start = starting_point(config, records, normalised_on=learned)
        fresh = start.network
        parts.check_no_label_leakage(start.labelled_speakers)
        check_strategy(settings, layers=fresh.backbone.config.layers)
        freeze(fresh, settings)
        augment_fn = augmentation(
            settings.augmentation, records.manifest.features, fresh.backbone.normalization.mean.numpy()
        )
        train = labelled_batches(
            records, learned, seed=config.seed, augment_fn=augment_fn, dimensional_labels=dimensional_labels, **sizes
        )
        validation = None
        if not settings.train_on_validation:
            validation = labelled_batches(
                parts.validated, parts.validation, dimensional_labels=dimensional_labels, **sizes
            )

        # --- compile, or take the steps of an equal network: each depth at the rate that the strategy gives it
        scheduled = learning_rate(
            rate,
            schedule=settings.schedule,
            epochs=settings.epochs,
            batches=train,
            warmup_share=settings.warmup_share,
        )
        model = get_or_compile(
            wrap_for_training(fresh, settings, dimensional_labels=bool(dimensional_labels)),
            lambda network, rate=scheduled: compile_classifier(
                network,
                optimizer=optimizer_of(network, settings, rate),
                loss=FocalLoss(settings.focal_gamma) if settings.loss == "focal" else None,
            ),
            kind="finetune",
            size=fresh.backbone.config,
            mels=fresh.backbone.mels,
            classes=len(labels),
            settings=settings,
            dimensional_labels=bool(dimensional_labels),
            rate=rate,
            batches=int(train.cardinality()) if settings.schedule != "constant" else 0,
        )

        # --- fit: stopped by the validation speakers
        fitted = fit_classifier(
            model,
            train,
            validation,
            epochs=settings.epochs,
            patience=settings.patience,
            keep=settings.keep,
            logs=stage.folder / "logs" / f"learning_rate_{rate:g}",
            callbacks=callbacks_of(model, settings),
            class_weight=weights if settings.class_weights == "balanced" else None,
        )
        tried.append({"learning_rate": rate, **fitted})
        if chosen is None or fitted["val_accuracy"] > chosen[0]["val_accuracy"]:
            chosen = (tried[-1], model.get_weights())

    # --- test: once
    model.set_weights(chosen[1])
    model = unwrap_classifier(model)
    tested, answers = {}, []
    if parts.test:
        probabilities = probabilities_of(model, parts.tested, parts.test, batch_frames=settings.batch_frames)
        predictions = predictions_from(
            parts.test_rows, probabilities, labels=labels, fold=int(config.fold), seed=config.seed
        )
        write_predictions(stage.folder / PREDICTIONS, predictions, labels)
        answers = [stage.folder / PREDICTIONS]
        tested = {
            **describe_predictions(predictions, labels),
            "transductive": parts.is_transductive(start.seen_speakers),
            "selected_on": config.select_on,
            "tested_on": parts.tested.corpus,
            "unmatched_utterances": parts.unmatched_utterances,
            "fold": int(config.fold),
        }

    # --- save
    spec = NetworkSpec(
        kind=EMOTION_CLASSIFIER,
        features=records.manifest.features,
        model=model.backbone.config,
        seen_speakers=tuple(sorted({*start.seen_speakers, *parts.trained_on})),
        labelled_speakers=tuple(sorted({*start.labelled_speakers, *parts.trained_on})),
        labels=labels,
        attention=settings.attention,
        pooling=settings.pooling,
        trim_below_db=records.manifest.trim_below_db,
    )
    written = save_network(model, spec, stage.folder / NETWORK)
    write_saved_model(stage.folder)
    metrics = {
        **tested,
        "labels": labels,
        "dimensional_labels": known_dimensional_labels(dimensional_labels, learned),
        "seed": config.seed,
        "chosen": {key: value for key, value in chosen[0].items() if key != "history"},
        "tried": tried,
        "parameters": model.count_params(),
        "seconds": time.perf_counter() - started,
    }
    out = stage.commit(metrics=metrics, content=[*written, *answers], seen_speakers=spec.seen_speakers)
    figures = f"WA {tested['wa']:.4f}, UA {tested['ua']:.4f} on {tested['n']} test utterances" if tested else "untested"
    print(f"fold {config.fold}: {figures} -> {out}")
    return out


@dataclasses.dataclass(frozen=True)
class StartingPoint:
    """The network before fine-tuning.

    Attributes:
        network: An `EmotionClassifier`.
        seen_speakers: Speakers that its backbone has heard.
        labelled_speakers: Speakers whose emotions it was told.
    """

    network: Any
    seen_speakers: tuple[str, ...] = ()
    labelled_speakers: tuple[str, ...] = ()


def starting_point(config: FinetuneConfig, records: Any, *, normalised_on: Any) -> StartingPoint:
    """Return the network before fine-tuning.

    Args:
        config: The config of the stage.
        records: The records.
        normalised_on: Ids whose mel statistics are taken where they are not the pretrained network's.
    """
    from ser_fop.data.records import mel_moments, require_same_features
    from ser_fop.hub.networks import load_network
    from ser_fop.models.backbone import Backbone
    from ser_fop.models.emotion_classifier import EmotionClassifier

    features = records.manifest.features
    chosen = {"attention": config.training.attention, "name": "backbone"}
    size, known = config.model, {}
    if config.pretrained:
        pretrained, spec = load_network(config.pretrained)
        require_same_features({str(records.folder): features, str(config.pretrained): spec.features})
        size, known = spec.model, {"seen_speakers": spec.seen_speakers, "labelled_speakers": spec.labelled_speakers}
    if config.training.finetuning_dropout is not None:
        size = dataclasses.replace(size, dropout=config.training.finetuning_dropout)
    backbone = Backbone(size, features.width, **chosen)
    if config.pretrained:
        backbone.set_weights(pretrained.backbone.get_weights())
    if not config.pretrained or config.training.normalisation == "target":
        backbone.normalization.set_statistics(*mel_moments([(records, normalised_on)]))
    network = EmotionClassifier(backbone, len(records.manifest.labels), pooling=config.training.pooling)
    return StartingPoint(network, **known)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("finetune", FinetuneConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
