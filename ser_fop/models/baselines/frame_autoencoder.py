"""An autoencoder of the FOP model's size: what is learned by giving back what was read."""

import dataclasses
from typing import Any

import keras

from ser_fop.config.settings import ModelConfig
from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.models.backbone import Backbone, widest_attention
from ser_fop.models.baselines.variational_code import VariationalCode


@keras.saving.register_keras_serializable("ser_fop")
class FrameAutoencoder(keras.Model):
    """Gives back the log-mels that it reads, through a code of each step that is narrower than they are.

    The encoder is the FOP model's backbone, and looks at the whole utterance: nothing lies
    ahead that it may not see. What it learned is taken from the backbone's hidden states,
    as of the FOP model. Denoising is a matter of its input.

    Args:
        config: Size of the network.
        mels: Values of a frame.
        code: Values of a step's code.
        variational: Whether codes are drawn from a normal distribution, whose distance from
            the standard one is minimised too, counted as the errors are: per value that is
            given back.
        warmup_steps: Training steps over which that distance gains its weight.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels) and `mask` (batch, frames).

    Output shape:
        (batch, frames, mels), log-mels.
    """

    def __init__(
        self,
        config: ModelConfig,
        mels: int,
        *,
        code: int = 64,
        variational: bool = False,
        warmup_steps: int = 0,
        **kwargs: Any,
    ) -> None:
        attention = widest_attention(config)
        backbone = Backbone(config, mels, attention=attention, name="backbone")
        inputs = backbone.inputs_by_name()
        size = config.stacked_frames
        found = keras.layers.Dense(2 * code if variational else code, name="code", dtype="float32")(backbone.last)
        if variational:
            draw = VariationalCode(1.0 / (mels * size), warmup_steps, name="variational_code", dtype="float32")
            found = draw(found, mask=backbone.step_mask(inputs["mask"]))
        decoded = keras.layers.Dense(config.d_model, activation="relu", name="decoder", dtype="float32")(found)
        frames = keras.layers.Dense(mels * size, name="reconstruction", dtype="float32")(decoded)
        if size > 1:
            frames = FrameUnstacking(size, name="frame_unstacking", dtype="float32")(frames, like=inputs["mel"])
        super().__init__(inputs=inputs, outputs=backbone.normalization(frames, invert=True), **kwargs)
        self.backbone = backbone
        self.code = code
        self.variational = variational
        self.warmup_steps = warmup_steps

    def get_config(self) -> dict[str, Any]:
        return {
            "config": dataclasses.asdict(self.backbone.config),
            "mels": self.backbone.mels,
            "code": self.code,
            "variational": self.variational,
            "warmup_steps": self.warmup_steps,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "FrameAutoencoder":
        return cls(**{**config, "config": ModelConfig(**config["config"])})
