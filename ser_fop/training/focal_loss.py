"""Focal loss: cross-entropy that gives well-recognised utterances less weight."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("ser_fop")
class FocalLoss(keras.losses.Loss):
    """Focal loss, -(1 - p)^gamma log p, with the probability p of the true class.

    Args:
        gamma: Exponent, 0 or more. 0 gives cross-entropy; a larger value gives well-recognised utterances less weight.

    Call arguments:
        y_true: Class indices, (batch,).
        y_pred: Logits, (batch, classes).

    Reference:
        Lin et al. 2017, equation 4 (arXiv 1708.02002), without its class weights.
    """

    def __init__(self, gamma: float = 2.0, name: str = "focal") -> None:
        super().__init__(name=name)
        self.gamma = gamma

    def call(self, y_true: Any, y_pred: Any) -> Any:
        classes = ops.one_hot(ops.cast(ops.reshape(y_true, (-1,)), "int32"), y_pred.shape[-1])
        log_probability = ops.sum(classes * ops.log_softmax(y_pred), axis=-1)
        return -ops.power(1.0 - ops.exp(log_probability), self.gamma) * log_probability

    def get_config(self) -> dict[str, Any]:
        return {"gamma": self.gamma, "name": self.name}
