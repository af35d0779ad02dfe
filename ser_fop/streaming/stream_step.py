"""Steps of streams in one graph: front end, network and classes; states go in and come out."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.data.features import band_power, frame_features, of_log_mel
from ser_fop.data.running_level import initial_level, running_level_step
from ser_fop.inference.outputs import SCORES
from ser_fop.models.network_spec import EMOTION_CLASSIFIER, NetworkSpec
from ser_fop.models.stream_state import updated_state
from ser_fop.streaming.stream_sizes import StreamSizes

_MOST_STEPS = 4  # one graph for each power of two up to this
State = dict[str, tf.Tensor]


class StreamStep(StreamSizes):
    """Maps the samples of the next steps, and the state after the earlier steps, to outputs and the new state.

    Args:
        network: A causal network: an emotion classifier, or any network with a backbone.
        spec: Its JSON config.
        context_s: Time to which a transformer attends, in seconds. Within it, all outputs equal those of the whole
            recording.

    Raises:
        InputError: If the network or its front end is not causal.
    """

    def __init__(self, network: keras.Model, spec: NetworkSpec, *, context_s: float = 10.0) -> None:
        super().__init__(spec, context_s=context_s, most_steps=_MOST_STEPS)
        self.network = network
        self._classifies = spec.kind == EMOTION_CLASSIFIER
        self.step = tf.function(self.advance, autograph=False)

    def initial_state(self, batch: int = 1) -> State:
        """Return the state of streams before their first step, by name.

        Args:
            batch: Number of streams.
        """
        source = self.network if self._classifies else self.network.backbone
        state: dict[str, Any] = {"network": source.initial_state(batch, self.context)}
        if self.spec.features.level == "running":
            state["level"] = initial_level(batch, self.spec.features)
        return _flat(state)

    def advance(self, samples: tf.Tensor, frames: tf.Tensor, keep: tf.Tensor, state: State) -> tuple[State, State]:
        """Compute the next steps and the state after them.

        Args:
            samples: Samples of whole steps, (batch, samples), whose number is known.
            frames: Number of real frames, (batch,): the last step of a stream may lack some.
            keep: Weight of the earlier steps in the pooling relative to what they had before; 1 forgets nothing. A
                number, or (batch, 1).
            state: The state after the earlier steps.

        Returns:
            Outputs by name: `scores`, (batch, steps, classes), of a classifier; else the hidden states, (batch, steps,
            width). And the new state.
        """
        outputs, update = self.outputs_and_update(samples, frames, keep, state)
        return outputs, _flat(updated_state(_nested(state), _nested(update)))

    def outputs_and_update(
        self, samples: tf.Tensor, frames: tf.Tensor, keep: tf.Tensor, state: State
    ) -> tuple[State, State]:
        """Compute the next steps, and what changes in the state: new rows of the rings, and new values of all else.

        Arguments and outputs are those of `advance`.
        """
        nested = _nested(state)
        mel, level = _frames(samples, nested.get("level"), self.spec.features)
        mask = tf.sequence_mask(frames, self.frames * self.steps_of(samples.shape[1]))
        update: dict[str, Any] = {} if level is None else {"level": level}
        if not self._classifies:
            outputs, update["network"] = self.network.backbone.step(mel, mask, nested["network"])
            return outputs, _flat(update)
        logits, update["network"] = self.network.step(mel, mask, nested["network"], keep=keep)
        scaled = logits / self.spec.temperature
        if self.spec.class_bias:
            scaled += tf.constant(self.spec.class_bias, tf.float32)
        return {SCORES: tf.nn.softmax(scaled)}, _flat(update)


def _frames(
    samples: tf.Tensor, level: Mapping[str, tf.Tensor] | None, features: FeatureConfig
) -> tuple[tf.Tensor, Mapping[str, tf.Tensor] | None]:
    """Return the features of a step's frames, (batch, frames, width), and the new state of the level."""
    if level is None:
        return frame_features(samples, features), None
    bands, later = running_level_step(band_power(samples, features), dict(level), features)
    return of_log_mel(tf.math.log(tf.maximum(bands, features.floor)), features), later


def _flat(state: Mapping[str, Any], prefix: str = "") -> State:
    """Return nested states by joined names, such as `network/backbone/h1/keys`."""
    found: State = {}
    for name, value in state.items():
        found |= _flat(value, f"{prefix}{name}/") if isinstance(value, Mapping) else {prefix + name: value}
    return found


def _nested(state: Mapping[str, tf.Tensor]) -> dict[str, Any]:
    """Undo `_flat`."""
    found: dict[str, Any] = {}
    for path, value in state.items():
        *folders, name = path.split("/")
        inner = found
        for folder in folders:
            inner = inner.setdefault(folder, {})
        inner[name] = value
    return found
