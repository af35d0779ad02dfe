"""Training a network to tell emotions apart, and asking it."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from ser_fop.data.datasets import utterance_batches
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.training.callbacks.eta import TimeRemaining
from ser_fop.training.setup import jit_compile, verbosity


def compile_classifier(
    network: keras.Model, *, optimizer: keras.optimizers.Optimizer, loss: keras.losses.Loss | None = None
) -> None:
    """Compile a network of logits; the loss is cross-entropy unless another is given."""
    network.compile(
        optimizer=optimizer,
        loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=jit_compile(),
    )


def with_labels(network: keras.Model, batches: tf.data.Dataset) -> tf.data.Dataset:
    """Give a network that reads the class index too, as `class_index`, what it reads; any other its batches as they are.

    Args:
        network: The network in the form in which it is trained.
        batches: What `labelled_batches` gives.
    """
    if "class_index" not in {tensor.name for tensor in network.inputs}:
        return batches
    return batches.map(lambda inputs, classes: ({**inputs, "class_index": classes}, classes))


def fit_classifier(
    network: keras.Model,
    train: tf.data.Dataset,
    validation: tf.data.Dataset | None,
    *,
    epochs: int,
    patience: int,
    logs: Path,
    keep: Literal["loss", "accuracy", "last"] = "loss",
    callbacks: Sequence[keras.callbacks.Callback] = (),
    class_weight: Mapping[int, float] | None = None,
) -> dict[str, Any]:
    """Fit a compiled classifier, stopping early by the validation speakers.

    Args:
        network: The compiled network, in the form in which it is trained.
        train: What `labelled_batches` gives of the training speakers, shuffled.
        validation: What it gives of the validation speakers; None where they are trained on, which only `last` allows.
        epochs: Epochs at most.
        patience: Epochs without a better one before it stops.
        logs: TensorBoard folder.
        keep: Whose weights are kept: the epoch's of the best validation loss, of the best validation accuracy, or the
            last one's, after all epochs.
        callbacks: More of them.
        class_weight: What an utterance of each class counts; all alike by default.

    Returns:
        `epochs` run, `best_epoch` (from 1) whose weights are kept, `val_loss` and
        `val_accuracy` of it (None without validation speakers), and the `history`.

    Raises:
        InputError: If epochs are compared and none has a loss that is a number.
    """
    stopping = [] if keep == "last" else [_early_stopping(f"val_{keep}", patience)]
    history = network.fit(
        with_labels(network, train),
        validation_data=None if validation is None else with_labels(network, validation),
        epochs=epochs,
        callbacks=[
            *callbacks,
            *stopping,
            keras.callbacks.TensorBoard(logs, write_graph=False),
            TimeRemaining(),
        ],
        class_weight=class_weight,
        shuffle=False,  # the dataset shuffles
        verbose=verbosity(),
    ).history
    best = len(history["loss"]) - 1
    if keep != "last":
        losses = history["val_loss"]
        if not np.isfinite(losses).any():
            raise InputError(
                "no epoch had a validation loss that is a number: training diverged. Lower the learning rate."
            )
        best = int(np.nanargmin(losses) if keep == "loss" else np.argmax(history["val_accuracy"]))
    return {
        "epochs": len(history["loss"]),
        "best_epoch": best + 1,
        **{key: float(history[key][best]) if key in history else None for key in ("val_loss", "val_accuracy")},
        "history": {key: [float(value) for value in values] for key, values in history.items()},
    }


def _early_stopping(monitored: str, patience: int) -> keras.callbacks.EarlyStopping:
    mode = "max" if monitored == "val_accuracy" else "min"
    return keras.callbacks.EarlyStopping(monitored, mode=mode, patience=patience, restore_best_weights=True)


def balanced_weights(classes: Collection[int], *, count: int) -> dict[int, float]:
    """Return what an utterance of each class counts, so that all classes count alike and the mean is 1.

    Args:
        classes: Class index of each training utterance.
        count: Number of classes; one without an utterance counts 1.
    """
    held = np.bincount(list(classes), minlength=count)
    return {
        index: float(held.sum() / ((held > 0).sum() * number)) if number else 1.0 for index, number in enumerate(held)
    }


def probabilities_of(
    network: keras.Model, records: Records, ids: Mapping[str, int], *, batch_frames: int
) -> dict[str, np.ndarray]:
    """Return each utterance's class probabilities, by id.

    Args:
        network: A network of logits.
        records: The records.
        ids: The utterances.
        batch_frames: Frames in a batch, at most.
    """
    if not network.compiled:  # it was trained in another form
        network.compile(jit_compile=jit_compile())
    found = {}
    for batch in utterance_batches(records, ids, batch_frames=batch_frames).as_numpy_iterator():
        logits = np.asarray(network.predict_on_batch({"mel": batch["mel"], "mask": batch["mask"]}), dtype=np.float64)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        for key, values in zip(batch["id"], exponents / exponents.sum(axis=1, keepdims=True), strict=True):
            found[key.decode()] = values
    return found
