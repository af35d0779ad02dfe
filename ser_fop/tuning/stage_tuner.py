"""A tuner whose trials are runs of a stage, each in its own run folder."""

import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras_tuner
import tensorflow as tf
from keras_tuner.src import config as settings
from tensorboard.plugins.hparams import api as hparams

from ser_fop.errors import InputError
from ser_fop.training.memory import release_networks
from ser_fop.tuning.durable_oracle import FAILURE, DurableOracle
from ser_fop.tuning.oracles import OBJECTIVES
from ser_fop.tuning.tune_config import TuneConfig
from ser_fop.utils.json_io import write_text
from ser_fop.utils.run_folder import METRICS, read_json

PROJECT = "search"
RUN = "run"
_HYPERBAND_EPOCHS = "tuner/epochs"
_POLL_S = 1.0


class _EndsTheSearchError(keras_tuner.errors.FatalError):
    """An error that the values of a trial did not cause: KerasTuner must end the search, not count a failed trial."""


class StageTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Tuner that runs the trials of an oracle.

    Args:
        oracle: Proposes the trials.
        config: Config of the search.
        run: Function `run(values, folder)` that trains with the values and writes the run folder.
    """

    def __init__(
        self, oracle: DurableOracle, config: TuneConfig, run: Callable[[Mapping[str, Any], Path], None]
    ) -> None:
        self._config = config
        self._run = run
        self._has_polled = False
        # An absolute path: a worker may have another working directory.
        super().__init__(oracle, directory=str(config.out.resolve()), project_name=PROJECT)

    def search(self) -> None:
        """Run trials until the oracle proposes no more.

        Raises:
            InputError: If too many trials in a row failed.
            StoppedError: If a signal stopped the search.
        """
        settings.DEBUG = False  # hides the traceback of a failed trial
        try:
            super().search()
        except _EndsTheSearchError as error:
            raise error.__cause__ from None
        if not self._is_worker() and self.oracle.gave_up:
            raise InputError(self.oracle.gave_up)

    def save(self) -> None:
        """Save the state of the oracle; a worker has no state."""
        if not self._is_worker():
            self.oracle.save()

    def reload(self) -> None:
        """Restore the state that `save` wrote."""
        if not self._is_worker():
            self.oracle.reload()

    def on_search_begin(self) -> None:
        """Save a first state, so that a search can resume before its first trial ends."""
        self.save()

    def pre_create_trial(self) -> None:
        """Wait before the next request if the oracle had no trial for the last one."""
        if self._has_polled:
            time.sleep(_POLL_S)
        self._has_polled = True

    def on_trial_begin(self, trial: Any) -> None:
        """Record that the oracle proposed a trial."""
        self._has_polled = False

    def run_trial(self, trial: Any) -> dict[str, float]:
        """Train with the values of a trial and return the value of the objective."""
        values = values_of(trial.hyperparameters.values, task=self._config.task)
        folder = Path(self.get_trial_dir(trial.trial_id))
        release_networks()  # the next trial needs another network
        try:
            self._run(values, folder / RUN)
        except (InputError, MemoryError, tf.errors.ResourceExhaustedError) as error:
            message = " ".join(str(error).split())
            write_text(folder / FAILURE, message + "\n")  # KerasTuner does not send it to the chief
            print(f"trial {trial.trial_id} failed: {message}", flush=True)
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            raise _EndsTheSearchError(str(error)) from error
        objective = OBJECTIVES[self._config.task]
        value = float(read_json(folder / RUN / METRICS)[objective])
        _write_hparams(folder / "logs", trial.trial_id, values, objective, value)
        return {objective: value if math.isfinite(value) else math.nan}

    def _get_tuner_fname(self) -> str:
        """Return the file whose existence makes KerasTuner resume: the oracle's state, or none for a worker."""
        return (
            os.path.join(self.project_dir, "workers have no state")
            if self._is_worker()
            else self.oracle._get_oracle_fname()
        )


def values_of(values: Mapping[str, Any], *, task: str) -> dict[str, Any]:
    """Return the values of a trial by name of the setting; Hyperband's epochs become those of the task."""
    found = {name: value for name, value in values.items() if not name.startswith("tuner/")}
    return found | ({f"{task}.epochs": values[_HYPERBAND_EPOCHS]} if _HYPERBAND_EPOCHS in values else {})


def _write_hparams(logs: Path, trial: str, values: Mapping[str, Any], objective: str, value: float) -> None:
    """Write the values and the objective for TensorBoard's HPARAMS page."""
    with tf.summary.create_file_writer(str(logs)).as_default():
        hparams.hparams(dict(values), trial_id=trial)
        tf.summary.scalar(objective, value, step=0)
