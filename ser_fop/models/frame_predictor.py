"""The FOP model: a backbone and a linear head that predicts a future frame."""

import dataclasses
from typing import Any

import keras

from ser_fop.config.settings import ModelConfig
from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.models.backbone import Backbone


@keras.saving.register_keras_serializable("ser_fop")
class FramePredictor(keras.Model):
    """Predicts, from frames 1 .. t, the log-mels of frames t + n, for one or several horizons n.

    The head works on normalised mels; the output is in the units of the input, so that
    predicted and true spectrograms compare directly. A step of stacked frames predicts
    as many, each n frames on: n is then at least their number.

    Args:
        config: Size of the network.
        mels: Mel bands.
        num_horizons: How many frames are predicted of each.
        variance: Whether the logarithm of each prediction's variance, in units of the
            band's, stands after the predictions.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels) and `mask` (batch, frames).

    Output shape:
        (batch, frames, num_horizons x mels), log-mels, one horizon after the other; twice as wide
        with variances.
    """

    def __init__(
        self, config: ModelConfig, mels: int, *, num_horizons: int = 1, variance: bool = False, **kwargs: Any
    ) -> None:
        backbone = Backbone(config, mels, name="backbone")
        inputs = backbone.inputs_by_name()
        predicted = _head(backbone, mels * num_horizons, "prediction")
        if num_horizons > 1:
            predicted = keras.layers.Reshape((-1, num_horizons, mels), name="by_horizon", dtype="float32")(predicted)
        prediction = backbone.normalization(predicted, invert=True)
        if num_horizons > 1:
            prediction = keras.layers.Reshape((-1, num_horizons * mels), name="joined", dtype="float32")(prediction)
        if variance:
            spread = _head(backbone, mels * num_horizons, "log_variance")
            prediction = keras.layers.Concatenate(name="with_variance", dtype="float32")([prediction, spread])
        super().__init__(inputs=inputs, outputs=prediction, **kwargs)
        self.backbone = backbone
        self.num_horizons = num_horizons
        self.variance = variance

    def get_config(self) -> dict[str, Any]:
        return {
            "config": dataclasses.asdict(self.backbone.config),
            "mels": self.backbone.mels,
            "num_horizons": self.num_horizons,
            "variance": self.variance,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "FramePredictor":
        return cls(**{**config, "config": ModelConfig(**config["config"])})


def _head(backbone: Backbone, width: int, name: str) -> Any:
    """Return a linear map of the last hidden state, (batch, frames, width)."""
    size = backbone.config.stacked_frames
    values = keras.layers.Dense(width * size, name=name)(backbone.last)
    if size == 1:
        return values
    # The first keeps its plain name: a network without variances is the same as ever.
    unstacking = "frame_unstacking" if name == "prediction" else f"{name}_unstacking"
    return FrameUnstacking(size, name=unstacking)(values, like=backbone.inputs_by_name()["mel"])
