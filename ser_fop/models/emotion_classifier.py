"""Fine-tuning's network: a backbone, global average pooling, and a projection (equation 6)."""

from typing import Any

import keras

from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.backbone import Backbone


class EmotionClassifier(keras.Model):
    """Maps an utterance's log-mel to one logit a class: GAP(h_L) W_y.

    Args:
        backbone: Pretrained, or fresh.
        classes: Number of emotions.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels) and `mask` (batch, frames).

    Output shape:
        (batch, classes), logits: P(y | F) is their softmax.
    """

    def __init__(self, backbone: Backbone, classes: int, **kwargs: Any) -> None:
        inputs = backbone.inputs_by_name()
        # Sums over hundreds of frames, and the loss, stay float32 whatever the backbone computes in.
        pooled = MaskedPooling("mean", name="pooling", dtype="float32")(backbone.last, mask=inputs["mask"])
        # Equation 6 has no bias.
        logits = keras.layers.Dense(classes, use_bias=False, name="emotion", dtype="float32")(pooled)
        super().__init__(inputs=inputs, outputs=logits, **kwargs)
        self.backbone = backbone
