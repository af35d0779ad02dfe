"""Seeds, determinism, and how a step is compiled."""

import contextlib
import sys
from collections.abc import Iterator

import keras
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.training.optimizers.slanted_triangular import SlantedTriangular


def seed_everything(seed: int, *, deterministic: bool) -> None:
    """Seed Python, NumPy and the backend, and forget earlier networks.

    Args:
        seed: Non-negative.
        deterministic: Whether two runs on one machine must agree to the last bit.
            TensorFlow cannot take it back within a process.

    Raises:
        InputError: If the seed is negative.
    """
    if seed < 0:
        raise InputError(f"--seed expected a non-negative number, received {seed}.")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()


@contextlib.contextmanager
def precision(name: str) -> Iterator[None]:
    """Let networks built inside compute in this precision; weights are float32 in any case.

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
    rate: float,
    *,
    schedule: str,
    epochs: int,
    batches: tf.data.Dataset,
    warmup_share: float = 0.0,
    accumulate: int = 1,
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Return what an optimizer takes as its learning rate.

    Args:
        rate: The rate, or the rate that a schedule starts from.
        schedule: `constant`; `cosine` to fall to zero over all epochs; `slanted` to rise and fall in a triangle.
        epochs: Epochs at most.
        batches: One epoch's batches.
        warmup_share: Share of the steps in which `cosine` first rises from zero.
        accumulate: Batches that make one step.
    """
    if schedule == "constant" or not epochs:
        return rate
    steps = max(1, epochs * int(batches.cardinality()) // accumulate)
    if schedule == "slanted":
        return SlantedTriangular(rate, steps)
    rising = min(round(warmup_share * steps), steps - 1)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if rising else rate, steps - rising, warmup_target=rate if rising else None, warmup_steps=rising
    )


def jit_compile() -> bool | str:
    """Return Keras' `jit_compile` argument: XLA slows this model down on TensorFlow's CPU."""
    on_tensorflow_cpu = keras.backend.backend() == "tensorflow" and not tf.config.list_physical_devices("GPU")
    return False if on_tensorflow_cpu else "auto"


def verbosity() -> int:
    """Return Keras' `verbose`: a bar on a terminal, a line an epoch in a log."""
    return 1 if sys.stdout.isatty() else 2
