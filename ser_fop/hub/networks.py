"""Load networks from a run folder or a SavedModel.

A SavedModel of `ser-fop export` contains the network's JSON config as an asset, and its variables in the order of
`network.weights`. From both, the Keras network is rebuilt exactly, on any backend.
"""

import hashlib
from pathlib import Path

import keras
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.hub.model_paths import SAVED_MODEL, resolve_model_path
from ser_fop.models.network_spec import SPEC, NetworkSpec, read_spec
from ser_fop.models.saving import build_network, load_native
from ser_fop.utils.run_folder import COMPLETED, digest_of, require_complete, sha256

NETWORK = "network"
_STAGES = ("pretrain", "finetune", "classify")
_VARIABLE = "network_weights/{}/.ATTRIBUTES/VARIABLE_VALUE"


def load_network(path: Path) -> tuple[keras.Model, NetworkSpec]:
    """Load a network with its weights.

    Args:
        path: Path of a finished run folder or of a SavedModel, or name of a published model.

    Returns:
        The Keras network and its JSON config.

    Raises:
        InputError: If `path` is neither a published model nor the path of a network.
    """
    path = resolve_model_path(path)
    if not _is_saved_model(path):
        require_complete(path, _STAGES)
        if not (path / NETWORK / SPEC).exists():
            raise InputError(
                f"expected a run folder of `ser-fop pretrain` or its SavedModel, but {path} contains no network."
            )
        return load_native(path / NETWORK)
    spec = read_spec(path / "assets" / SPEC)
    network = build_network(spec)
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    network.set_weights([reader.get_tensor(_VARIABLE.format(index)) for index in range(len(network.weights))])
    return network, spec


def network_spec(path: Path) -> NetworkSpec:
    """Return the JSON config of the network at `path`. The weights are not loaded."""
    path = resolve_model_path(path)
    if _is_saved_model(path):
        return read_spec(path / "assets" / SPEC)
    require_complete(path, _STAGES)
    if not (path / NETWORK / SPEC).exists():
        raise InputError(
            f"expected a run folder of `ser-fop pretrain` or its SavedModel, but {path} contains no network."
        )
    return read_spec(path / NETWORK / SPEC)


def network_digest(path: Path) -> str:
    """Return a digest of the network at `path`, a run folder or a SavedModel."""
    path = resolve_model_path(path)
    if (path / COMPLETED).exists():
        return digest_of(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return hashlib.sha256("".join(sha256(file) for file in files).encode()).hexdigest()


def _is_saved_model(path: Path) -> bool:
    if not (path / SAVED_MODEL).exists():
        return False
    if not (path / "assets" / SPEC).exists():
        raise InputError(
            f"expected a SavedModel of ser_fop, but {path} was not written by ser_fop: it has no assets/{SPEC}."
        )
    return True
