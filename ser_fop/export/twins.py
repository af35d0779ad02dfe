"""The twins of an exported model, verified: those of ONNX Runtime, and on request those of LiteRT."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ser_fop.errors import InputError
from ser_fop.export.twin_files import (
    write_litert_stream_twin,
    write_litert_twin,
    write_onnx_stream,
    write_onnx_twin,
)
from ser_fop.export.twin_verification import verify_stream_twin, verify_twin
from ser_fop.hub.model_paths import LITERT_STREAM_TWIN, LITERT_TWIN, STREAM_TWIN, TWIN
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.litert_model import LiteRtInferenceModel
from ser_fop.inference.onnx_model import OnnxInferenceModel
from ser_fop.streaming.litert_step import LiteRtStep
from ser_fop.streaming.onnx_step import OnnxStep
from ser_fop.streaming.stream_step import StreamStep


def write_twins(
    model: InferenceModel,
    step: StreamStep | None,
    folder: Path,
    sounds: Mapping[str, np.ndarray],
    *,
    context_s: float,
    litert: bool = False,
) -> float:
    """Write the twins of a classifier, and return their largest difference to the network; 0 without twins.

    Args:
        model: The inference model.
        step: The step of its stream; None for a network that is not causal.
        folder: Folder to write to.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,), to compare with.
        context_s: Time to which a transformer attends in a stream, in seconds.
        litert: Also write twins for LiteRT.

    Raises:
        InputError: If a twin for LiteRT cannot be written, or its outputs differ. A twin for ONNX Runtime that cannot
            be written is left out, with a line that says why: the SavedModel is right without it.
    """
    if not model.labels:
        return 0.0
    difference = 0.0
    if importlib.util.find_spec("tf2onnx") is None:
        print('no ONNX twin: prediction will import TensorFlow. For a twin, pip install "ser_fop[onnx]"')
    else:
        try:
            difference = _write_onnx(model, step, folder, sounds, context_s)
        except InputError as error:
            for path in (*folder.glob(f"{TWIN}*"), *folder.glob(f"{STREAM_TWIN}*")):
                path.unlink()
            print(f"no ONNX twin: {error}")
    return max(difference, _write_litert(model, step, folder, sounds, context_s)) if litert else difference


def _write_onnx(
    model: InferenceModel, step: StreamStep | None, folder: Path, sounds: Mapping[str, np.ndarray], context_s: float
) -> float:
    path = folder / TWIN
    write_onnx_twin(model, path)
    difference = verify_twin(model, OnnxInferenceModel(path, model.spec), path, sounds)
    if step is None:
        return difference
    path = folder / STREAM_TWIN
    write_onnx_stream(step, path, context_s=context_s)
    return max(difference, verify_stream_twin(step, OnnxStep(path, step.spec), path, sounds))


def _write_litert(
    model: InferenceModel, step: StreamStep | None, folder: Path, sounds: Mapping[str, np.ndarray], context_s: float
) -> float:
    path = folder / LITERT_TWIN
    write_litert_twin(model, path)
    difference = verify_twin(model, LiteRtInferenceModel(path, model.spec), path, sounds)
    if step is None:
        return difference
    path = folder / LITERT_STREAM_TWIN
    write_litert_stream_twin(step, path, context_s=context_s)
    return max(difference, verify_stream_twin(step, LiteRtStep(path, step.spec), path, sounds))
