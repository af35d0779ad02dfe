"""Training and prediction of emotion classifiers."""

from collections.abc import Mapping, Sequence
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
    """Compile a network that outputs logits.

    Args:
        network: The network.
        optimizer: The optimizer.
        loss: The loss; cross-entropy by default.
    """
    network.compile(
        optimizer=optimizer,
        loss=loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=jit_compile(),
    )


def with_labels(network: keras.Model, batches: tf.data.Dataset) -> tf.data.Dataset:
    """Add the input `class_index` to the batches, if the network has this input.

    Args:
        network: The network to train, as `wrap_for_training` returns it.
        batches: Batches of `labelled_batches`.
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
    """Fit a compiled classifier, with early stopping on the validation speakers.

    Args:
        network: The compiled network, as `wrap_for_training` returns it.
        train: Shuffled batches of the training speakers.
        validation: Batches of the validation speakers. None without validation speakers; `keep` must then be `last`.
        epochs: Maximum number of epochs.
        patience: Epochs without improvement before training stops.
        logs: TensorBoard folder.
        keep: Epoch whose weights are kept: the epoch with the best validation `loss` or `accuracy`, or the `last` of
            all epochs.
        callbacks: Further callbacks.
        class_weight: Weight of an utterance of each class; equal by default.

    Returns:
        Dict of `epochs`, the number of epochs run; `best_epoch`, the kept epoch, from 1; `val_loss` and `val_accuracy`
        of this epoch, None without validation speakers; and `history`, the values of all epochs.

    Raises:
        InputError: If `keep` is not `last` and no epoch has a finite validation loss.
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
                "training diverged: expected a finite validation loss in at least one epoch, received none. Lower the"
                " learning rate."
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


def probabilities_of(
    network: keras.Model, records: Records, ids: Mapping[str, int], *, batch_frames: int
) -> dict[str, np.ndarray]:
    """Return the class probabilities of each utterance, by id.

    Args:
        network: A network that outputs logits.
        records: The records.
        ids: Ids of the utterances.
        batch_frames: Maximum number of frames in a batch.
    """
    if not network.compiled:  # training used the wrapped network
        network.compile(jit_compile=jit_compile())
    found = {}
    for batch in utterance_batches(records, ids, batch_frames=batch_frames).as_numpy_iterator():
        logits = np.asarray(network.predict_on_batch({"mel": batch["mel"], "mask": batch["mask"]}), dtype=np.float64)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        for key, values in zip(batch["id"], exponents / exponents.sum(axis=1, keepdims=True), strict=True):
            found[key.decode()] = values
    return found
