"""A recogniser as a SavedModel that a stock TF Serving runs: every signature, the config, and warm-up requests."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from ser_fop.errors import InputError
from ser_fop.export.warmup import write_warmup
from ser_fop.inference.inference_model import InferenceModel
from ser_fop.models.saving import SPEC
from ser_fop.utils.json_io import write_json

GOLDEN = "golden.npz"
# Where TF Serving looks for what is not the model's.
EXTRA = "assets.extra"
SERVING_DEFAULT, WAV, MEL, HYPERCOLUMNS = "serving_default", "wav", "mel", "hypercolumns"
# They call back into the Python that traced them.
_PYTHON = ("PyFunc", "EagerPyFunc", "PyFuncStateless")


def write_serving_model(recogniser: InferenceModel, folder: Path, *, sounds: Mapping[str, np.ndarray]) -> None:
    """Write a SavedModel.

    Signatures: `serving_default` (waveform, length), `wav` (encoded files), `mel` (log-mels, length), each with `scores`,
    `labels` and `emotion`; `hypercolumns` (log-mels, length), frames and pooled. Batch and length are free. A network
    that was taught no emotions has the last alone, which then is `serving_default` too.

    Args:
        recogniser: What answers.
        folder: SavedModel folder to write.
        sounds: `waveform` (batch, samples) and `length` (batch,): what the server is warmed up with, and on what the
            answers are kept, as `assets.extra/golden.npz`, for later comparison.

    Raises:
        InputError: If the front end cannot leave, or an operation is none of TensorFlow's own.
    """
    if recogniser.spec.features.normalised_by == "speaker":
        raise InputError(
            "this network reads log-mels normalised by speaker, which nobody who sends one recording can do."
            " Train one on records normalised by `none` or `utterance`."
        )
    folder.mkdir(parents=True)
    described = folder.parent / SPEC
    write_json(described, recogniser.spec)
    module = tf.Module()
    module.network_weights = [weight.value for weight in recogniser.network.weights]
    module.head = recogniser.head
    module.spec = tf.saved_model.Asset(str(described))
    # As functions too, for Python: `ser_fop.load` calls these.
    module.hypercolumns_of_waveform = recogniser.hypercolumns_of_waveform
    signatures = {HYPERCOLUMNS: recogniser.hypercolumns_of_mel, SERVING_DEFAULT: recogniser.hypercolumns_of_waveform}
    if recogniser.labels:
        module.from_waveform = recogniser.from_waveform
        signatures |= {
            SERVING_DEFAULT: recogniser.from_waveform,
            WAV: recogniser.from_wav,
            MEL: recogniser.from_mel,
        }
    tf.saved_model.save(module, str(folder), signatures=signatures)
    described.unlink()
    _require_stock_operations(folder)
    (folder / EXTRA).mkdir()
    inputs = {name: tf.constant(array) for name, array in sounds.items()}
    answers = {name: value.numpy() for name, value in signatures[SERVING_DEFAULT](**inputs).items()}
    numbers = {f"answer_{name}": array for name, array in answers.items() if array.dtype.kind == "f"}
    np.savez(folder / EXTRA / GOLDEN, **sounds, **numbers)
    write_warmup(folder / EXTRA, inputs)


def operations_of(folder: Path) -> set[str]:
    """Return the names of all operations in a SavedModel's graphs, calls of its own functions left out."""
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / "saved_model.pb").read_bytes())
    graphs = [meta.graph_def for meta in model.meta_graphs]
    own = {function.signature.name for graph in graphs for function in graph.library.function}
    parts = [part for graph in graphs for part in (graph.node, *(one.node_def for one in graph.library.function))]
    return {node.op for part in parts for node in part} - own


def _require_stock_operations(folder: Path) -> None:
    foreign = sorted(name for name in operations_of(folder) if name in _PYTHON or op_def_registry.get(name) is None)
    if foreign:
        raise InputError(f"the model has operations that a stock TF Serving has not: {', '.join(foreign)}.")
