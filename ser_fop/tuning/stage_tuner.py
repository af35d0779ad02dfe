"""A trial is a run of a stage, in a folder of its own."""

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
_ASK_AGAIN_S = 1.0


class _EndsTheSearchError(keras_tuner.errors.FatalError):
    """Whatever is no fault of a trial's values: KerasTuner would count it as a failed trial and go on."""


class StageTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Runs trials until the oracle has no more.

    Args:
        oracle: What proposes them.
        config: The search.
        run: Trains with some values into a folder: (values, folder) to nothing.
    """

    def __init__(
        self, oracle: DurableOracle, config: TuneConfig, run: Callable[[Mapping[str, Any], Path], None]
    ) -> None:
        self._config = config
        self._run = run
        self._asked = False
        # Absolute, for a worker may stand elsewhere.
        super().__init__(oracle, directory=str(config.out.resolve()), project_name=PROJECT)

    def search(self) -> None:
        """Run trials.

        Raises:
            InputError: If trial after trial failed.
            StoppedError: If a signal asked for an end.
        """
        settings.DEBUG = False  # a failed trial's traceback is none of a user's business
        try:
            super().search()
        except _EndsTheSearchError as error:
            raise error.__cause__ from None
        if not self._is_worker() and self.oracle.gave_up:
            raise InputError(self.oracle.gave_up)

    def save(self) -> None:
        """Save the oracle's state where it is; a worker has none."""
        if not self._is_worker():
            self.oracle.save()

    def reload(self) -> None:
        """Go on from what `save` left."""
        if not self._is_worker():
            self.oracle.reload()

    def on_search_begin(self) -> None:
        """Leave a state to go on from before the first trial ends."""
        self.save()

    def pre_create_trial(self) -> None:
        """Wait a little before asking again, where the oracle itself waits for other trials to end."""
        if self._asked:
            time.sleep(_ASK_AGAIN_S)
        self._asked = True

    def on_trial_begin(self, trial: Any) -> None:
        """Take note that there was one."""
        self._asked = False

    def run_trial(self, trial: Any) -> dict[str, float]:
        """Train with a trial's values, and return what came of it."""
        values = values_of(trial.hyperparameters.values, task=self._config.task)
        folder = Path(self.get_trial_dir(trial.trial_id))
        release_networks()  # no two trials are alike
        try:
            self._run(values, folder / RUN)
        except (InputError, MemoryError, tf.errors.ResourceExhaustedError) as error:
            said = " ".join(str(error).split())
            write_text(folder / FAILURE, said + "\n")  # a message to a chief is lost on its way
            print(f"trial {trial.trial_id} failed: {said}", flush=True)
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            raise _EndsTheSearchError(str(error)) from error
        objective = OBJECTIVES[self._config.task]
        value = float(read_json(folder / RUN / METRICS)[objective])
        _show(folder / "logs", trial.trial_id, values, objective, value)
        return {objective: value if math.isfinite(value) else math.nan}

    def _get_tuner_fname(self) -> str:
        """Return the file that marks an unfinished search: for the owner of the oracle, its state."""
        return (
            os.path.join(self.project_dir, "no worker has one")
            if self._is_worker()
            else self.oracle._get_oracle_fname()
        )


def values_of(values: Mapping[str, Any], *, task: str) -> dict[str, Any]:
    """Return a trial's values by name of the setting; Hyperband's epochs are the task's."""
    found = {name: value for name, value in values.items() if not name.startswith("tuner/")}
    return found | ({f"{task}.epochs": values[_HYPERBAND_EPOCHS]} if _HYPERBAND_EPOCHS in values else {})


def _show(logs: Path, trial: str, values: Mapping[str, Any], objective: str, value: float) -> None:
    """Write what TensorBoard's HPARAMS page shows."""
    with tf.summary.create_file_writer(str(logs)).as_default():
        hparams.hparams(dict(values), trial_id=trial)
        tf.summary.scalar(objective, value, step=0)
