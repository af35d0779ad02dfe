"""`fit` that goes on, bit for bit, where it was killed."""

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
    """What a training was like.

    Attributes:
        history: Each value of the epochs' logs.
        seconds: How long it took, all its parts together.
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
    """Fit a network, a checkpoint after each epoch and every few minutes; go on from the last one that is whole.

    A checkpoint holds all that the rest depends on: weights, optimizer, the state of random layers, the sums of the
    epoch's metrics, early stopping, epoch and step. Each epoch's order depends on its number alone. SIGTERM and Ctrl-C
    are noted: a checkpoint is written at once, and `StoppedError` raised.

    Args:
        network: The compiled network, its metrics built (by `evaluate`) and its weights as a fresh start has them; in
            the end it has those of the best epoch.
        batches: Gives one epoch's batches without the first so many; their order follows `epoch`.
        validation: Validation batches.
        epoch: Number of the epoch that runs, from 0; set here.
        epochs: Epochs at most.
        stopping: Decides when to stop.
        checkpoints: Where they are kept.
        every_s: Seconds after which a checkpoint is written within an epoch.
        layout: What else than the epoch's number decides its batches: among how many machines they are dealt out. A
            checkpoint of another layout is taken up at the beginning of its epoch; None is unlike any.
        callbacks: More of them, before early stopping: they may add to an epoch's logs.
        verbose: As of `keras.Model.fit`.

    Raises:
        InputError: If a checkpoint belongs to another network.
        StoppedError: If a signal came.
    """
    network.optimizer.build(network.trainable_variables)
    with noted_signals() as interruption:
        run = _Run(stopping, checkpoints, epoch, every_s, interruption, layout=layout)
        run.set_model(network)
        if run.resume():
            print(f"goes on from the checkpoint {run.where}.", flush=True)
        # What is left of the epoch, then the whole ones: Keras wants to know how many batches an epoch has.
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
        run.stop_if_asked()
    if stopping.weights is not None:
        network.set_weights(stopping.weights)
    return Fitted(history=run.history, seconds=run.seconds)


class _Run(keras.callbacks.Callback):
    """What is put into a checkpoint, and when.

    Attributes:
        epochs: Epochs ended.
        step: Steps taken of the next.
        history: Logs of the epochs ended.
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
    def where(self) -> str:
        """How far the training is."""
        return f"after epoch {self.epochs}" + (f" and {self.step} steps" if self.step else "")

    @property
    def seconds(self) -> float:
        """How long the training has taken, before it was broken off too."""
        return self._seconds_before + time.monotonic() - self._begun

    def stop_if_asked(self) -> None:
        """Raise `StoppedError` if a signal came; of several processes the one that saves does, and the others lose it."""
        if self._checkpoints.writes:
            self._interruption.raise_if_asked(self.where)

    def resume(self) -> bool:
        """Take up the last checkpoint, and tell whether there was one."""
        found = self._checkpoints.latest()
        if found is None:
            return False
        arrays, facts = found
        if facts["versions"] != versions():
            print(
                "warning: the checkpoint was written with other versions of the libraries: from here on figures may differ"
                " in the last digits.",
                file=sys.stderr,
            )
        for name, variables in (("weight", self._variables()), ("optimizer", self._optimizer())):
            self._assign(name, variables, arrays)
        # `fit` resets them before each epoch.
        self._sums = [arrays[f"metric/{number}"] for number in range(len(self.model.metrics_variables))]
        self.epochs, self.step, self.history = facts["epochs"], facts["step"], facts["history"]
        if self._layout is None or facts.get("layout", self._layout) != self._layout:
            self.step = 0  # the epoch's other batches are not those that are left
        self._seconds_before = facts["seconds"]
        self._stopping.best, self._stopping.waited = facts["best"], facts["waited"]
        best = [arrays[f"best/{number}"] for number in range(facts["best_weights"])]
        self._stopping.weights = best or None
        return True

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Choose the epoch's order, and take up the sums of one that was broken off."""
        self._epoch.assign(epoch)
        self._steps = self.step + self.params["steps"]
        if self.step and self._sums is not None:
            for variable, value in zip(self.model.metrics_variables, self._sums, strict=True):
                variable.assign(value)
        self._sums = None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Save if asked to, or if the last time is long ago; after its last batch an epoch is ended first."""
        self.step += 1
        if self.step == self._steps:
            return
        asked = self._interruption.signal_number is not None
        if asked or time.monotonic() - self._saved > self._every_s:
            self._save()
            self.stop_if_asked()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the epoch's logs, and save."""
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(float(value))
        self.epochs, self.step = epoch + 1, 0
        self._save()
        self.stop_if_asked()

    def _save(self) -> None:
        if not self._checkpoints.writes:
            return
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()  # Keras' JAX trainer keeps the variables elsewhere during an epoch
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
        """Return weights and the state of random layers."""
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
