"""The FOP model: a backbone and a linear head that predicts a future frame."""

from typing import Any

import keras

from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.models.backbone import Backbone
from ser_fop.settings import ModelConfig


class FramePredictor(keras.Model):
    """Predicts, from frames 1 .. t, the log-mel of frame t + n.

    The head works on normalised mels; the output is in the units of the input, so that
    predicted and true spectrograms compare directly. A step of stacked frames predicts
    as many, each n frames on: n is then at least their number.

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
        inputs, size = backbone.inputs_by_name(), config.stacked_frames
        predicted = keras.layers.Dense(mels * size, name="prediction")(backbone.last)
        if size > 1:
            predicted = FrameUnstacking(size, name="frame_unstacking")(predicted, like=inputs["mel"])
        prediction = backbone.normalization(predicted, invert=True)
        super().__init__(inputs=inputs, outputs=prediction, **kwargs)
        self.backbone = backbone
