"""Training of the attention LSTM, or of attention pooling only, on the frames of the frozen network."""

from pathlib import Path

import keras

from ser_fop.config.stages import ClassifyConfig
from ser_fop.data.labelled_batches import labelled_batches
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.hub.networks import NETWORK, load_network, network_digest
from ser_fop.hypercolumns.fitted import FittedClassifier
from ser_fop.models.attention_lstm import AttentionLSTM
from ser_fop.models.network_spec import ATTENTION_LSTM, NetworkSpec
from ser_fop.models.saving import save_network
from ser_fop.training.classification import compile_classifier, fit_classifier, probabilities_of
from ser_fop.training.reuse import get_or_compile
from ser_fop.training.setup import seed_everything
from ser_fop.training.splits.finetuning import DataSplit
from ser_fop.utils.json_io import read_json
from ser_fop.utils.run_folder import CONFIG


def fit_frames(config: ClassifyConfig, records: Records, split: DataSplit, folder: Path) -> FittedClassifier:
    """Fit and test a classifier on the frames of the network that computed the hypercolumns.

    Args:
        config: The config of `classify`.
        records: The labelled records.
        split: The training, validation and test utterances.
        folder: Folder to write the classifier to.

    Raises:
        InputError: If the network is missing or has changed, or the features are functionals.
    """
    settings, labels = config.settings, records.manifest.labels
    units = settings.lstm_units if config.classifier == "a_lstm" else 0
    source = _source_network(config)
    seed_everything(config.seed, deterministic=config.deterministic)
    network, spec = load_network(source)
    model = get_or_compile(
        AttentionLSTM(
            network.backbone, len(labels), feature=config.feature, units=units, dropout=settings.lstm_dropout
        ),
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
        labelled_batches(records, split.train, seed=config.seed, **sizes),
        labelled_batches(split.validated, split.validation, **sizes),
        epochs=settings.lstm_epochs,
        patience=settings.lstm_patience,
        logs=folder / "logs",
    )
    probabilities = probabilities_of(model, split.tested, split.test, batch_frames=16384)
    description = NetworkSpec(
        kind=ATTENTION_LSTM,
        features=spec.features,
        model=spec.model,
        seen_speakers=tuple(sorted({*spec.seen_speakers, *split.to_record})),
        labelled_speakers=tuple(sorted({*spec.labelled_speakers, *split.to_record})),
        labels=labels,
        attention=spec.attention,
        feature=config.feature,
        units=units,
        dropout=settings.lstm_dropout,
        trim_below_db=records.manifest.trim_below_db,
        target=records.manifest.target,
    )
    files = save_network(model, description, folder / NETWORK) if config.keep_classifier else []
    return FittedClassifier(
        probabilities=probabilities, details={**fitted, "parameters": model.count_params()}, files=files
    )


def _source_network(config: ClassifyConfig) -> Path:
    """Return the folder of the network that computed the hypercolumns."""
    (features,) = config.hypercolumns
    found = read_json(features / CONFIG)
    if found["stage"] == "functionals":
        raise InputError(
            f"--classifier {config.classifier} expected features of frames, but {features} contains functionals of"
            " whole utterances. Choose svm, rf or logistic."
        )
    source = Path(found["sources"]["pretrained"])
    if not source.exists():
        raise InputError(
            f"--classifier {config.classifier} needs the network {source}, which does not exist. Run"
            " `ser-fop extract` again."
        )
    if [network_digest(source)] != found["inputs"]["pretrained"]:
        raise InputError(f"{source} has changed since {features} was extracted. Run `ser-fop extract` again.")
    return source
