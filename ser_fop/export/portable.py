"""Export to ONNX with a variable number of frames, and to LiteRT with a fixed one. The input is log-mels."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.utils.json_io import write_json

_OPSET = 18
ONNX, LITERT = ".onnx", ".tflite"


def write_onnx(recogniser: InferenceModel, path: Path) -> None:
    """Write an ONNX model.

    The inputs are `mel` of shape (batch, frames, mels) and `length` of shape (batch,). Batch and frames are variable.
    The outputs are `scores`, and `answer`, the index of the emotion in the labels. A network without classes has its
    hypercolumns as outputs. `PATH.json` contains the config of the network, with the labels and the front end.

    Args:
        recogniser: The inference model.
        path: File to write.

    Raises:
        InputError: If the model has an operation that ONNX does not support.
    """
    path.write_bytes(to_onnx(recogniser.class_scores, _signature(recogniser, batch=None, frames=None)))
    _describe(recogniser, path)


def write_litert(recogniser: InferenceModel, path: Path, *, frames: int) -> None:
    """Write a LiteRT model for one utterance.

    The inputs are `mel` of shape (1, frames, mels), and `length` of shape (1,), the number of frames without padding.
    The outputs are those of `write_onnx`. The model has only LiteRT's built-in operations, so that every interpreter
    can run it.

    Args:
        recogniser: The inference model.
        path: File to write.
        frames: Number of frames of the input.

    Raises:
        InputError: If the model has an operation that is not built into LiteRT.
    """
    function = tf.function(recogniser.class_scores, input_signature=_signature(recogniser, batch=1, frames=frames))
    path.write_bytes(to_litert(variables_of(recogniser.network, recogniser.head), function.get_concrete_function()))
    _describe(recogniser, path, frames=frames)


def to_onnx(function: Callable[..., Any], signature: Sequence[tf.TensorSpec]) -> bytes:
    """Return a function as an ONNX model.

    Args:
        function: Function of tensors.
        signature: Its inputs.

    Raises:
        InputError: If an operation cannot be converted.
    """
    import tf2onnx  # an optional dependency

    graph = tf.function(function, input_signature=signature, autograph=False)
    try:
        model, _ = tf2onnx.convert.from_function(graph, input_signature=signature, opset=_OPSET)
    except Exception as error:  # tf2onnx raises ValueError, RuntimeError and its own types
        raise InputError(f"this model cannot be written as ONNX: {error}") from error
    return model.SerializeToString()


def variables_of(network: Any, head: tf.Module | None = None) -> tf.Module:
    """Return a module that holds the variables of a network, and of the classifier after it."""
    module = tf.Module()
    module.network_weights = [weight.value for weight in network.weights]
    module.head = head
    return module


def to_litert(module: tf.Module, function: Any) -> bytes:
    """Return a function as a LiteRT model of built-in operations.

    Args:
        module: Holder of the variables.
        function: Concrete function with fixed shapes.

    Raises:
        InputError: If an operation is not built into LiteRT.
    """
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=function)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            return converter.convert()
        except Exception as error:  # the converter's own type, for an unsupported operation
            if "f64>" in str(error):
                raise InputError(
                    "LiteRT expected a model without numbers of 64 bits, received one that needs them, as trimming,"
                    " normalisation by utterance and classifiers of scikit-learn do. Use ONNX."
                ) from error
            reason = next((line for line in str(error).splitlines() if "error:" in line), str(error)[:200])
            raise InputError(f"this model cannot be written for LiteRT: {reason}") from error


def golden_of(
    recogniser: InferenceModel, sounds: Mapping[str, np.ndarray], path: Path, *, frames: int | None = None
) -> None:
    """Write log-mels and the outputs of the network, for the verification of an exported model.

    Args:
        recogniser: The inference model.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,).
        path: The `.npz` file to write.
        frames: Pad or cut the log-mels to this number of frames.
    """
    mel, length = recogniser.compute_mels(tf.constant(sounds["waveform"]), tf.constant(sounds["length"]))
    if frames is not None:
        mel = tf.pad(mel[:, :frames], [[0, 0], [0, max(0, frames - mel.shape[1])], [0, 0]])
        length = tf.minimum(length, frames)
    answers = {f"answer_{name}": value.numpy() for name, value in recogniser.class_scores(mel, length).items()}
    np.savez(path, mel=mel.numpy(), length=length.numpy(), **answers)


def _signature(recogniser: InferenceModel, *, batch: int | None, frames: int | None) -> list[tf.TensorSpec]:
    return [
        tf.TensorSpec([batch, frames, recogniser.spec.features.width], tf.float32, "mel"),
        tf.TensorSpec([batch], tf.int32, "length"),
    ]


def _describe(recogniser: InferenceModel, path: Path, **more: int) -> None:
    write_json(path.with_name(path.name + ".json"), {"spec": recogniser.spec, **more})
