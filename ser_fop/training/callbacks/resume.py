"""A `fit` that resumes after a kill with bit-identical results."""

import dataclasses
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.training.callbacks.checkpoints import Checkpoints
from ser_fop.training.callbacks.early_stopping import BestWeights
from ser_fop.training.callbacks.signals import Interruption, noted_signals
from ser_fop.utils.run_folder import versions

Batches = Callable[[int], tf.data.Dataset]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fitted:
    """Result of a training.

    Attributes:
        history: The epochs' logs: one list of values per key.
        seconds: Duration of the training in seconds, summed over all runs of the command.
    """

    history: dict[str, list[float]]
    seconds: float


def fit_resumably(
    network: keras.Model,
    batches: Batches,
    validation: tf.data.Dataset,
    *,
    epoch: tf.Variable,
    epochs: int,
    stopping: BestWeights,
    checkpoints: Checkpoints,
    every_s: float = 300.0,
    layout: int | None = 1,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
) -> Fitted:
    """Fit a network with regular checkpoints, and resume from the last intact one.

    A checkpoint is written after each epoch, and within an epoch every `every_s` seconds. It holds the whole state:
    weights, optimizer, random layers, sums of the epoch's metrics, early stopping, epoch and step. The order of an
    epoch's batches depends only on the epoch's number. After SIGTERM, SIGINT (Ctrl-C) or SIGHUP the current step ends,
    a checkpoint is written and `StoppedError` is raised.

    Args:
        network: The compiled network with its initial weights; `evaluate` must have built its metrics. At the end it
            has the weights of the best epoch.
        batches: Function that returns one epoch's batches without the first n. Their order follows `epoch`.
        validation: Validation batches.
        epoch: Variable with the number of the current epoch, from 0; this function sets it.
        epochs: Maximum number of epochs.
        stopping: The early stopping.
        checkpoints: The checkpoint files.
        every_s: Seconds between checkpoints within an epoch.
        layout: Number of machines that the batches are divided among; the batches of an epoch depend on it. From a
            checkpoint with another layout, the training resumes at the start of that epoch. None never matches.
        callbacks: Further callbacks. They run before early stopping, so that they can add to the epoch's logs.
        verbose: Verbosity, as in `keras.Model.fit`.

    Raises:
        InputError: If a checkpoint belongs to another network.
        StoppedError: If a signal was received.
    """
    network.optimizer.build(network.trainable_variables)
    with noted_signals() as interruption:
        run = _Run(stopping, checkpoints, epoch, every_s, interruption, layout=layout)
        run.set_model(network)
        if run.resume():
            print(f"resuming from the checkpoint {run.progress}.", flush=True)
        # The rest of the interrupted epoch, then whole epochs: Keras needs a fixed number of batches per `fit` call.
        parts = [(run.epochs, run.epochs + 1, run.step), (run.epochs + 1, epochs, 0)]
        if not run.step:
            parts = [(run.epochs, epochs, 0)]
        for first, last, taken in parts:
            if stopping.ended or first >= last:
                break
            network.fit(
                batches(taken),
                validation_data=validation,
                initial_epoch=first,
                epochs=last,
                callbacks=[*callbacks, stopping, run],
                shuffle=False,  # the dataset shuffles
                verbose=verbose,
            )
        run.stop_if_requested()
    if stopping.weights is not None:
        network.set_weights(stopping.weights)
    return Fitted(history=run.history, seconds=run.seconds)


class _Run(keras.callbacks.Callback):
    """Write and restore the checkpoints of a training.

    Attributes:
        epochs: Number of completed epochs.
        step: Number of completed steps of the current epoch.
        history: Logs of the completed epochs.
    """

    def __init__(
        self,
        stopping: BestWeights,
        checkpoints: Checkpoints,
        epoch: tf.Variable,
        every_s: float,
        interruption: Interruption,
        *,
        layout: int | None,
    ) -> None:
        super().__init__()
        self._stopping = stopping
        self._checkpoints = checkpoints
        self._epoch = epoch
        self._every_s = every_s
        self._interruption = interruption
        self._sums: list[np.ndarray] | None = None
        self._begun = self._saved = time.monotonic()
        self._seconds_before = 0.0
        self._layout = layout
        self._steps = 0
        self.epochs = self.step = 0
        self.history: dict[str, list[float]] = {}

    @property
    def progress(self) -> str:
        """Progress of the training, in words."""
        return f"after epoch {self.epochs}" + (f" and {self.step} steps" if self.step else "")

    @property
    def seconds(self) -> float:
        """Duration of the training in seconds, including the runs before an interruption."""
        return self._seconds_before + time.monotonic() - self._begun

    def stop_if_requested(self) -> None:
        """Raise `StoppedError` if a signal was received.

        Of several workers only the one that writes checkpoints raises it; the others then lose their connection to it.
        """
        if self._checkpoints.writes:
            self._interruption.raise_if_requested(self.progress)

    def resume(self) -> bool:
        """Restore the last checkpoint, and return whether there was one."""
        found = self._checkpoints.latest()
        if found is None:
            return False
        arrays, facts = found
        if facts["versions"] != versions():
            print(
                "warning: the checkpoint was written with other versions of the libraries. The figures may differ in"
                " the last digits from those of an uninterrupted training.",
                file=sys.stderr,
            )
        for name, variables in (("weight", self._variables()), ("optimizer", self._optimizer())):
            self._assign(name, variables, arrays)
        # `fit` resets the metrics before each epoch, so `on_epoch_begin` restores them.
        self._sums = [arrays[f"metric/{number}"] for number in range(len(self.model.metrics_variables))]
        self.epochs, self.step, self.history = facts["epochs"], facts["step"], facts["history"]
        if self._layout is None or facts.get("layout", self._layout) != self._layout:
            self.step = 0  # other batches: the epoch starts again
        self._seconds_before = facts["seconds"]
        self._stopping.best, self._stopping.waited = facts["best"], facts["waited"]
        best = [arrays[f"best/{number}"] for number in range(facts["best_weights"])]
        self._stopping.weights = best or None
        return True

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the order of the epoch's batches, and restore the metrics of an interrupted epoch."""
        self._epoch.assign(epoch)
        self._steps = self.step + self.params["steps"]
        if self.step and self._sums is not None:
            for variable, value in zip(self.model.metrics_variables, self._sums, strict=True):
                variable.assign(value)
        self._sums = None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Save after a signal, or when the last checkpoint is too old; after the last batch, `on_epoch_end` saves."""
        self.step += 1
        if self.step == self._steps:
            return
        stop_requested = self._interruption.signal_number is not None
        if stop_requested or time.monotonic() - self._saved > self._every_s:
            self._save()
            self.stop_if_requested()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Store the epoch's logs, and save."""
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(float(value))
        self.epochs, self.step = epoch + 1, 0
        self._save()
        self.stop_if_requested()

    def _save(self) -> None:
        if not self._checkpoints.writes:
            return
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # Keras' JAX trainer keeps the current values outside the model during an epoch
        named = {"weight": self._variables(), "optimizer": self._optimizer(), "metric": self.model.metrics_variables}
        arrays = {
            f"{name}/{number}": np.asarray(variable)
            for name, variables in named.items()
            for number, variable in enumerate(variables)
        }
        best = self._stopping.weights or []
        arrays |= {f"best/{number}": value for number, value in enumerate(best)}
        facts = {
            "epochs": self.epochs,
            "step": self.step,
            "layout": self._layout,
            "history": self.history,
            "seconds": self.seconds,
            "best": self._stopping.best,
            "waited": self._stopping.waited,
            "best_weights": len(best),
            "versions": versions(),
        }
        self._checkpoints.save(arrays, facts, epoch=self.epochs, step=self.step)
        self._saved = time.monotonic()

    def _variables(self) -> list[keras.Variable]:
        """Return the weights and the state of random layers."""
        metrics = {id(variable) for variable in self.model.metrics_variables}
        return [variable for variable in self.model.variables if id(variable) not in metrics]

    def _optimizer(self) -> list[keras.Variable]:
        return list(self.model.optimizer.variables)

    def _assign(self, name: str, variables: Sequence[keras.Variable], arrays: dict[str, np.ndarray]) -> None:
        for number, variable in enumerate(variables):
            value = arrays.get(f"{name}/{number}")
            if value is None or tuple(value.shape) != tuple(variable.shape):
                raise InputError(
                    f"the checkpoints in {self._checkpoints.folder} belong to another network: remove them, or choose"
                    " another --out."
                )
            variable.assign(value)
