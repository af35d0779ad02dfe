"""The ONNX twin of an inference model: from samples to numbers, so that prediction needs no TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from ser_fop.data.power_spectrum import spectra_by_product
from ser_fop.errors import InputError
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.onnx_model import OnnxInferenceModel
from ser_fop.inference.outputs import SCORES

_OPSET = 18
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
    import tf2onnx  # an optional dependency

    signature = [tf.TensorSpec([None, None], tf.float32, "waveform"), tf.TensorSpec([None], tf.int32, "length")]
    function = tf.function(recogniser.numbers_of_waveform, input_signature=signature, autograph=False)
    try:
        with spectra_by_product():
            model, _ = tf2onnx.convert.from_function(function, input_signature=signature, opset=_OPSET)
    except Exception as error:  # tf2onnx raises ValueError, RuntimeError and its own types
        raise InputError(f"this model cannot be written as ONNX: {error}") from error
    path.write_bytes(model.SerializeToString())


def verify_onnx_twin(recogniser: InferenceModel, path: Path, sounds: Mapping[str, np.ndarray]) -> float:
    """Compare a twin with the model on sounds, and return the largest difference of a probability.

    Args:
        recogniser: The inference model.
        path: The twin.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,).

    Raises:
        InputError: If a probability differs by more than 1e-4.
    """
    expected = recogniser.from_waveform(**sounds)[SCORES].numpy()
    found = OnnxInferenceModel(path, recogniser.spec).from_waveform(sounds["waveform"], sounds["length"])[SCORES]
    difference = float(np.abs(found - expected).max())
    if not difference <= _TOLERANCE:
        raise InputError(
            f"the ONNX twin {path} expected the probabilities of the model within {_TOLERANCE:g}, received a difference"
            f" of {difference:.2g}."
        )
    return difference
