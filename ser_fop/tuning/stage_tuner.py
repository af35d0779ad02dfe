"""A trial is a run of a stage, in a folder of its own."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from ser_fop.artifacts import METRICS, read_json
from ser_fop.errors import InputError
from ser_fop.json_files import write_text
from ser_fop.training import reuse
from ser_fop.tuning.oracles import OBJECTIVES
from ser_fop.tuning.tune_config import TuneConfig

PROJECT = "search"
RUN = "run"
_HYPERBAND_EPOCHS = "tuner/epochs"


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
        self, oracle: keras_tuner.Oracle, config: TuneConfig, run: Callable[[Mapping[str, Any], Path], None]
    ) -> None:
        self._config = config
        self._run = run
        # Absolute, for a worker may stand elsewhere.
        super().__init__(oracle, directory=str(config.out.resolve()), project_name=PROJECT)

    def search(self) -> None:
        """Run trials.

        Raises:
            InputError: If trial after trial failed.
            StoppedError: If a signal asked for an end.
        """
        try:
            super().search()
        except _EndsTheSearchError as error:
            raise error.__cause__ from None
        except RuntimeError as error:
            if "consecutive failures" not in str(error):
                raise
            raise InputError(
                f"three trials in a row failed, the last with: {str(error).strip().splitlines()[-1]}"
            ) from error

    def on_search_begin(self) -> None:
        """Leave a state to go on from before the first trial ends."""
        self.save()

    def save(self) -> None:
        """Save the tuner's and, where it is here, the oracle's state."""
        if not self._is_worker():
            self.oracle.save()
        write_text(Path(self._get_tuner_fname()), "{}")

    def reload(self) -> None:
        """Go on from what `save` left."""
        if not self._is_worker():
            self.oracle.reload()

    def run_trial(self, trial: Any) -> dict[str, float]:
        """Train with a trial's values, and return what came of it."""
        values = values_of(trial.hyperparameters.values, task=self._config.task)
        folder = Path(self.get_trial_dir(trial.trial_id))
        reuse.forget()  # no two trials are alike
        keras.utils.clear_session()
        try:
            self._run(values, folder / RUN)
        except (InputError, MemoryError, tf.errors.ResourceExhaustedError) as error:
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            raise _EndsTheSearchError(str(error)) from error
        objective = OBJECTIVES[self._config.task]
        value = float(read_json(folder / RUN / METRICS)[objective])
        _show(folder / "logs", trial.trial_id, values, objective, value)
        return {objective: value if math.isfinite(value) else math.nan}


def values_of(values: Mapping[str, Any], *, task: str) -> dict[str, Any]:
    """Return a trial's values by name of the setting; Hyperband's epochs are the task's."""
    found = {name: value for name, value in values.items() if not name.startswith("tuner/")}
    return found | ({f"{task}.epochs": values[_HYPERBAND_EPOCHS]} if _HYPERBAND_EPOCHS in values else {})


def _show(logs: Path, trial: str, values: Mapping[str, Any], objective: str, value: float) -> None:
    """Write what TensorBoard's HPARAMS page shows."""
    with tf.summary.create_file_writer(str(logs)).as_default():
        hparams.hparams(dict(values), trial_id=trial)
        tf.summary.scalar(objective, value, step=0)
