"""A recogniser for other runtimes, from log-mels: ONNX with any length, LiteRT with a fixed one."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.utils.json_io import write_json

_OPSET = 18
ONNX, LITERT = ".onnx", ".tflite"


def write_onnx(recogniser: InferenceModel, path: Path) -> None:
    """Write an ONNX model: `mel` (batch, frames, mels) and `length` (batch,), both free.

    Its outputs are `scores` and `answer`, the place of the emotion among the labels; hypercolumns where the network
    knows no emotions. `PATH.json` says what it is: labels, front end.

    Raises:
        InputError: If ONNX lacks an operation.
    """
    import tf2onnx  # an extra

    signature = _signature(recogniser, batch=None, frames=None)
    function = tf.function(recogniser.class_scores, input_signature=signature)
    try:
        model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=_OPSET)
    except Exception as error:  # it raises what it meets: ValueError, RuntimeError, its own
        raise InputError(f"this model cannot be written as ONNX: {error}") from error
    path.write_bytes(model.SerializeToString())
    _describe(recogniser, path)


def write_litert(recogniser: InferenceModel, path: Path, *, frames: int) -> None:
    """Write a LiteRT model of one utterance: `mel` (1, frames, mels), and `length` (1,), how many of them are real.

    Only LiteRT's own operations are in it, so that every interpreter runs it. Outputs as of `write_onnx`.

    Args:
        recogniser: What answers.
        path: File to write.
        frames: Frames that it takes.

    Raises:
        InputError: If an operation is none of LiteRT's own.
    """
    function = tf.function(recogniser.class_scores, input_signature=_signature(recogniser, batch=1, frames=frames))
    module = tf.Module()
    module.network_weights = [weight.value for weight in recogniser.network.weights]
    module.head = recogniser.head
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures=function.get_concrete_function())
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        try:
            content = converter.convert()
        except Exception as error:  # the converter's own, by which it means that an operation is missing
            reason = next((line for line in str(error).splitlines() if "error:" in line), str(error)[:200])
            raise InputError(f"this model cannot be written for LiteRT: {reason}") from error
    path.write_bytes(content)
    _describe(recogniser, path, frames=frames)


def golden_of(
    recogniser: InferenceModel, sounds: Mapping[str, np.ndarray], path: Path, *, frames: int | None = None
) -> None:
    """Write the log-mels of sounds and the network's answers, to hold a written model against.

    Args:
        recogniser: What answers.
        sounds: `waveform` (batch, samples) and `length` (batch,).
        path: `.npz` file.
        frames: Fill up, or cut, to so many frames.
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
