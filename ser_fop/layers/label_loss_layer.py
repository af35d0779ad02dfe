"""Cross-entropy of labelled utterances."""

from typing import Any

import keras
from keras import ops

UNKNOWN = -1


@keras.saving.register_keras_serializable("ser_fop")
class LabelLossLayer(keras.layers.Layer):
    """Adds the mean cross-entropy of the labelled utterances to the loss.

    The output is the first input, the logits, unchanged.

    Args:
        weight: Weight of the mean cross-entropy.

    Call arguments:
        logits: Shape (batch, classes).
        classes: Class indices, (batch,), -1 for an utterance without a label.

    Output shape:
        That of `logits`.
    """

    def __init__(self, weight: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.weight = weight

    def call(self, logits: Any, classes: Any) -> Any:
        known = ops.cast(classes > UNKNOWN, "float32")
        each = ops.sparse_categorical_crossentropy(
            ops.maximum(classes, 0), ops.cast(logits, "float32"), from_logits=True
        )
        self.add_loss(self.weight * ops.sum(each * known) / ops.maximum(ops.sum(known), 1.0))
        return logits

    def compute_output_shape(self, logits_shape: tuple, classes_shape: tuple) -> tuple:
        return logits_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight}
