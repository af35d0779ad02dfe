"""Contrastive predictive coding on the backbone of the FOP model."""

import dataclasses
from typing import Any

import keras
from keras import ops

from ser_fop.config.settings import ModelConfig
from ser_fop.layers.frame_stacking import FrameStacking
from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.models.backbone import Backbone
from ser_fop.models.baselines.info_nce import InfoNCE


@keras.saving.register_keras_serializable("ser_fop")
class ContrastivePredictor(keras.Model):
    """A network that distinguishes frame t + n from other frames of the utterance, given frames 1 .. t.

    Args:
        config: Size of the network.
        mels: Number of mel bands.
        num_horizons: Number of horizons n.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), `mask` (batch, frames), and `later`
            (batch, frames, num_horizons * mels), the log-mels n frames later, one horizon after
            the other.

    Output shape:
        (batch, frames, 1): the `InfoNCE` loss, averaged over horizons. All frames of a step
        have the value of the step.

    Reference:
        van den Oord, Li and Vinyals 2018 (the paper's reference 19).
    """

    def __init__(self, config: ModelConfig, mels: int, *, num_horizons: int = 1, **kwargs: Any) -> None:
        backbone = Backbone(config, mels, name="backbone")
        inputs = backbone.inputs_by_name()
        later = keras.Input((None, num_horizons * mels), name="later")
        frames = keras.layers.Reshape((-1, num_horizons, mels), name="by_horizon", dtype="float32")(later)
        normalised = backbone.normalization(frames)
        steps = backbone.step_mask(inputs["mask"])
        width = backbone.last.shape[-1]
        encode = keras.layers.Dense(width, name="target_embedding", dtype="float32")
        stack = FrameStacking(config.stacked_frames, name="target_stacking", dtype="float32")
        losses = []
        for horizon in range(num_horizons):
            target = normalised[:, :, horizon]
            if config.stacked_frames > 1:
                target = stack(target, mask=inputs["mask"])
            predicted = keras.layers.Dense(width, name=f"prediction_{horizon + 1}", dtype="float32")(backbone.last)
            contrast = InfoNCE(name=f"contrast_{horizon + 1}", dtype="float32")
            losses.append(contrast(predicted, encode(target), steps))
        mean = losses[0] if num_horizons == 1 else keras.layers.Average(name="mean_contrast", dtype="float32")(losses)
        if config.stacked_frames > 1:
            repeated = ops.tile(mean, (1, 1, config.stacked_frames))
            mean = FrameUnstacking(config.stacked_frames, name="frame_unstacking", dtype="float32")(
                repeated, like=later
            )
        super().__init__(inputs={**inputs, "later": later}, outputs=mean, **kwargs)
        self.backbone = backbone
        self.num_horizons = num_horizons

    def get_config(self) -> dict[str, Any]:
        return {
            "config": dataclasses.asdict(self.backbone.config),
            "mels": self.backbone.mels,
            "num_horizons": self.num_horizons,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ContrastivePredictor":
        return cls(**{**config, "config": ModelConfig(**config["config"])})
