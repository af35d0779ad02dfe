"""Paths of models: what a name or a folder of a user stands for."""

from pathlib import Path

from ser_fop.hub.published import resolve_published
from ser_fop.hub.versions import model_versions

SAVED_MODEL = "saved_model.pb"
# Folder of a SavedModel for additional files, which TF Serving ignores.
EXTRA = "assets.extra"
# The twins of a SavedModel, in that folder: of whole recordings, and of a step of a stream.
TWIN, STREAM_TWIN = "model.onnx", "stream.onnx"
LITERT_TWIN, LITERT_STREAM_TWIN = "model.tflite", "stream.tflite"


def resolve_model_path(path: Path) -> Path:
    """Return the path of a network.

    The name of a published model becomes its path. A model folder with versions becomes its newest version.
    """
    path = resolve_published(path)
    versions = model_versions(path)
    return versions[max(versions)] if versions else path
