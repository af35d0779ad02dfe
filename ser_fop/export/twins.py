"""The twins of an exported model, verified: those of ONNX Runtime, and on request those of LiteRT."""

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping
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
from ser_fop.inference.twin_model import TwinModel
from ser_fop.models.network_spec import NetworkSpec
from ser_fop.streaming.litert_step import LiteRtStep
from ser_fop.streaming.onnx_step import OnnxStep
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.twin_step import TwinStep


@dataclasses.dataclass(frozen=True)
class _Kind:
    """Files of a runtime, and what writes and runs them."""

    whole: str
    write_whole: Callable[[InferenceModel, Path], None]
    model_class: Callable[[Path, NetworkSpec], TwinModel]
    stream: str
    write_stream: Callable[..., None]
    step_class: Callable[[Path, NetworkSpec], TwinStep]


_ONNX = _Kind(TWIN, write_onnx_twin, OnnxInferenceModel, STREAM_TWIN, write_onnx_stream, OnnxStep)
_LITERT = _Kind(
    LITERT_TWIN, write_litert_twin, LiteRtInferenceModel, LITERT_STREAM_TWIN, write_litert_stream_twin, LiteRtStep
)


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
            difference = _write(_ONNX, model, step, folder, sounds, context_s)
        except InputError as error:
            for path in (*folder.glob(f"{TWIN}*"), *folder.glob(f"{STREAM_TWIN}*")):
                path.unlink()
            print(f"no ONNX twin: {error}")
    return max(difference, _write(_LITERT, model, step, folder, sounds, context_s)) if litert else difference


def _write(
    kind: _Kind,
    model: InferenceModel,
    step: StreamStep | None,
    folder: Path,
    sounds: Mapping[str, np.ndarray],
    context_s: float,
) -> float:
    """Write the twins of one runtime, and return their largest difference to the network."""
    path = folder / kind.whole
    kind.write_whole(model, path)
    difference = verify_twin(model, kind.model_class(path, model.spec), path, sounds)
    if step is None:
        return difference
    path = folder / kind.stream
    kind.write_stream(step, path, context_s=context_s)
    return max(difference, verify_stream_twin(step, kind.step_class(path, step.spec), path, sounds))
