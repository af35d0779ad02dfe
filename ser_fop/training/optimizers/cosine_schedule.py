"""Cosine decay of the learning rate, for trainings of different lengths that share a traced step."""

from typing import Any

import keras


@keras.saving.register_keras_serializable("ser_fop")
class CosineSchedule(keras.optimizers.schedules.CosineDecay):
    """Cosine decay to zero after a linear warm-up. With TensorFlow, the numbers of steps are variables.

    Args:
        rate: Highest learning rate.
        steps: Number of training steps.
        warmup_steps: Steps in which the rate rises from zero.
    """

    def __init__(self, rate: float, steps: int, warmup_steps: int = 0) -> None:
        warms_up = warmup_steps > 0
        super().__init__(
            0.0 if warms_up else rate,
            steps - warmup_steps,
            warmup_target=rate if warms_up else None,
            warmup_steps=warmup_steps,
        )
        self.rate = rate
        if keras.backend.backend() == "tensorflow":
            self.decay_steps = keras.Variable(self.decay_steps, trainable=False, dtype="int32")
            self.warmup_steps = keras.Variable(warmup_steps, trainable=False, dtype="int32")

    def copy_steps(self, other: "CosineSchedule") -> None:
        """Take the numbers of steps of another schedule, which need variables."""
        self.decay_steps.assign(other.decay_steps)
        self.warmup_steps.assign(other.warmup_steps)

    def get_config(self) -> dict[str, Any]:
        warmup_steps = int(self.warmup_steps)
        return {"rate": self.rate, "steps": int(self.decay_steps) + warmup_steps, "warmup_steps": warmup_steps}
