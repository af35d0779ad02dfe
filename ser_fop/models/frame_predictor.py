"""The FOP model: a backbone and a linear head that predicts a future frame."""

from typing import Any

import keras

from ser_fop.models.backbone import Backbone
from ser_fop.settings import ModelConfig


class FramePredictor(keras.Model):
    """Predicts, from frames 1 .. t, the log-mel of frame t + n.

    The head works on normalised mels; the output is in the units of the input, so that
    predicted and true spectrograms compare directly.

    Args:
        config: Size of the network.
        mels: Mel bands.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels) and `mask` (batch, frames).

    Output shape:
        (batch, frames, mels), log-mel.
    """

    def __init__(self, config: ModelConfig, mels: int, **kwargs: Any) -> None:
        backbone = Backbone(config, mels, name="backbone")
        head = keras.layers.Dense(mels, name="prediction")
        prediction = backbone.normalization(head(backbone.last), invert=True)
        super().__init__(inputs=backbone.inputs_by_name(), outputs=prediction, **kwargs)
        self.backbone = backbone
