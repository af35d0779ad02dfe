"""Export to a SavedModel for standard TF Serving, with all signatures, the config and warm-up requests."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from ser_fop.errors import InputError
from ser_fop.export.warmup import write_warmup
from ser_fop.hub.model_paths import EXTRA, SAVED_MODEL
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.inference.outputs import PREDICTION
from ser_fop.models.network_spec import SPEC
from ser_fop.streaming.stream_signatures import STREAM_START, STREAM_STEP, stream_start, stream_step
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streamable import is_streamable
from ser_fop.utils.json_io import write_json

GOLDEN = "golden.npz"
SERVING_DEFAULT, WAV, MEL, HYPERCOLUMNS = "serving_default", "wav", "mel", "hypercolumns"
# These operations need the Python process that traced the graph.
_PYTHON = ("PyFunc", "EagerPyFunc", "PyFuncStateless")


def write_serving_model(
    recogniser: InferenceModel, folder: Path, *, sounds: Mapping[str, np.ndarray], context_s: float = 10.0
) -> None:
    """Write a SavedModel.

    Batch and length are variable. The signatures are:

    - `serving_default`: inputs `waveform` and `length`, outputs `scores`, `labels`, `emotion` (which can be
      `unsure` or empty) and `reason`;
    - `wav`: input `wav` (encoded files), same outputs;
    - `mel`: inputs `mel` (log-mels) and `length`, same outputs;
    - `hypercolumns`: inputs `mel` and `length`, outputs per frame and pooled over time.

    A causal network also has `stream_step`, which maps the samples of one step and the states of streams to outputs and
    new states, and `stream_start`, which gives the first states. A network without classes has only `hypercolumns`, and `serving_default` with the hypercolumns of waveforms. A
    network that predicts frames also has `prediction`: inputs `mel` and `length`, output `prediction` in log-mel units.

    Args:
        recogniser: The inference model.
        folder: SavedModel folder to write.
        sounds: `waveform` of shape (batch, samples) and `length` of shape (batch,). They are the warm-up requests.
            They are also stored in `assets.extra/golden.npz` with the outputs, for verification.
        context_s: Time to which a transformer attends in a stream, in seconds.

    Raises:
        InputError: If the log-mels are normalised by speaker, or an operation is not part of TensorFlow.
    """
    if recogniser.spec.features.normalised_by == "speaker":
        raise InputError(
            "this network needs log-mels normalised by speaker, but a request has only one recording. Export a network"
            " that was trained on records normalised by `none` or `utterance`."
        )
    folder.mkdir(parents=True)
    described = folder.parent / SPEC
    write_json(described, recogniser.spec)
    module = tf.Module()
    module.network_weights = [weight.value for weight in recogniser.network.weights]
    module.head = recogniser.head
    module.spec = tf.saved_model.Asset(str(described))
    # `ser_fop.load` calls these functions.
    module.hypercolumns_of_waveform = recogniser.hypercolumns_of_waveform
    signatures = {HYPERCOLUMNS: recogniser.hypercolumns_of_mel, SERVING_DEFAULT: recogniser.hypercolumns_of_waveform}
    if recogniser.gives_frames:
        signatures[PREDICTION] = recogniser.frames_of_mel
    if recogniser.labels:
        module.from_waveform = recogniser.from_waveform
        signatures |= {
            SERVING_DEFAULT: recogniser.from_waveform,
            WAV: recogniser.from_wav,
            MEL: recogniser.from_mel,
        }
    if recogniser.head is None and is_streamable(recogniser.spec):
        step = StreamStep(recogniser.network, recogniser.spec, context_s=context_s)
        signatures |= {STREAM_START: stream_start(step), STREAM_STEP: stream_step(step)}
    # A server computes no gradients. The kernels' own gradients would double the graph and the time to write it.
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=False)
    tf.saved_model.save(module, str(folder), signatures=signatures, options=options)
    described.unlink()
    _require_stock_operations(folder)
    (folder / EXTRA).mkdir()
    inputs = {name: tf.constant(array) for name, array in sounds.items()}
    answers = {name: value.numpy() for name, value in signatures[SERVING_DEFAULT](**inputs).items()}
    numbers = {f"answer_{name}": array for name, array in answers.items() if array.dtype.kind == "f"}
    np.savez(folder / EXTRA / GOLDEN, **sounds, **numbers)
    write_warmup(folder / EXTRA, inputs)


def operations_of(folder: Path) -> set[str]:
    """Return the names of all operations in the graphs of a SavedModel, without calls of its own functions."""
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / SAVED_MODEL).read_bytes())
    graphs = [meta.graph_def for meta in model.meta_graphs]
    own = {function.signature.name for graph in graphs for function in graph.library.function}
    parts = [part for graph in graphs for part in (graph.node, *(one.node_def for one in graph.library.function))]
    return {node.op for part in parts for node in part} - own


def _require_stock_operations(folder: Path) -> None:
    foreign = sorted(name for name in operations_of(folder) if name in _PYTHON or op_def_registry.get(name) is None)
    if foreign:
        raise InputError(f"expected only operations of standard TF Serving, received {', '.join(foreign)}.")
