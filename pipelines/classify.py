"""Recognise emotions from hypercolumns.

`ser-fop classify --hypercolumns hyper/ravdess --feature h_concat --classifier svm --fold all --out runs/svm`
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

from ser_fop.cli import run_stage
from ser_fop.config.stages import ClassifyConfig

# What reads frames, not utterances.
ON_FRAMES = ("a_lstm", "attention")


def run(config: ClassifyConfig) -> Path:
    """Classify on one fold, or on each, or find it complete."""
    from ser_fop.corpora.folds import chosen_folds, folds_digest
    from ser_fop.errors import InputError
    from ser_fop.evaluation.fold_runs import EVERY_FOLD_ELSEWHERE, fold_folder, pool_predictions, run_each_fold
    from ser_fop.hypercolumns.provenance import records_behind
    from ser_fop.training.splits.pretraining import folds_of_records

    if config.code != "none" and config.classifier in ON_FRAMES:
        raise InputError(f"--code {config.code} is one of utterances: --classifier {config.classifier} reads frames.")
    if config.settings.refit_on_validation and config.select_on == "test":
        raise InputError(
            "--select-on test puts the test speakers in the place of those on whom --refit-on-validation fits."
        )
    records = records_behind(config.hypercolumns)
    folds = folds_of_records(records, path=config.folds)
    chosen = chosen_folds(config.fold, folds)

    def run_fold(one: ClassifyConfig) -> Path:
        number = int(one.fold)
        source = fold_folder(config.hypercolumns, number)
        return classify(dataclasses.replace(one, hypercolumns=source), records, fold=folds.folds[number])

    if len(chosen) == 1:
        return run_fold(dataclasses.replace(config, fold=str(chosen[0])))
    if config.test_hypercolumns:
        raise InputError(EVERY_FOLD_ELSEWHERE)
    return run_each_fold(
        "classify",
        config,
        chosen,
        run_fold,
        inputs={"hypercolumns": [config.hypercolumns]},
        digests={"folds": folds_digest([folds.folds[number] for number in chosen])},
        summarize=pool_predictions,
    )


def classify(config: ClassifyConfig, records: Any, *, fold: Any) -> Path:
    """Train and test one classifier on one fold."""
    from ser_fop.corpora.folds import folds_digest
    from ser_fop.evaluation.description import describe_predictions
    from ser_fop.evaluation.predictions import PREDICTIONS, predictions_from, write_predictions
    from ser_fop.hypercolumns.provenance import records_to_test
    from ser_fop.training.splits.finetuning import split_fold
    from ser_fop.utils.run_folder import open_stage, read_json

    elsewhere = [config.test_hypercolumns] if config.test_hypercolumns else []
    inputs = {"hypercolumns": [config.hypercolumns], "test_hypercolumns": elsewhere}
    stage = open_stage(
        "classify", out=config.out, config=config, inputs=inputs, digests={"folds": folds_digest([fold])}
    )
    if stage.complete:
        print(f"{stage.out} is complete.")
        return stage.out
    started = time.perf_counter()
    known = read_json(config.hypercolumns / "config.json")
    seen_speakers = known["seen_speakers"]
    parts = split_fold(
        records,
        fold,
        select_on=config.select_on,
        styles=config.styles,
        test_records=records_to_test(config.hypercolumns, config.test_hypercolumns),
        test_labels=config.test_labels,
    )
    parts.check_no_label_leakage(known.get("labelled_speakers", ()))
    use = _on_frames if config.classifier in ON_FRAMES else _scikit_learn
    probabilities, predicted, details, written = use(config, records, parts=parts, folder=stage.folder)
    labels = records.manifest.labels
    predictions = predictions_from(
        parts.test_rows, probabilities, labels=labels, fold=int(config.fold), seed=config.seed, predicted=predicted
    )
    write_predictions(stage.folder / PREDICTIONS, predictions, labels)
    metrics = {
        **describe_predictions(predictions, labels),
        "transductive": parts.is_transductive(seen_speakers),
        "selected_on": config.select_on,
        "tested_on": parts.tested.corpus,
        "unmatched_utterances": parts.unmatched_utterances,
        "feature": config.feature,
        "classifier": config.classifier,
        "code": config.code,
        "fold": int(config.fold),
        "seed": config.seed,
        "parameters": details.pop("parameters", None),  # weights of a network, if there is one
        "chosen": details,
        "seconds": time.perf_counter() - started,
    }
    out = stage.commit(
        metrics=metrics,
        content=[*written, stage.folder / PREDICTIONS],
        seen_speakers=sorted({*seen_speakers, *parts.trained_on}),
        sources={"hypercolumns": config.hypercolumns.resolve()},
    )
    print(
        f"{config.feature} {config.classifier}, fold {config.fold}: WA {metrics['wa']:.4f}, UA {metrics['ua']:.4f}"
        f" on {metrics['n']} test utterances -> {out}"
    )
    return out


def _scikit_learn(config: ClassifyConfig, records: Any, *, parts: Any, folder: Path) -> tuple:
    """Fit and ask a scikit-learn classifier on pooled features, joined to labels by id."""
    import numpy as np
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression

    from ser_fop.hypercolumns.classifiers import (
        calibrate_svm,
        choose_cost,
        choose_svm,
        fit_forest,
        svm_of,
        write_estimator,
    )
    from ser_fop.hypercolumns.codes import CODE, fitted_code, write_code
    from ser_fop.hypercolumns.pooled import ARRAYS, read_pooled

    pooled = read_pooled(config.hypercolumns / ARRAYS)
    elsewhere = read_pooled(config.test_hypercolumns / ARRAYS) if config.test_hypercolumns else pooled
    labels = np.array(records.manifest.labels)
    truth = {name: labels[list(getattr(parts, name).values())] for name in ("train", "validation")}
    train, test = pooled.of(config.feature, parts.train), elsewhere.of(config.feature, parts.test)
    validation = (pooled if parts.validated is records else elsewhere).of(config.feature, parts.validation)
    written = []
    if config.code != "none":
        # As pretraining does, it hears all that the speakers who are not tested have said, of other classes too.
        others = [
            row.id
            for row in records.rows
            if records.qualified_speaker_id(row.speaker) in parts.trained_on and row.id not in parts.train
        ]
        told = {"unlabelled": pooled.of(config.feature, others), "settings": config.settings, "seed": config.seed}
        coded = fitted_code(config.code, train, truth["train"], **told)
        train, validation, test = (coded.transform(features) for features in (train, validation, test))
        written = write_code(folder / CODE, coded)
    chosen_from = (train, truth["train"], validation, truth["validation"])
    fitted_on, fitted_to, speakers = train, truth["train"], pooled.speakers_of(parts.train)
    if config.settings.refit_on_validation:
        fitted_on, fitted_to = np.concatenate([train, validation]), np.concatenate(list(truth.values()))
        speakers = np.concatenate([speakers, pooled.speakers_of(parts.validation)])
    predicted = None
    if config.classifier == "svm":
        chosen, accuracy = choose_svm(*chosen_from, costs=config.settings.svm_c)
        details = _by_cost(chosen, accuracy)
        estimator = calibrate_svm(chosen, fitted_on, fitted_to, speakers)
        predicted = dict(zip(parts.test, svm_of(estimator).predict(test), strict=True))
    elif config.classifier == "logistic":
        estimator, accuracy = choose_cost(
            lambda cost: LogisticRegression(C=cost, max_iter=2000), *chosen_from, costs=config.settings.logistic_c
        )
        if config.settings.refit_on_validation:
            estimator = clone(estimator).fit(fitted_on, fitted_to)
        details = _by_cost(estimator, accuracy)
    else:
        estimator = fit_forest(fitted_on, fitted_to, settings=config.settings, seed=config.seed)
        details = {"trees": config.settings.rf_trees}
    if config.code != "none":
        details["parameters"] = coded.parameters_
    order = [list(estimator.classes_).index(label) if label in estimator.classes_ else -1 for label in labels]
    raw = np.pad(estimator.predict_proba(test), ((0, 0), (0, 1)))  # the last column serves classes unseen in training
    probabilities = dict(zip(parts.test, raw[:, order], strict=True))
    path = folder / "estimator.skops"
    write_estimator(path, estimator)
    return probabilities, predicted, details, [path, *written]


def _by_cost(chosen: Any, accuracy: dict[float, float]) -> dict[str, Any]:
    return {
        "c": chosen[-1].C,
        "validation_accuracy_by_c": {str(cost): value for cost, value in accuracy.items()},
    }


def _on_frames(config: ClassifyConfig, records: Any, *, parts: Any, folder: Path) -> tuple:
    """Fit and ask an attention LSTM, or attention alone, on the frames of the frozen network."""
    import keras

    from ser_fop.data.datasets import labelled_batches
    from ser_fop.errors import InputError
    from ser_fop.hub.networks import NETWORK, load_network, network_digest
    from ser_fop.models.attention_lstm import AttentionLSTM
    from ser_fop.models.saving import ATTENTION_LSTM, NetworkSpec, save_network
    from ser_fop.training.classification import compile_classifier, fit_classifier, probabilities_of
    from ser_fop.training.reuse import get_or_compile
    from ser_fop.training.setup import seed_everything
    from ser_fop.utils.run_folder import read_json

    found = read_json(config.hypercolumns / "config.json")
    if found["stage"] == "functionals":
        raise InputError(
            f"--classifier {config.classifier} reads frames, and {config.hypercolumns} has functionals of whole utterances:"
            " choose svm, rf or logistic."
        )
    source = Path(found["sources"]["pretrained"])
    if not source.exists():
        raise InputError(
            f"the attention LSTM reads the frames of {source}, which is gone. Run `ser-fop extract` again."
        )
    if [network_digest(source)] != found["inputs"]["pretrained"]:
        raise InputError(
            f"{source} has changed since {config.hypercolumns} was extracted. Run `ser-fop extract` again."
        )
    settings = config.settings
    units = settings.lstm_units if config.classifier == "a_lstm" else 0
    seed_everything(config.seed, deterministic=config.deterministic)
    network, spec = load_network(source)
    labels = records.manifest.labels
    fresh = AttentionLSTM(
        network.backbone, len(labels), feature=config.feature, units=units, dropout=settings.lstm_dropout
    )
    model = get_or_compile(
        fresh,
        lambda one: compile_classifier(one, optimizer=keras.optimizers.Adam(settings.lstm_learning_rate)),
        kind="a_lstm",
        size=spec.model,
        attention=spec.attention,
        mels=spec.features.width,
        classes=len(labels),
        feature=config.feature,
        units=units,
        dropout=settings.lstm_dropout,
        rate=settings.lstm_learning_rate,
    )
    frames = settings.lstm_batch_size * max(row.frames for row in records.rows)
    sizes = {"batch_size": settings.lstm_batch_size, "batch_frames": min(frames, 65536)}
    fitted = fit_classifier(
        model,
        labelled_batches(records, parts.train, seed=config.seed, **sizes),
        labelled_batches(parts.validated, parts.validation, **sizes),
        epochs=settings.lstm_epochs,
        patience=settings.lstm_patience,
        logs=folder / "logs",
    )
    probabilities = probabilities_of(model, parts.tested, parts.test, batch_frames=16384)
    written = save_network(
        model,
        NetworkSpec(
            kind=ATTENTION_LSTM,
            features=spec.features,
            model=spec.model,
            seen_speakers=tuple(sorted({*spec.seen_speakers, *parts.trained_on})),
            told=tuple(sorted({*spec.labelled_speakers, *parts.trained_on})),
            labels=labels,
            attention=spec.attention,
            feature=config.feature,
            units=units,
            dropout=settings.lstm_dropout,
            trim_below_db=records.manifest.trim_below_db,
        ),
        folder / NETWORK,
    )
    return probabilities, None, {**fitted, "parameters": model.count_params()}, written


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("classify", ClassifyConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
