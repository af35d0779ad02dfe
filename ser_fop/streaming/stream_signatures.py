"""The step of a stream as functions with flat inputs and outputs, for servers and phones."""

from typing import Any

import tensorflow as tf

from ser_fop.streaming.stream_step import State, StreamStep

STREAM_START, STREAM_STEP = "stream_start", "stream_step"
_PREFIX = "state_"


def stream_start(step: StreamStep) -> Any:
    """Return the function that gives the states of new streams.

    Its input is `streams`, of shape (streams,), whose values have no effect; its outputs are the states, `state_...`.
    Servers can therefore batch it like any other signature.

    Args:
        step: The step.
    """

    def start(streams: tf.Tensor) -> State:
        return named_states(step.initial_state(tf.shape(streams)[0]))

    return tf.function(start, autograph=False, input_signature=[tf.TensorSpec([None], tf.int32, "streams")])


def stream_step(step: StreamStep, *, batch: int | None = None) -> Any:
    """Return the concrete function of one step.

    Its inputs are `samples`, (batch, window_samples), which overlap with those of the step before; `frames`, (batch,),
    the number of real frames (all but at the end); and the states. Its outputs are those of the step, and the new
    states under the names of the inputs.

    Args:
        step: The step.
        batch: Number of streams; None leaves it variable.
    """
    empty = step.initial_state(1)
    path_of = dict(zip(named_states(empty), empty, strict=True))

    def advance(samples: tf.Tensor, frames: tf.Tensor, **states: tf.Tensor) -> State:
        state = {path_of[name]: value for name, value in states.items()}
        outputs, later = step.advance(samples, frames, tf.constant(1.0), state)
        return {**{name: value[:, 0] for name, value in outputs.items()}, **named_states(later)}

    return tf.function(advance, autograph=False).get_concrete_function(
        samples=tf.TensorSpec([batch, step.window_samples], tf.float32, "samples"),
        frames=tf.TensorSpec([batch], tf.int32, "frames"),
        **{
            name: tf.TensorSpec([batch, *value.shape[1:]], value.dtype, name)
            for name, value in named_states(empty).items()
        },
    )


def named_states(state: State) -> State:
    """Return states by the names of the inputs, such as `state_network_pooling_mean`."""
    return {_PREFIX + path.replace("/", "_"): value for path, value in state.items()}
