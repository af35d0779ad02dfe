"""Networks as SavedModels, and the one loader that takes a run folder or a SavedModel alone.

A SavedModel carries the network's JSON config among its assets, and its variables in
the order of `network.weights`: both are enough to rebuild the Keras network exactly,
on any backend.

`python -m ser_fop.hub.networks RUN` writes RUN/saved_model from RUN/network.
"""

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import keras
import tensorflow as tf

from ser_fop.errors import InputError
from ser_fop.hub.published import resolve_published
from ser_fop.hub.versions import model_versions
from ser_fop.models.hypercolumns import hypercolumns
from ser_fop.models.saving import (
    CONTRASTIVE_PREDICTOR,
    FRAME_AUTOENCODER,
    FRAME_LADDER,
    FRAME_PREDICTOR,
    SPEC,
    NetworkSpec,
    build_network,
    load_native,
    read_spec,
)
from ser_fop.utils.run_folder import COMPLETED, digest_of, require_complete, sha256

NETWORK = "network"
SAVED_MODEL = "saved_model"
_STAGES = ("pretrain", "finetune", "classify")
_VARIABLE = "network_weights/{}/.ATTRIBUTES/VARIABLE_VALUE"


def write_saved_model(run: Path) -> Path:
    """Write the SavedModel of the network in `run`, whatever backend trained it.

    Args:
        run: Folder that holds `network/`.

    Returns:
        `run/saved_model`.

    Raises:
        OSError: If the disk is full.
    """
    if keras.backend.backend() == "tensorflow":
        network, spec = load_native(run / NETWORK)
        _write(network, spec, run)
    else:  # only TensorFlow can trace the network: a process of its own does
        environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run([sys.executable, "-m", "ser_fop.hub.networks", str(run)], env=environment, check=True)
    return run / SAVED_MODEL


def _write(network: keras.Model, spec: NetworkSpec, run: Path) -> None:
    """Trace the endpoints, batch and frames dynamic, and save."""
    features = keras.Model(network.backbone.inputs_by_name(), hypercolumns(network.backbone))
    signature = [
        tf.TensorSpec([None, None, spec.features.width], tf.float32, "mel"),
        tf.TensorSpec([None], tf.int32, "length"),
    ]
    gives_frames = spec.kind in (FRAME_PREDICTOR, FRAME_AUTOENCODER)
    output = "prediction" if gives_frames else "probabilities"

    def inputs(mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        # TF Serving pads with the tensor's first element: only `length` tells what is real.
        return {"mel": mel, "mask": tf.sequence_mask(length, tf.shape(mel)[1])}

    @tf.function(input_signature=signature)
    def predict(mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        result = network(inputs(mel, length), training=False)
        return {output: result if gives_frames else tf.nn.softmax(result)}

    @tf.function(input_signature=signature)
    def hidden_states(mel: tf.Tensor, length: tf.Tensor) -> dict[str, tf.Tensor]:
        return features(inputs(mel, length), training=False)

    module = tf.Module()
    module.network_weights = [weight.value for weight in network.weights]
    module.spec = tf.saved_model.Asset(str(run / NETWORK / SPEC))
    module.hidden_states = hidden_states
    signatures = {"serving_default": hidden_states, "hidden_states": hidden_states}
    if spec.kind not in (CONTRASTIVE_PREDICTOR, FRAME_LADDER):  # which read more than log-mels
        module.predict = signatures["serving_default"] = predict
    try:
        tf.saved_model.save(module, str(run / SAVED_MODEL), signatures=signatures)
    except tf.errors.ResourceExhaustedError as error:  # TensorFlow's word for a full disk
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(run / SAVED_MODEL)) from error


def load_network(path: Path) -> tuple[keras.Model, NetworkSpec]:
    """Rebuild a network with its weights.

    Args:
        path: A finished run folder; a SavedModel that one left, or that was exported; or the name of a model that comes
            with the package.

    Returns:
        The Keras network, and its JSON config.

    Raises:
        InputError: If there is no network there.
    """
    path = resolve_model_path(path)
    if not _is_saved_model(path):
        require_complete(path, _STAGES)
        if not (path / NETWORK / SPEC).exists():
            raise InputError(f"{path} holds no network: expected a run folder of `ser-fop pretrain` or its SavedModel.")
        return load_native(path / NETWORK)
    spec = read_spec(path / "assets" / SPEC)
    network = build_network(spec)
    reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    network.set_weights([reader.get_tensor(_VARIABLE.format(index)) for index in range(len(network.weights))])
    return network, spec


def network_spec(path: Path) -> NetworkSpec:
    """Return the JSON config of the network at `path`, without its weights."""
    path = resolve_model_path(path)
    if _is_saved_model(path):
        return read_spec(path / "assets" / SPEC)
    require_complete(path, _STAGES)
    if not (path / NETWORK / SPEC).exists():
        raise InputError(f"{path} holds no network: expected a run folder of `ser-fop pretrain` or its SavedModel.")
    return read_spec(path / NETWORK / SPEC)


def network_digest(path: Path) -> str:
    """Return a digest of the network at `path`, be it a run folder or a SavedModel."""
    path = resolve_model_path(path)
    if (path / COMPLETED).exists():
        return digest_of(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return hashlib.sha256("".join(sha256(file) for file in files).encode()).hexdigest()


def resolve_model_path(path: Path) -> Path:
    """Return where a network is: at a path; or, of a model that comes with the package or has versions, the newest."""
    path = resolve_published(path)
    versions = model_versions(path)
    return versions[max(versions)] if versions else path


def _is_saved_model(path: Path) -> bool:
    if not (path / "saved_model.pb").exists():
        return False
    if not (path / "assets" / SPEC).exists():
        raise InputError(f"the SavedModel {path} was not written by ser_fop: it has no assets/{SPEC}.")
    return True


if __name__ == "__main__":
    write_saved_model(Path(sys.argv[1]))
