"""The network of the paper's section 2.1, with its hidden states as named outputs."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import keras
from keras import ops

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.layers.causal_convolution_layer import CausalConvolutionLayer
from ser_fop.layers.convolution_max_layer import ConvolutionMaxLayer
from ser_fop.layers.frame_stacking import FrameStacking
from ser_fop.layers.mel_normalization import MelNormalization
from ser_fop.layers.recurrent_layer import RecurrentLayer
from ser_fop.layers.sinusoidal_positions import SinusoidalPositions
from ser_fop.layers.transformer_layer import TransformerLayer
from ser_fop.models.stream_state import POSITION

Attention = Literal["causal", "full"]
# Attention modes of each backbone; the last one has the widest view.
_ATTENTION: dict[str, tuple[Attention, ...]] = {
    "transformer": ("causal", "full"),
    "cnn": ("causal",),
    "lstm": ("causal",),
    "attentive_cnn": ("full",),
}
# Attentive CNN: length of the max-pooling window, in kernel lengths.
_POOLED_KERNELS = 3


def check_model(config: ModelConfig) -> ModelConfig:
    """Return `config` if a network can be built from it.

    Raises:
        InputError: If a size is out of range or the settings do not fit together.
    """
    for name in ("d_model", "heads", "feed_forward", "kernel", "layers", "stacked_frames"):
        if getattr(config, name) < 1:
            raise InputError(f"model.{name} expected 1 or more, received {getattr(config, name)}.")
    if not 0 <= config.dropout < 1:
        raise InputError(f"model.dropout expected 0 to 1 (exclusive), received {config.dropout:g}.")
    if config.backbone != "transformer" and config.residual_width != "model":
        raise InputError(
            f"model.residual_width expected 'model' with backbone {config.backbone}, received"
            f" {config.residual_width!r}: only a transformer has this choice."
        )
    if config.backbone != "transformer" and config.layer_norm != "post":
        raise InputError(
            f"model.layer_norm expected 'post' with backbone {config.backbone}, received {config.layer_norm!r}: only a"
            " transformer has this choice."
        )
    if config.backbone == "transformer" and config.d_model % config.heads:
        raise InputError(f"model.d_model {config.d_model} must be a multiple of model.heads {config.heads}.")
    return config


@keras.saving.register_keras_serializable("ser_fop")
class Backbone(keras.Model):
    """A network that maps log-mels to hidden states, without a loss or a task.

    `hidden_states` is a dict of symbolic outputs: `F`, the normalised log-mel; `embedding`,
    W_e f_t of equation 4; and `h1` .. `hL`, the outputs of the layers. Each state has one
    vector per step; a step is one frame, or `stacked_frames` frames. All states are causal
    unless attention is `full`. Outputs at padded steps are undefined.

    Args:
        config: Size of the network.
        mels: Number of mel bands of the input.
        attention: `causal` uses past and present steps only. `full` also uses future steps,
            for networks that do not predict frames.

    Call arguments:
        inputs: Dict of `mel` (batch, frames, mels), raw log-mels, and `mask`
            (batch, frames), true on real frames.

    Example:
        >>> extractor = keras.Model(backbone.inputs_by_name(), backbone.hidden_states["h1"])

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
        """Convert a mask of real frames, (batch, frames), to a mask of steps with a real frame, (batch, steps)."""
        return _step_mask(mask, self.config)

    def perturbed_hidden_states(self, change: Callable[[str, Any], Any]) -> dict[str, Any]:
        """Return the hidden states of a second pass through the same layers, with each state perturbed.

        The next layer reads the perturbed state.

        Args:
            change: Function of the name (`F`, `h1` .. `hL`) and the symbolic value of a state
                that returns the perturbed value.
        """
        inputs = self.inputs_by_name()
        return self._layers_in_order.states(inputs["mel"], inputs["mask"], change)

    def initial_state(self, batch: Any, context: int) -> dict[str, Any]:
        """Return the state of streams before their first step.

        Args:
            batch: Number of streams.
            context: Number of steps to which a transformer attends; other backbones do not need it.

        Raises:
            InputError: If the network is not causal: a step would depend on later ones.
        """
        if self.attention != "causal":
            raise InputError(
                f"streaming expected a causal network, received one with attention {self.attention!r}: each of its"
                " outputs depends on the whole utterance. Fine-tune with --attention causal."
            )
        layers = self._layers_in_order.layers
        states = {f"h{number}": layer.initial_state(batch, context) for number, layer in enumerate(layers, start=1)}
        return {POSITION: ops.zeros((batch,), "int32"), **states}

    def step(self, mel: Any, mask: Any, state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Compute the hidden states of the next steps of streams.

        Args:
            mel: Raw log-mels of the frames of whole steps, (batch, steps * stacked_frames, mels).
            mask: True on real frames, (batch, steps * stacked_frames). Only the last step of a stream may lack some.
            state: The state after the earlier steps, from `initial_state`.

        Returns:
            The hidden states, (batch, steps, width) each, and what changes in the state, for `updated_state`. They
            equal those of the whole utterance, as long
            as a transformer's context covers all earlier steps.
        """
        return self._layers_in_order.step(mel, mask, state)

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
    """Return the attention mode with the widest view that the backbone has."""
    return _ATTENTION[config.backbone][-1]


def check_attention(config: ModelConfig, attention: Attention) -> None:
    """Check that a backbone has this attention mode.

    Raises:
        InputError: If it does not, or if no network can be built from `config`.
    """
    check_model(config)
    modes = _ATTENTION[config.backbone]
    if attention not in modes:
        reason = (
            "it uses past frames only" if attention == "full" else "it uses future frames, so it cannot predict them"
        )
        raise InputError(
            f"backbone {config.backbone} expected attention {' or '.join(modes)}, received {attention}: {reason}."
            " Choose another backbone."
        )


class _Layers:
    """The layers of a backbone, and their application to inputs."""

    def __init__(self, config: ModelConfig, mels: int, attention: Attention) -> None:
        self.config = config
        self.attention = attention
        # Log-mels go down to -18. bfloat16 would round them to 1/8 before the mean is subtracted.
        self.normalization = MelNormalization(name="normalization", dtype="float32")
        self.stack = FrameStacking(config.stacked_frames, name="frame_stacking", dtype="float32")
        self.embed = keras.layers.Dense(hidden_width(config, mels), name="feature_embedding")
        self.positions = SinusoidalPositions(name="positions")
        self.layers = [_layer(number, config, attention) for number in range(1, config.layers + 1)]
        if config.layer_norm == "pre":
            self.last_norm = keras.layers.LayerNormalization(epsilon=1e-5, name="last_norm")

    def states(self, mel: Any, mask: Any, change: Callable[[str, Any], Any] = lambda name, value: value) -> Any:
        frames = self.normalization(mel)
        if self.config.stacked_frames > 1:
            frames = self.stack(frames, mask=mask)
        states = {"F": change("F", frames)}
        step_mask = _step_mask(mask, self.config) if self.attention == "full" else None
        states["embedding"] = self.embed(states["F"])
        # No dropout here: the prediction of a frame depends on its neighbour, which dropout would corrupt.
        hidden = states["embedding"]
        if self.config.backbone == "transformer":
            hidden = self.positions(hidden)
        for number, layer in enumerate(self.layers, start=1):
            hidden = layer(hidden, mask=step_mask)
            if number == len(self.layers) and self.config.layer_norm == "pre":
                hidden = self.last_norm(hidden)
            hidden = states[f"h{number}"] = change(f"h{number}", hidden)
        return states

    def step(self, mel: Any, mask: Any, state: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Apply the layers to the next steps of streams."""
        steps = mel.shape[1] // self.config.stacked_frames
        frames = self.normalization(mel)
        if self.config.stacked_frames > 1:
            frames = frames * ops.expand_dims(ops.cast(mask, frames.dtype), -1)
        found = {"F": ops.reshape(frames, (-1, steps, self.config.stacked_frames * frames.shape[2]))}
        position = state[POSITION]
        update: dict[str, Any] = {POSITION: position + steps}
        hidden = found["embedding"] = self.embed(found["F"])
        if self.config.backbone == "transformer":
            hidden = self.positions.step(hidden, ops.expand_dims(position, 1) + ops.arange(steps))
        for number, layer in enumerate(self.layers, start=1):
            name = f"h{number}"
            hidden, update[name] = layer.step(hidden, state[name], position)
            if number == len(self.layers) and self.config.layer_norm == "pre":
                hidden = self.last_norm(hidden)
            found[name] = hidden
        return found, update


def hidden_width(config: ModelConfig, mels: int) -> int:
    """Return the width of `h1` .. `hL`."""
    return config.d_model if config.residual_width == "model" else mels * config.stacked_frames


def _layer(number: int, config: ModelConfig, attention: Attention) -> keras.layers.Layer:
    """Build layer `number`, counted from 1."""
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
