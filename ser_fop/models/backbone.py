"""The network of section 2.1, its hidden states as named outputs."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import keras

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.layers.causal_convolution_layer import CausalConvolutionLayer
from ser_fop.layers.convolution_max_layer import ConvolutionMaxLayer
from ser_fop.layers.frame_stacking import FrameStacking
from ser_fop.layers.mel_normalization import MelNormalization
from ser_fop.layers.recurrent_layer import RecurrentLayer
from ser_fop.layers.sinusoidal_positions import SinusoidalPositions
from ser_fop.layers.transformer_layer import TransformerLayer

Attention = Literal["causal", "full"]
# What each backbone's steps may look at; the first is what it looks at unless told otherwise.
_ATTENTION: dict[str, tuple[Attention, ...]] = {
    "transformer": ("causal", "full"),
    "cnn": ("causal",),
    "lstm": ("causal",),
    "attentive_cnn": ("full",),
}
# Of the attentive CNN: the maximum is taken over so many kernels' lengths.
_POOLED_KERNELS = 3


def check_model(config: ModelConfig) -> ModelConfig:
    """Return `config`, or raise `InputError` where no network can be built from it."""
    if min(config.d_model, config.heads, config.feed_forward, config.kernel, config.layers) < 1:
        raise InputError("model: d_model, heads, feed_forward, kernel and layers must be positive.")
    if not 0 <= config.dropout < 1:
        raise InputError(f"model.dropout expected 0 to 1 (exclusive), received {config.dropout:g}.")
    if config.backbone != "transformer" and config.residual_width != "model":
        raise InputError(
            f"model.residual_width {config.residual_width!r} is for the transformer alone: a {config.backbone} has `model`."
        )
    if config.backbone != "transformer" and config.layer_norm != "post":
        raise InputError(
            f"model.layer_norm {config.layer_norm!r} is one of the transformer's, not of a {config.backbone}."
        )
    if config.stacked_frames < 1:
        raise InputError(f"model.stacked_frames expected one or more, received {config.stacked_frames}.")
    if config.backbone == "transformer" and config.d_model % config.heads:
        raise InputError(f"model.d_model {config.d_model} must be a multiple of model.heads {config.heads}.")
    return config


@keras.saving.register_keras_serializable("ser_fop")
class Backbone(keras.Model):
    """Maps log-mels to hidden states; knows no loss and no task.

    `hidden_states` is a dict of symbolic outputs, so that
    `keras.Model(backbone.inputs, backbone.hidden_states["h1"])` is a feature
    extractor: `F`, the normalised log-mel; `embedding`, W_e f_t of equation 4; and
    `h1` .. `hL`, the outputs of the layers. Each has one vector a step, which
    is a frame unless frames are stacked. Everything is causal unless attention is
    `full`; outputs at padded steps are meaningless.

    Args:
        config: Size of the network.
        mels: Mel bands of the input.
        attention: `causal` looks at no later step, `full` at what is later too: for what
            predicts nothing.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), raw log-mel, and `mask`
            (batch, frames), true on real frames.

    Reference:
        Lian et al. 2019, section 2.1 (arXiv 1910.13806).
    """

    def __init__(self, config: ModelConfig, mels: int, *, attention: Attention = "causal", **kwargs: Any) -> None:
        check_attention(config, attention)
        layers = _Layers(config, mels, attention)
        mel = keras.Input((None, mels), name="mel")
        mask = keras.Input((None,), dtype="bool", name="mask")
        states = layers.states(mel, mask)
        super().__init__(inputs={"mel": mel, "mask": mask}, outputs=states, **kwargs)
        # === Config ===
        self.config = config
        self.mels = mels
        self.attention = attention
        self.normalization = layers.normalization
        self.hidden_states = states
        self.last = states[f"h{config.layers}"]
        self._layers_in_order = layers

    def step_mask(self, mask: Any) -> Any:
        """Return which steps hold a real frame, (batch, steps), from which frames are real, (batch, frames)."""
        return _step_mask(mask, self.config)

    def perturbed_hidden_states(self, change: Callable[[str, Any], Any]) -> dict[str, Any]:
        """Return the hidden states of a second way through the same layers, changed before the next layer reads them.

        Args:
            change: Maps the name of `F`, `h1` .. `hL` and its symbolic value to another value.
        """
        inputs = self.inputs_by_name()
        return self._layers_in_order.states(inputs["mel"], inputs["mask"], change)

    def inputs_by_name(self) -> dict[str, Any]:
        """Return the symbolic inputs `mel` and `mask`."""
        return {tensor.name: tensor for tensor in self.inputs}

    def get_config(self) -> dict[str, Any]:
        return {
            "config": dataclasses.asdict(self.config),
            "mels": self.mels,
            "attention": self.attention,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Backbone":
        return cls(**{**config, "config": ModelConfig(**config["config"])})


def widest_attention(config: ModelConfig) -> Attention:
    """Return the most that a backbone's steps may look at."""
    return _ATTENTION[config.backbone][-1]


def check_attention(config: ModelConfig, attention: Attention) -> None:
    """Raise `InputError` where no network of this size can look at so much, or so little."""
    check_model(config)
    if attention not in _ATTENTION[config.backbone]:
        says = "looks back alone" if attention == "full" else "looks ahead too, and so cannot predict"
        raise InputError(f"attention `{attention}` is not for a {config.backbone}, which {says}.")


class _Layers:
    """The layers in order, and what goes through them."""

    def __init__(self, config: ModelConfig, mels: int, attention: Attention) -> None:
        self.config = config
        self.attention = attention
        # Log-mels reach -18: bfloat16 would round them to an eighth before their mean is taken off.
        self.normalization = MelNormalization(name="normalization", dtype="float32")
        self.stack = FrameStacking(config.stacked_frames, name="frame_stacking", dtype="float32")
        self.embed = keras.layers.Dense(hidden_width(config, mels), name="feature_embedding")
        self.positions = SinusoidalPositions(name="positions")
        self.above = [_layer(number, config, attention) for number in range(1, config.layers + 1)]
        if config.layer_norm == "pre":
            self.last_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="last_norm")

    def states(self, mel: Any, mask: Any, change: Callable[[str, Any], Any] = lambda name, value: value) -> Any:
        frames = self.normalization(mel)
        if self.config.stacked_frames > 1:
            frames = self.stack(frames, mask=mask)
        states = {"F": change("F", frames)}
        step_mask = _step_mask(mask, self.config) if self.attention == "full" else None
        states["embedding"] = self.embed(states["F"])
        # No dropout here: a frame is predicted from its neighbour, and noise on the embedding would hide it.
        hidden = states["embedding"]
        if self.config.backbone == "transformer":
            hidden = self.positions(hidden)
        for number, layer in enumerate(self.above, start=1):
            hidden = layer(hidden, mask=step_mask)
            if number == len(self.above) and self.config.layer_norm == "pre":
                hidden = self.last_norm(hidden)
            hidden = states[f"h{number}"] = change(f"h{number}", hidden)
        return states


def hidden_width(config: ModelConfig, mels: int) -> int:
    """Return the width of `h1` .. `hL`."""
    return config.d_model if config.residual_width == "model" else mels * config.stacked_frames


def _layer(number: int, config: ModelConfig, attention: Attention) -> keras.layers.Layer:
    """Return the layer of this number, counted from 1."""
    if config.backbone == "cnn":
        dilation = config.kernel ** (number - 1)
        return CausalConvolutionLayer(
            config.d_model, config.kernel, dilation, config.dropout, name=f"convolution_layer_{number}"
        )
    if config.backbone == "lstm":
        return RecurrentLayer(config.d_model, config.dropout, name=f"recurrent_layer_{number}")
    if config.backbone == "attentive_cnn":
        pool = _POOLED_KERNELS * config.kernel
        return ConvolutionMaxLayer(
            config.d_model, config.kernel, pool, config.dropout, name=f"convolution_max_layer_{number}"
        )
    return TransformerLayer(
        config.d_model,
        config.heads,
        config.feed_forward,
        config.dropout,
        attention,
        config.layer_norm,
        name=f"attention_layer_{number}",
    )


def _step_mask(mask: Any, config: ModelConfig) -> Any:
    return mask if config.stacked_frames == 1 else mask[:, :: config.stacked_frames]
