"""The slanted triangular learning rate of ULMFiT."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class SlantedTriangular(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate that rises linearly to `rate` over a share of the steps, then falls linearly.

    Args:
        rate: Highest learning rate.
        steps: Number of training steps.
        cut_share: Share of the steps in which the rate rises.
        ratio: Highest rate divided by the lowest, which is the rate at both ends.

    Reference:
        Howard and Ruder 2018, equation 3 (arXiv 1801.06146).
    """

    def __init__(self, rate: float, steps: int, cut_share: float = 0.1, ratio: float = 32.0) -> None:
        super().__init__()
        self.rate = rate
        self.steps = steps
        self.cut_share = cut_share
        self.ratio = ratio

    def __call__(self, step: Any) -> Any:
        cut = max(1.0, self.steps * self.cut_share)
        step = ops.cast(step, "float32")
        falling = 1.0 - (step - cut) / max(1.0, self.steps - cut)
        share = ops.clip(ops.where(step < cut, step / cut, falling), 0.0, 1.0)
        return self.rate * (1.0 + share * (self.ratio - 1.0)) / self.ratio

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "steps": self.steps, "cut_share": self.cut_share, "ratio": self.ratio}
