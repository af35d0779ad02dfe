"""A ladder network of the FOP model's size, for frames."""

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
    """A semi-supervised network that denoises every layer, and classifies labelled utterances.

    The FOP model's backbone runs twice: once clean, and once with noise on its input and on the
    output of each layer. The noisy pass ends in a classifier. A decoder starts from its class
    probabilities and denoises each layer, from the layer above and the noisy layer itself. As
    with the FOP model, the features are the hidden states of the backbone.

    There are two differences from the original. Layer normalisation, which each layer has,
    replaces batch normalisation. The noise replaces dropout.

    The network adds all its losses itself (`add_loss`): compile it without a loss. They are the
    cross-entropy of the noisy pass, and the squared distance of each denoised layer from the
    layer of the clean pass.

    Args:
        config: Size of the network.
        mels: Number of values of a frame.
        classes: Number of emotions.
        noise: Standard deviation of the noise. Its unit is 1 for the normalised input, and the
            root mean square of each step's vector for the layers.
        costs: Weights of the denoising losses: of the input, of the first layer, and of each
            later layer.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), `mask` (batch, frames) and `class_index`
            (batch,), -1 for an unlabelled utterance.

    Output shape:
        (batch, frames, mels), denoised log-mels.

    Reference:
        Rasmus et al. 2015 (arXiv 1507.02672), the paper's reference 16. For the functionals of
        Huang et al. 2018 (reference 37), see `ser_fop.hypercolumns.ladder_code`.
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
        # --- Encoder: the logits of the noisy pass
        pooled = MaskedPooling("mean", name="pooling", dtype="float32")(noisy[levels[-1]], mask=steps)
        logits = keras.layers.Dense(classes, use_bias=False, name="emotion_logits", dtype="float32")(pooled)
        logits = LabelLossLayer(name="label_cost", dtype="float32")(logits, inputs["class_index"])
        # --- Decoder: denoises each layer
        denoised = keras.layers.Reshape((1, classes), name="answer", dtype="float32")(keras.ops.softmax(logits))
        for height, name in reversed(list(enumerate(levels))):
            below = keras.layers.Dense(clean[name].shape[-1], use_bias=False, name=f"down_to_{name}", dtype="float32")
            norm = keras.layers.LayerNormalization(
                epsilon=1e-5, center=False, scale=False, name=f"norm_of_{name}", dtype="float32"
            )
            combine = LadderCombinator(name=f"combinator_of_{name}", dtype="float32")
            weight = costs[min(height, len(costs) - 1)]
            cost = DenoisingLossLayer(weight, standardised=name != "F", name=f"cost_of_{name}", dtype="float32")
            denoised = cost(combine(noisy[name], norm(below(denoised))), clean[name], steps)
        size = config.stacked_frames
        if size > 1:
            denoised = FrameUnstacking(size, name="frame_unstacking", dtype="float32")(denoised, like=inputs["mel"])
        super().__init__(inputs=inputs, outputs=backbone.normalization(denoised, invert=True), **kwargs)
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
