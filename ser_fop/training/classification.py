"""Training a network to tell emotions apart, and asking it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ser_fop.datasets import labelled_batches, utterance_batches
from ser_fop.records import Records
from ser_fop.training.setup import jit_compile, verbosity


def compile_classifier(network: keras.Model, *, learning_rate: float) -> None:
    """Compile a network of logits: Adam, cross-entropy, accuracy."""
    network.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=jit_compile(),
    )


def fit_classifier(
    network: keras.Model,
    records: Records,
    classes: Mapping[str, Mapping[str, int]],
    *,
    batch_size: int,
    batch_frames: int,
    epochs: int,
    patience: int,
    seed: int,
    logs: Path,
) -> dict[str, Any]:
    """Fit a compiled classifier, stopping early by the validation speakers' loss.

    The weights of the best epoch are kept.

    Args:
        network: The compiled network.
        records: The records.
        classes: Class index by id, under `train` and `validation`.
        batch_size: Utterances in a batch, at most.
        batch_frames: Frames in a batch, at most.
        epochs: Epochs at most.
        patience: Epochs without a better loss before it stops.
        seed: Shuffling.
        logs: TensorBoard folder.

    Returns:
        `epochs` run, `best_epoch` (from 1), `val_loss` and `val_accuracy` of it, and
        the `history`.
    """
    sizes = {"batch_size": batch_size, "batch_frames": batch_frames}
    train = labelled_batches(records, classes["train"], seed=seed, **sizes)
    validation = labelled_batches(records, classes["validation"], **sizes)
    history = network.fit(
        train,
        validation_data=validation,
        epochs=epochs,
        callbacks=[
            keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True),
            keras.callbacks.TensorBoard(logs, write_graph=False),
        ],
        shuffle=False,  # the dataset shuffles
        verbose=verbosity(),
    ).history
    best = int(np.argmin(history["val_loss"]))
    return {
        "epochs": len(history["loss"]),
        "best_epoch": best + 1,
        "val_loss": float(history["val_loss"][best]),
        "val_accuracy": float(history["val_accuracy"][best]),
        "history": {key: [float(value) for value in values] for key, values in history.items()},
    }


def probabilities_of(
    network: keras.Model, records: Records, ids: Mapping[str, int], *, batch_frames: int
) -> dict[str, np.ndarray]:
    """Return each utterance's class probabilities, by id.

    Args:
        network: A compiled network of logits.
        records: The records.
        ids: The utterances.
        batch_frames: Frames in a batch, at most.
    """
    found = {}
    for batch in utterance_batches(records, ids, batch_frames=batch_frames).as_numpy_iterator():
        logits = np.asarray(network.predict_on_batch({"mel": batch["mel"], "mask": batch["mask"]}), dtype=np.float64)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        for key, values in zip(batch["id"], exponents / exponents.sum(axis=1, keepdims=True), strict=True):
            found[key.decode()] = values
    return found
