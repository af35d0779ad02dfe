"""Files of twins, of whole recordings and of a step of a stream, so that prediction needs no TensorFlow."""

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from ser_fop.data.power_spectrum import spectra_by_product
from ser_fop.export.portable import to_litert, to_onnx, variables_of
from ser_fop.export.portable_stream import first_value
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.streaming.stream_step import State, StreamStep
from ser_fop.streaming.twin_step import AFTER, BEFORE
from ser_fop.utils.json_io import write_json


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
    with spectra_by_product():
        path.write_bytes(to_onnx(recogniser.numbers_of_waveform, _signature(batch=None)))


def write_litert_twin(recogniser: InferenceModel, path: Path) -> None:
    """Write the graph of `write_onnx_twin` for LiteRT, with a batch of one and a variable number of samples.

    Args:
        recogniser: The inference model.
        path: File to write.

    Raises:
        InputError: If the model has an operation that is not built into LiteRT.
    """
    with spectra_by_product():
        graph = tf.function(recogniser.numbers_of_waveform, input_signature=_signature(batch=1))
        path.write_bytes(to_litert(variables_of(recogniser.network, recogniser.head), graph.get_concrete_function()))


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
    advance, signature = _advance(step, batch=None)
    with spectra_by_product():
        path.write_bytes(to_onnx(advance, signature))
    _describe(step, path, context_s)


def write_litert_stream_twin(step: StreamStep, path: Path, *, context_s: float) -> None:
    """Write the graph of `write_onnx_stream` for LiteRT, with a batch of one.

    Args:
        step: The step.
        path: File to write.
        context_s: Time to which a transformer attends, in seconds.

    Raises:
        InputError: If the model has an operation that is not built into LiteRT.
    """
    advance, signature = _advance(step, batch=1)
    with spectra_by_product():
        graph = tf.function(advance, input_signature=signature, autograph=False)
        path.write_bytes(to_litert(variables_of(step.network), graph.get_concrete_function()))
    _describe(step, path, context_s)


def _signature(*, batch: int | None) -> list[tf.TensorSpec]:
    return [tf.TensorSpec([batch, None], tf.float32, "waveform"), tf.TensorSpec([batch], tf.int32, "length")]


def _advance(step: StreamStep, *, batch: int | None) -> tuple[Callable[..., State], list[tf.TensorSpec]]:
    """Return the step as a function of tensors alone, and its inputs."""
    empty = step.initial_state(1)

    def advance(samples: tf.Tensor, frames: tf.Tensor, keep: tf.Tensor, *values: tf.Tensor) -> State:
        outputs, later = step.advance(samples, frames, keep, dict(zip(empty, values, strict=True)))
        return {**outputs, **{AFTER + name: value for name, value in later.items()}}

    return advance, [
        tf.TensorSpec([batch, step.window_samples], tf.float32, "samples"),
        tf.TensorSpec([batch], tf.int32, "frames"),
        tf.TensorSpec([batch, 1], tf.float32, "keep"),
        *(tf.TensorSpec([batch, *value.shape[1:]], value.dtype, BEFORE + name) for name, value in empty.items()),
    ]


def _describe(step: StreamStep, path: Path, context_s: float) -> None:
    """Write shape, value and type of each first state beside a twin."""
    start = {
        name: {"shape": [int(size) for size in value.shape[1:]], "value": first_value(value), "dtype": value.dtype.name}
        for name, value in step.initial_state(1).items()
    }
    write_json(path.with_name(path.name + ".json"), {"context_s": context_s, "start": start})
