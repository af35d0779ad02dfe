"""An autoencoder of the FOP model's size, which reconstructs its input frames."""

import dataclasses
from typing import Any

import keras

from ser_fop.config.settings import ModelConfig
from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.models.backbone import Backbone, widest_attention
from ser_fop.models.baselines.variational_code import VariationalCode


@keras.saving.register_keras_serializable("ser_fop")
class FrameAutoencoder(keras.Model):
    """A network that reconstructs log-mels from a narrow code of each step.

    The encoder is the FOP model's backbone with full attention where the backbone has it. As
    with the FOP model, the features are the hidden states of the backbone. For a denoising
    autoencoder, corrupt the inputs; the network is the same.

    Args:
        config: Size of the network.
        mels: Number of values of a frame.
        code: Width of the code of a step.
        variational: Sample the codes from a normal distribution, and add its Kullback-Leibler
            (KL) divergence from N(0, 1) to the loss. The divergence is divided by the number of
            reconstructed values, as the reconstruction error is.
        warmup_steps: Training steps over which the weight of the divergence increases to its
            final value.

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
        encoded = keras.layers.Dense(2 * code if variational else code, name="code", dtype="float32")(backbone.last)
        if variational:
            draw = VariationalCode(1.0 / (mels * size), warmup_steps, name="variational_code", dtype="float32")
            encoded = draw(encoded, mask=backbone.step_mask(inputs["mask"]))
        decoded = keras.layers.Dense(config.d_model, activation="relu", name="decoder", dtype="float32")(encoded)
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
