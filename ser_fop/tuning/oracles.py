"""The four search strategies of KerasTuner."""

import keras_tuner

from ser_fop.errors import InputError
from ser_fop.tuning.durable_oracle import DurableOracle
from ser_fop.tuning.tune_config import TuneConfig

_ORACLES = {
    "random": keras_tuner.oracles.RandomSearchOracle,
    "hyperband": keras_tuner.oracles.HyperbandOracle,
    "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
    "grid": keras_tuner.oracles.GridSearchOracle,
}
# Objective of each task, by its key in `metrics.json`.
OBJECTIVES = {"finetuning": "ua", "pretraining": "skill"}


def oracle_of(config: TuneConfig, space: keras_tuner.HyperParameters) -> DurableOracle:
    """Return the oracle that proposes the trials of a search.

    Args:
        config: Config of the search.
        space: Search space, as from `space_of`.

    Returns:
        The oracle. `random` and `bayesian` start with the default settings.

    Raises:
        InputError: If the number of trials or the settings of Hyperband are invalid.
    """
    if config.trials < 1:
        raise InputError(f"--trials expected at least 1, received {config.trials}.")
    base = _ORACLES[config.tuner]

    class Durable(DurableOracle, base):
        """The oracle, with a durable state."""

    settings = getattr(config, config.task)
    limits = {"max_trials": config.trials}
    if config.tuner == "hyperband":
        if any(one.name.endswith(".epochs") for one in space.space):
            raise InputError("Hyperband sets the number of epochs itself: remove it from the search space.")
        if config.hyperband_factor < 2 or settings.epochs < 1:
            raise InputError(
                "Hyperband expected --hyperband-factor of at least 2 and at least one epoch,"
                f" received {config.hyperband_factor} and {settings.epochs}."
            )
        limits = {"max_epochs": settings.epochs, "factor": config.hyperband_factor}
    if config.tuner == "bayesian":
        # KerasTuner's default is three random trials for each setting, often more than all trials of a search.
        limits["num_initial_points"] = max(3, config.trials // 4)
    oracle = Durable(
        objective=keras_tuner.Objective(OBJECTIVES[config.task], direction="max"),
        hyperparameters=space,
        allow_new_entries=False,
        tune_new_entries=False,
        seed=config.seed + 1,  # KerasTuner takes 0 for no seed
        **limits,
    )
    oracle.begins_with_defaults = config.tuner in ("random", "bayesian")
    return oracle
