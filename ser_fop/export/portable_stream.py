"""One step of a stream as a LiteRT model, for phones and small boards; and its verification over whole recordings."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.export.portable import to_litert, variables_of
from ser_fop.streaming.stream_signatures import named_states, stream_step
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from ser_fop.utils.json_io import write_json


def write_litert_stream(step: StreamStep, path: Path) -> None:
    """Write one step of a stream as a LiteRT model, front end included.

    The inputs are `samples` of shape (1, window_samples), `frames` of shape (1,), and the states; the outputs are those
    of the step, and the new states under the same names. `PATH.json` contains the spec of the network, the sizes of a
    step, and shape and value of each first state.

    Args:
        step: The step.
        path: File to write.

    Raises:
        InputError: If the model has an operation that is not built into LiteRT.
    """
    path.write_bytes(to_litert(variables_of(step.network), stream_step(step, batch=1)))
    states = named_states(step.initial_state(1))
    start = {name: {"shape": list(value.shape), "value": first_value(value)} for name, value in states.items()}
    sizes = {"window_samples": step.window_samples, "hop_samples": step.hop_samples, "frames": step.frames}
    write_json(path.with_name(path.name + ".json"), {"spec": step.spec, **sizes, "start": start})


def first_value(state: tf.Tensor) -> float:
    """Return the value of a first state, in which all are equal; 0 for an empty one."""
    return next(iter(state.numpy().flat), np.float32(0.0)).item()


def golden_of_stream(step: StreamStep, sounds: Mapping[str, np.ndarray], path: Path) -> None:
    """Write sounds, and the outputs of the Keras network after their last whole step, for the verification of an export.

    Args:
        step: The step.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,).
        path: The `.npz` file to write.

    Raises:
        InputError: If every sound is shorter than a step.
    """
    encoder, found = StreamingEncoder(step), []
    is_long = sounds["length"] >= step.window_samples
    if not is_long.any():
        raise InputError(
            f"the comparison of streams expected a recording of {step.window_samples} samples or more, received"
            f" {sounds['length'].max()} at most. Give a longer one to --check-on."
        )
    sounds = {name: values[is_long] for name, values in sounds.items()}
    for samples, length in zip(sounds["waveform"], sounds["length"], strict=True):
        found.append({name: values[0, -1] for name, values in encoder.push(samples[:length]).items()})
        encoder.reset()
    answers = {f"answer_{name}": np.stack([one[name] for one in found]) for name in found[0]}
    start = {f"start_{name}": value.numpy() for name, value in named_states(step.initial_state(1)).items()}
    sizes = {"window": step.window_samples, "hop": step.hop_samples, "frames": np.int32([step.frames])}
    np.savez(path, **sounds, **sizes, **answers, **start)
