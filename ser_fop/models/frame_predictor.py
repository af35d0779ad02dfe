"""The FOP model: a backbone and a linear head that predicts future frames."""

import dataclasses
from typing import Any

import keras

from ser_fop.config.settings import ModelConfig
from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.models.backbone import Backbone


@keras.saving.register_keras_serializable("ser_fop")
class FramePredictor(keras.Model):
    """A network that predicts frame t + n from frames 1 .. t, for one or several horizons n.

    The head predicts normalised log-mels. The output is in the units of the input, so that
    predicted and true spectrograms are directly comparable. With stacked frames, each step
    predicts one frame for each of its frames; then n is at least `stacked_frames`.

    Args:
        config: Size of the network.
        mels: Number of mel bands.
        num_horizons: Number of horizons.
        variance: Also output the logarithm of the variance of each prediction, in units of
            the variance of its mel band.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels) and `mask` (batch, frames).

    Output shape:
        (batch, frames, num_horizons * mels), log-mels, one horizon after the other. With
        `variance`, the log-variances follow and the width doubles.
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
            log_variance = _head(backbone, mels * num_horizons, "log_variance")
            prediction = keras.layers.Concatenate(name="with_variance", dtype="float32")([prediction, log_variance])
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
    """Apply a linear map to the last hidden state; returns (batch, frames, width)."""
    size = backbone.config.stacked_frames
    values = keras.layers.Dense(width * size, name=name)(backbone.last)
    if size == 1:
        return values
    # The layer of the predictions has no prefix, because stored weights use its name.
    unstacking = "frame_unstacking" if name == "prediction" else f"{name}_unstacking"
    return FrameUnstacking(size, name=unstacking)(values, like=backbone.inputs_by_name()["mel"])
