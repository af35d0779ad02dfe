"""Recognise emotions from hypercolumns.

`ser-fop classify --hypercolumns hyper/ravdess --feature h_concat --classifier svm --fold all --out runs/svm`
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

from ser_fop.cli import run_stage
from ser_fop.config import ClassifyConfig


def run(config: ClassifyConfig) -> Path:
    """Classify on one fold, or on each, or find it complete."""
    from ser_fop.artifacts import read_json, require_complete
    from ser_fop.evaluation.fold_runs import fold_folder, pool_predictions, run_each_fold
    from ser_fop.folds import chosen_folds
    from ser_fop.records import Records
    from ser_fop.training.splits import folds_of_records

    require_complete(config.hypercolumns, "extract")
    inside = sorted(config.hypercolumns.glob("fold-*"))
    sources = read_json((inside[0] if inside else config.hypercolumns) / "config.json")["sources"]
    records = Records(Path(sources["records"]))
    folds = folds_of_records(records, path=config.folds)
    chosen = chosen_folds(config.fold, folds)

    def run_fold(one: ClassifyConfig) -> Path:
        number = int(one.fold)
        source = fold_folder(config.hypercolumns, number)
        return classify(dataclasses.replace(one, hypercolumns=source), records, fold=folds.folds[number])

    if len(chosen) == 1:
        return run_fold(config)
    inputs = {"hypercolumns": [config.hypercolumns]}
    return run_each_fold("classify", config, chosen, run_fold, inputs=inputs, summarize=pool_predictions)


def classify(config: ClassifyConfig, records: Any, *, fold: Any) -> Path:
    """Train and test one classifier on one fold."""
    from ser_fop.artifacts import open_stage, read_json
    from ser_fop.evaluation.predictions import PREDICTIONS, predictions_from, score_predictions, write_predictions
    from ser_fop.training.splits import classes_by_part, is_transductive

    stage = open_stage("classify", out=config.out, config=config, inputs={"hypercolumns": [config.hypercolumns]})
    if stage.complete:
        print(f"{stage.out} is complete.")
        return stage.out
    started = time.perf_counter()
    heard = read_json(config.hypercolumns / "config.json")["heard"]
    classes = classes_by_part(records, fold)
    use = _attention_lstm if config.classifier == "a_lstm" else _scikit_learn
    probabilities, predicted, details, written = use(config, records, fold=fold, classes=classes, folder=stage.folder)
    labels = records.manifest.labels
    rows = [row for row in records.of_speakers(fold.test) if row.emotion]
    predictions = predictions_from(
        rows, probabilities, labels=labels, fold=int(config.fold), seed=config.seed, predicted=predicted
    )
    write_predictions(stage.folder / PREDICTIONS, predictions, labels)
    metrics = {
        **score_predictions(predictions, labels),
        "transductive": is_transductive(heard, records, fold),
        "feature": config.feature,
        "classifier": config.classifier,
        "fold": int(config.fold),
        "seed": config.seed,
        "chosen": details,
        "seconds": time.perf_counter() - started,
    }
    trained_on = {records.known_as(speaker) for speaker in (*fold.train, *fold.validation)}
    out = stage.commit(
        metrics=metrics, content=[*written, stage.folder / PREDICTIONS], heard=sorted({*heard, *trained_on})
    )
    print(
        f"{config.feature} {config.classifier}, fold {config.fold}: WA {metrics['wa']:.4f}, UA {metrics['ua']:.4f}"
        f" on {metrics['n']} test utterances -> {out}"
    )
    return out


def _scikit_learn(config: ClassifyConfig, records: Any, *, fold: Any, classes: dict, folder: Path) -> tuple:
    """Fit and ask an SVM or a random forest on pooled features, joined to labels by id."""
    import numpy as np

    from ser_fop.transfer.estimators import calibrate_svm, choose_svm, fit_forest, write_estimator
    from ser_fop.transfer.hypercolumns import ARRAYS, read_pooled

    pooled = read_pooled(config.hypercolumns / ARRAYS)
    features = pooled.feature(config.feature)
    position = {key: number for number, key in enumerate(pooled.ids)}
    labels = np.array(records.manifest.labels)
    part = {name: np.array([position[key] for key in keys]) for name, keys in classes.items()}
    truth = {name: labels[list(keys.values())] for name, keys in classes.items()}
    train, test = features[part["train"]], features[part["test"]]
    predicted = None
    if config.classifier == "svm":
        answering, accuracy = choose_svm(
            train, truth["train"], features[part["validation"]], truth["validation"], costs=config.settings.svm_c
        )
        details = {
            "c": answering["svc"].C,
            "validation_accuracy_by_c": {str(cost): value for cost, value in accuracy.items()},
        }
        estimator = calibrate_svm(answering, train, truth["train"], pooled.speakers[part["train"]])
        predicted = dict(zip(classes["test"], answering.predict(test), strict=True))
    else:
        estimator = fit_forest(train, truth["train"], settings=config.settings, seed=config.seed)
        details = {"trees": config.settings.rf_trees}
    order = [list(estimator.classes_).index(label) if label in estimator.classes_ else -1 for label in labels]
    raw = np.pad(estimator.predict_proba(test), ((0, 0), (0, 1)))  # the last column serves classes unseen in training
    probabilities = dict(zip(classes["test"], raw[:, order], strict=True))
    path = folder / "estimator.skops"
    write_estimator(path, estimator)
    return probabilities, predicted, details, [path]


def _attention_lstm(config: ClassifyConfig, records: Any, *, fold: Any, classes: dict, folder: Path) -> tuple:
    """Fit and ask an attention LSTM on the frames of the frozen network."""
    from ser_fop.artifacts import read_json
    from ser_fop.errors import InputError
    from ser_fop.models.attention_lstm import AttentionLSTM
    from ser_fop.models.saving import ATTENTION_LSTM, NetworkSpec, save_network
    from ser_fop.saved_model import NETWORK, load_network, network_digest
    from ser_fop.training.classification import compile_classifier, fit_classifier, probabilities_of
    from ser_fop.training.setup import seed_everything

    found = read_json(config.hypercolumns / "config.json")
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
    seed_everything(config.seed, deterministic=config.deterministic)
    network, spec = load_network(source)
    labels = records.manifest.labels
    model = AttentionLSTM(
        network.backbone, len(labels), feature=config.feature, units=settings.lstm_units, dropout=settings.lstm_dropout
    )
    compile_classifier(model, learning_rate=settings.lstm_learning_rate)
    frames = settings.lstm_batch_size * max(row.frames for row in records.rows)
    fitted = fit_classifier(
        model,
        records,
        classes,
        batch_size=settings.lstm_batch_size,
        batch_frames=min(frames, 65536),
        epochs=settings.lstm_epochs,
        patience=settings.lstm_patience,
        seed=config.seed,
        logs=folder / "logs",
    )
    probabilities = probabilities_of(model, records, classes["test"], batch_frames=16384)
    trained_on = {records.known_as(speaker) for speaker in (*fold.train, *fold.validation)}
    written = save_network(
        model,
        NetworkSpec(
            kind=ATTENTION_LSTM,
            features=spec.features,
            model=spec.model,
            heard=tuple(sorted({*spec.heard, *trained_on})),
            labels=labels,
            feature=config.feature,
            units=settings.lstm_units,
            dropout=settings.lstm_dropout,
        ),
        folder / NETWORK,
    )
    return probabilities, None, fitted, written


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("classify", ClassifyConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
