"""Setup of a training: seeds, determinism, precision, learning rate and compilation."""

import contextlib
import sys
from collections.abc import Iterator

import keras
import tensorflow as tf

from ser_fop.config.settings import FinetuningSettings, PretrainingSettings
from ser_fop.errors import InputError
from ser_fop.training.optimizers.cosine_schedule import CosineSchedule
from ser_fop.training.optimizers.slanted_triangular import SlantedTriangular


def seed_everything(seed: int, *, deterministic: bool) -> None:
    """Seed Python, NumPy and the backend, and clear the Keras session.

    Args:
        seed: Seed, 0 or more.
        deterministic: Whether two runs on one machine must give bit-identical results. TensorFlow cannot disable this
            again within a process.

    Raises:
        InputError: If the seed is negative.
    """
    if seed < 0:
        raise InputError(f"--seed expected 0 or more, received {seed}.")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def precision(name: str) -> Iterator[None]:
    """Set the precision of the networks built in this context; weights are always float32.

    Args:
        name: `float32` or `bfloat16`.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[name])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def learning_rate(
    rate: float, settings: PretrainingSettings | FinetuningSettings, batches: tf.data.Dataset
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return the learning rate or its schedule, for an optimizer.

    Args:
        rate: The constant rate, or the highest rate of a schedule.
        settings: Settings with the `schedule`, the maximum number of `epochs` and the `warmup_share`. A pretraining
            also has `accumulate`, the number of batches of one step.
        batches: Batches of one epoch.
    """
    if settings.schedule == "constant" or not settings.epochs:
        return rate
    accumulate = settings.accumulate if isinstance(settings, PretrainingSettings) else 1
    steps = max(1, settings.epochs * int(batches.cardinality()) // accumulate)
    if settings.schedule == "slanted":
        return SlantedTriangular(rate, steps)
    return CosineSchedule(rate, steps, min(round(settings.warmup_share * steps), steps - 1))


def jit_compile() -> bool | str:
    """Return the `jit_compile` argument of Keras; on a CPU with TensorFlow, XLA is slower for these models."""
    on_tensorflow_cpu = keras.backend.backend() == "tensorflow" and not tf.config.list_physical_devices("GPU")
    return False if on_tensorflow_cpu else "auto"


def verbosity() -> int:
    """Return the `verbose` argument of Keras: a progress bar in a terminal, one line per epoch in a log."""
    return 1 if sys.stdout.isatty() else 2
