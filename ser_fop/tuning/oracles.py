"""KerasTuner's four ways to search, their state on disk whole or as it was before."""

import json
from pathlib import Path
from typing import Any

import keras_tuner

from ser_fop.errors import InputError
from ser_fop.json_files import write_text
from ser_fop.tuning.tune_config import TuneConfig

_ORACLES = {
    "random": keras_tuner.oracles.RandomSearchOracle,
    "hyperband": keras_tuner.oracles.HyperbandOracle,
    "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    "grid": keras_tuner.oracles.GridSearchOracle,
}
# Objective of each task, by its key in `metrics.json`.
OBJECTIVES = {"finetuning": "ua", "pretraining": "skill"}


def oracle_of(config: TuneConfig, space: keras_tuner.HyperParameters) -> keras_tuner.Oracle:
    """Return what proposes trials.

    Args:
        config: The search.
        space: What it may change.

    Raises:
        InputError: If there is nothing to do.
    """
    if config.trials < 1:
        raise InputError(f"--trials expected at least 1, received {config.trials}.")
    base = _ORACLES[config.tuner]

    class SavedWhole(base):
        """KerasTuner writes its state in place: a kill in the middle would lose the search."""

        def save(self) -> None:
            _write(Path(self._get_oracle_fname()), self.get_state())

        def _save_trial(self, trial: Any) -> None:
            _write(Path(self._get_trial_dir(trial.trial_id)) / "trial.json", trial.get_state())

    settings = getattr(config, config.task)
    limits = {"max_trials": config.trials}
    if config.tuner == "hyperband":
        if any(one.name.endswith(".epochs") for one in space.space):
            raise InputError("Hyperband deals out the epochs itself: leave them out of the space.")
        limits = {"max_epochs": settings.epochs, "factor": config.hyperband_factor}
    return SavedWhole(
        objective=keras_tuner.Objective(OBJECTIVES[config.task], direction="max"),
        hyperparameters=space,
        allow_new_entries=False,
        tune_new_entries=False,
        seed=config.seed + 1,  # 0 would be none
        **limits,
    )


def _write(path: Path, state: dict[str, Any]) -> None:
    write_text(path, json.dumps(state))
