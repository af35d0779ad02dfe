"""A ladder network of the FOP model's size."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras

from ser_fop.config.settings import ModelConfig
from ser_fop.layers.corrupting_noise import CorruptingNoise
from ser_fop.layers.denoising_loss_layer import DenoisingLossLayer
from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.layers.label_loss_layer import LabelLossLayer
from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.models.backbone import Backbone, widest_attention
from ser_fop.models.baselines.ladder_combinator import LadderCombinator


@keras.saving.register_keras_serializable("ser_fop")
class FrameLadder(keras.Model):
    """Learns from all speech by taking noise away at every layer, and from labels where there are any.

    The FOP model's backbone is gone through twice, clean and with noise on its input and on
    each layer's output. The noisy way ends in a classifier; from its answer a decoder goes
    down again, and gives each layer back without noise, from what lies above and from the
    noisy layer itself. Layer normalisation, which is part of each layer, stands in the place of
    the original's batch normalisation, and the noise in that of dropout. What it learned is
    taken from the backbone's hidden states, as of the FOP model.

    The costs, of which there are no others, are added to the loss here: cross-entropy of
    the noisy way's answers, and the distance of each layer from the clean way's.

    Args:
        config: Size of the network.
        mels: Values of a frame.
        classes: Number of emotions.
        noise: Deviation of the noise; the input is normalised, in the layers it is in units of each step's vector.
        costs: What the distance of the input weighs, of the first layer, and of each above.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), `mask` (batch, frames) and `class_index`
            (batch,), -1 where it is unknown.

    Output shape:
        (batch, frames, mels), log-mels without the noise.

    Reference:
        Rasmus et al. 2015 (arXiv 1507.02672), the paper's reference 16. Huang et al. 2018 (reference 37)
        had functionals of utterances instead: `ser_fop.hypercolumns.ladder_code`.
    """

    def __init__(
        self,
        config: ModelConfig,
        mels: int,
        *,
        classes: int,
        noise: float = 0.3,
        costs: Sequence[float] = (10.0, 1.0, 0.1),
        **kwargs: Any,
    ) -> None:
        attention = widest_attention(config)
        backbone = Backbone(dataclasses.replace(config, dropout=0.0), mels, attention=attention, name="backbone")
        inputs = {**backbone.inputs_by_name(), "class_index": keras.Input((), dtype="int32", name="class_index")}
        steps = backbone.step_mask(inputs["mask"])
        clean = backbone.hidden_states
        noisy = backbone.perturbed_hidden_states(
            lambda name, values: CorruptingNoise(noise, relative=name != "F", name=f"noise_on_{name}", dtype="float32")(
                values
            )
        )
        levels = ["F", *(f"h{number}" for number in range(1, config.layers + 1))]
        # --- up: the answer of the noisy way
        pooled = MaskedPooling("mean", name="pooling", dtype="float32")(noisy[levels[-1]], mask=steps)
        logits = keras.layers.Dense(classes, use_bias=False, name="emotion_logits", dtype="float32")(pooled)
        logits = LabelLossLayer(name="label_cost", dtype="float32")(logits, inputs["class_index"])
        # --- down: each layer without its noise
        known = keras.layers.Reshape((1, classes), name="answer", dtype="float32")(keras.ops.softmax(logits))
        for height, name in reversed(list(enumerate(levels))):
            below = keras.layers.Dense(clean[name].shape[-1], use_bias=False, name=f"down_to_{name}", dtype="float32")
            norm = keras.layers.LayerNormalization(
                epsilon=1e-5, center=False, scale=False, name=f"norm_of_{name}", dtype="float32"
            )
            combine = LadderCombinator(name=f"combinator_of_{name}", dtype="float32")
            weight = costs[min(height, len(costs) - 1)]
            cost = DenoisingLossLayer(weight, standardised=name != "F", name=f"cost_of_{name}", dtype="float32")
            known = cost(combine(noisy[name], norm(below(known))), clean[name], steps)
        size = config.stacked_frames
        if size > 1:
            known = FrameUnstacking(size, name="frame_unstacking", dtype="float32")(known, like=inputs["mel"])
        super().__init__(inputs=inputs, outputs=backbone.normalization(known, invert=True), **kwargs)
        self.backbone = backbone
        self.classes = classes
        self.noise = noise
        self.costs = tuple(costs)

    def get_config(self) -> dict[str, Any]:
        return {
            "config": dataclasses.asdict(self.backbone.config),
            "mels": self.backbone.mels,
            "classes": self.classes,
            "noise": self.noise,
            "costs": list(self.costs),
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "FrameLadder":
        return cls(**{**config, "config": ModelConfig(**config["config"])})
