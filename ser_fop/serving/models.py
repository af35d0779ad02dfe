"""Exported models in memory, with their versions, version labels and signatures."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from ser_fop.errors import InputError
from ser_fop.hub.model_paths import SAVED_MODEL
from ser_fop.hub.saved_model import load_saved_model
from ser_fop.hub.versions import model_versions
from ser_fop.models.network_spec import SPEC, NetworkSpec, read_spec
from ser_fop.serving.errors import RequestError
from ser_fop.streaming.stream_signatures import STREAM_START, STREAM_STEP

DEFAULT = "serving_default"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Signature:
    """A callable signature of a model.

    Attributes:
        inputs: NumPy type and rank of each input. The type is `object` for text and bytes.
        call: Function that maps input arrays to output arrays, both by name.
    """

    inputs: Mapping[str, tuple[Any, int]]
    call: Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


class ServedVersion:
    """One version of a model.

    Args:
        number: Version number.
        folder: Folder of the SavedModel.

    Raises:
        InputError: If `ser-fop export` did not write the folder.
    """

    def __init__(self, number: int, folder: Path) -> None:
        if not (folder / SAVED_MODEL).exists() or not (folder / "assets" / SPEC).exists():
            raise InputError(f"expected a model version that `ser-fop export` wrote, received {folder}.")
        self.number = number
        self.folder = folder
        self.spec: NetworkSpec = read_spec(folder / "assets" / SPEC)
        self._model = load_saved_model(folder)  # this reference keeps its variables alive
        # Streams have a WebSocket; their signatures are for TF Serving.
        self.signatures = {
            name: _signature(function)
            for name, function in self._model.signatures.items()
            if name not in (STREAM_START, STREAM_STEP)
        }
        self.definition = {name: one for name, one in _definition(folder).items() if name in self.signatures}

    def signature(self, name: str) -> Signature:
        """Return a signature by name. An empty name means the default signature.

        Raises:
            RequestError: If the signature does not exist.
        """
        if (name or DEFAULT) not in self.signatures:
            raise RequestError(
                400, f"expected a signature out of {', '.join(sorted(self.signatures))}, received {name!r}"
            )
        return self.signatures[name or DEFAULT]


class ServedModel:
    """A model and its newest versions.

    Args:
        name: Name of the model in addresses.
        folder: Folder of all versions, or the SavedModel of one version.
        newest: Number of versions to load, the newest first.
        labels: Version numbers by label, such as `{"stable": 1}`. These versions are loaded too.

    Raises:
        InputError: If the folder contains no version, or a label refers to a version that does not exist.
    """

    def __init__(self, name: str, folder: Path, *, newest: int = 1, labels: Mapping[str, int] | None = None) -> None:
        self.name = name
        available = model_versions(folder)
        if (folder / SAVED_MODEL).exists():
            available = {int(folder.name) if folder.name.isdecimal() else 1: folder}
        if not available:
            raise InputError(f"{folder} holds no version of a model: expected what `ser-fop export` wrote.")
        numbers = sorted({*sorted(available)[-max(1, newest) :], *(labels or {}).values()} & set(available))
        self.versions = {number: ServedVersion(number, available[number]) for number in numbers}
        self.labels = dict(labels or {})
        for label, number in self.labels.items():
            if number not in self.versions:
                existing = ", ".join(map(str, available))
                raise InputError(f"label {label!r} refers to version {number} of {name}: expected one of {existing}.")

    def version(self, number: str = "", label: str = "") -> ServedVersion:
        """Return a version by number or by label. The default is the newest version.

        Raises:
            RequestError: If the version does not exist.
        """
        if label:
            if label not in self.labels:
                raise RequestError(404, f"model {self.name!r} has no version with the label {label!r}")
            return self.versions[self.labels[label]]
        if not number:
            return self.versions[max(self.versions)]
        if int(number) not in self.versions:
            raise RequestError(404, f"model {self.name!r} has no version {number}")
        return self.versions[int(number)]


def _signature(function: Any) -> Signature:
    specs = function.structured_input_signature[1]
    types = {name: object if spec.dtype == tf.string else spec.dtype.as_numpy_dtype for name, spec in specs.items()}

    def call(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        tensors = {name: tf.constant(array, specs[name].dtype) for name, array in arrays.items()}
        return {name: value.numpy() for name, value in function(**tensors).items()}

    return Signature(inputs={name: (types[name], spec.shape.rank) for name, spec in specs.items()}, call=call)


def _definition(folder: Path) -> dict[str, Any]:
    """Return the signature definitions in the format of TF Serving's metadata."""
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((folder / SAVED_MODEL).read_bytes())
    return {
        name: json_format.MessageToDict(
            signature, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        for name, signature in model.meta_graphs[0].signature_def.items()
        if not name.startswith("__")
    }
