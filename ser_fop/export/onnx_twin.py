"""ONNX twins of whole recordings and of a step of a stream, so that prediction needs no TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ser_fop.data.power_spectrum import spectra_by_product
from ser_fop.errors import InputError
from ser_fop.export.portable import to_onnx
from ser_fop.export.portable_stream import first_value
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.onnx_model import OnnxInferenceModel
from ser_fop.inference.outputs import REASON, SCORES
from ser_fop.streaming.onnx_step import AFTER, BEFORE, OnnxStep
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from ser_fop.utils.json_io import write_json

_TOLERANCE = 1e-4


def write_onnx_twin(recogniser: InferenceModel, path: Path) -> None:
    """Write the whole graph of a classifier, front end and checks of the signal included, as ONNX.

    The inputs are `waveform` of shape (batch, samples) and `length` of shape (batch,), both variable; the outputs are
    those of `InferenceModel.numbers_of_waveform`.

    Args:
        recogniser: The inference model.
        path: File to write.

    Raises:
        InputError: If the model has an operation that ONNX does not support.
    """
    signature = [tf.TensorSpec([None, None], tf.float32, "waveform"), tf.TensorSpec([None], tf.int32, "length")]
    with spectra_by_product():
        path.write_bytes(to_onnx(recogniser.numbers_of_waveform, signature))


def write_onnx_stream(step: StreamStep, path: Path, *, context_s: float) -> None:
    """Write one step of a stream as ONNX, front end included. `PATH.json` describes the first states.

    The inputs are `samples` of shape (batch, window_samples), `frames` of shape (batch,), `keep` of shape (batch, 1)
    and the states, `state_..`. The outputs are those of the step, and the new states, `later_..`.

    Args:
        step: The step.
        path: File to write.
        context_s: Time to which a transformer attends, in seconds.

    Raises:
        InputError: If the model has an operation that ONNX does not support.
    """
    empty = step.initial_state(1)

    def advance(samples: tf.Tensor, frames: tf.Tensor, keep: tf.Tensor, *values: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs, later = step.advance(samples, frames, keep, dict(zip(empty, values, strict=True)))
        return {**outputs, **{AFTER + name: value for name, value in later.items()}}

    signature = [
        tf.TensorSpec([None, step.window_samples], tf.float32, "samples"),
        tf.TensorSpec([None], tf.int32, "frames"),
        tf.TensorSpec([None, 1], tf.float32, "keep"),
        *(tf.TensorSpec([None, *value.shape[1:]], value.dtype, BEFORE + name) for name, value in empty.items()),
    ]
    with spectra_by_product():
        path.write_bytes(to_onnx(advance, signature))
    start = {
        name: {
            "shape": [int(size) for size in value.shape[1:]],
            "value": first_value(value),
            "dtype": value.dtype.name,
        }
        for name, value in empty.items()
    }
    write_json(path.with_name(path.name + ".json"), {"context_s": context_s, "start": start})


def verify_onnx_stream(step: StreamStep, path: Path, sounds: Mapping[str, np.ndarray]) -> float:
    """Compare a twin with the step over whole sounds, and return the largest difference of a probability.

    Args:
        step: The step.
        path: The twin.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,).

    Raises:
        InputError: If a probability differs by more than 1e-4.
    """
    twin = OnnxStep(path, step.spec)
    differences = [0.0]
    for samples, length in zip(sounds["waveform"], sounds["length"], strict=True):
        expected, found = (StreamingEncoder(one).push(samples[:length]) for one in (step, twin))
        differences += [float(np.abs(found[name] - expected[name]).max()) for name in expected]
    return _within_tolerance(max(differences), path)


def verify_onnx_twin(recogniser: InferenceModel, path: Path, sounds: Mapping[str, np.ndarray]) -> float:
    """Compare a twin with the model on sounds, and return the largest difference of a probability.

    Args:
        recogniser: The inference model.
        path: The twin.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,).

    Raises:
        InputError: If a probability differs by more than 1e-4, or an answer or its reason differs.
    """
    expected = {name: value.numpy() for name, value in recogniser.from_waveform(**sounds).items()}
    found = OnnxInferenceModel(path, recogniser.spec).from_waveform(sounds["waveform"], sounds["length"])
    difference = _within_tolerance(float(np.abs(found[SCORES] - expected[SCORES]).max()), path)
    for name in (recogniser.spec.target, REASON):
        if found[name].tolist() != expected[name].tolist():
            raise InputError(
                f"the ONNX twin {path} expected {name} {expected[name].tolist()} of the model, received"
                f" {found[name].tolist()}."
            )
    return difference


def _within_tolerance(difference: float, path: Path) -> float:
    if not difference <= _TOLERANCE:
        raise InputError(
            f"the ONNX twin {path} expected the probabilities of the model within {_TOLERANCE:g}, received a difference"
            f" of {difference:.2g}."
        )
    return difference
