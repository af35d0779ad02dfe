"""KerasTuner's four ways to search."""

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

    class Durable(DurableOracle, base):
        """The oracle, with a state that lasts."""

    settings = getattr(config, config.task)
    limits = {"max_trials": config.trials}
    if config.tuner == "hyperband":
        if any(one.name.endswith(".epochs") for one in space.space):
            raise InputError("Hyperband deals out the epochs itself: leave them out of the space.")
        if config.hyperband_factor < 2 or settings.epochs < 1:
            raise InputError(
                f"Hyperband expected a factor of at least 2 and an epoch, received {config.hyperband_factor} and {settings.epochs}."
            )
        limits = {"max_epochs": settings.epochs, "factor": config.hyperband_factor}
    if config.tuner == "bayesian":
        # KerasTuner would draw three times as many at random as there are settings before it learns from any.
        limits["num_initial_points"] = max(3, config.trials // 4)
    oracle = Durable(
        objective=keras_tuner.Objective(OBJECTIVES[config.task], direction="max"),
        hyperparameters=space,
        allow_new_entries=False,
        tune_new_entries=False,
        seed=config.seed + 1,  # 0 would be none
        **limits,
    )
    oracle.begins_with_defaults = config.tuner in ("random", "bayesian")
    return oracle
