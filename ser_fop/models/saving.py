"""Networks on disk: weights, and a JSON config from which the constructors of this package rebuild them.

Loading never runs stored code: there are no pickles and no serialised functions.
"""

from pathlib import Path

import keras

from ser_fop.errors import InputError
from ser_fop.models.attention_lstm import AttentionLSTM
from ser_fop.models.backbone import Backbone
from ser_fop.models.baselines.contrastive_predictor import ContrastivePredictor
from ser_fop.models.baselines.frame_autoencoder import FrameAutoencoder
from ser_fop.models.baselines.frame_ladder import FrameLadder
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.models.network_spec import (
    ATTENTION_LSTM,
    CONTRASTIVE_PREDICTOR,
    EMOTION_CLASSIFIER,
    FRAME_AUTOENCODER,
    FRAME_LADDER,
    FRAME_PREDICTOR,
    KINDS,
    SPEC,
    NetworkSpec,
    read_spec,
)
from ser_fop.utils.former_weights import present_weights
from ser_fop.utils.run_folder import write_json

WEIGHTS = "network.weights.h5"


def build_network(spec: NetworkSpec) -> keras.Model:
    """Build a network with new weights.

    Raises:
        InputError: If `spec.kind` is unknown.
    """
    mels = spec.features.width
    if spec.kind == FRAME_PREDICTOR:
        return FramePredictor(spec.model, mels, num_horizons=len(spec.horizons), variance=spec.variance)
    if spec.kind == CONTRASTIVE_PREDICTOR:
        return ContrastivePredictor(spec.model, mels, num_horizons=len(spec.horizons))
    if spec.kind == FRAME_AUTOENCODER:
        return FrameAutoencoder(spec.model, mels, code=spec.code, variational=spec.variational)
    if spec.kind == FRAME_LADDER:
        return FrameLadder(spec.model, mels, classes=spec.classes)
    backbone = Backbone(spec.model, mels, attention=spec.attention, name="backbone")
    if spec.kind == EMOTION_CLASSIFIER:
        return EmotionClassifier(backbone, len(spec.labels), pooling=spec.pooling)
    if spec.kind == ATTENTION_LSTM:
        return AttentionLSTM(backbone, len(spec.labels), feature=spec.feature, units=spec.units, dropout=spec.dropout)
    raise InputError(f"unknown kind of network {spec.kind!r}: expected one of {', '.join(KINDS)}.")


def save_network(network: keras.Model, spec: NetworkSpec, folder: Path) -> list[Path]:
    """Write the weights and the JSON config of a network, without the state of its optimiser.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SPEC, spec)
    # Keras would also write the optimiser's state: two more numbers per weight, which are never read.
    optimizer, network.optimizer = getattr(network, "optimizer", None), None
    try:
        network.save_weights(folder / WEIGHTS)
    finally:
        network.optimizer = optimizer
    return [folder / SPEC, folder / WEIGHTS]


def load_native(folder: Path) -> tuple[keras.Model, NetworkSpec]:
    """Rebuild a network from a folder that `save_network` wrote."""
    spec = read_spec(folder / SPEC)
    network = build_network(spec)
    with present_weights(folder / WEIGHTS) as weights:
        network.load_weights(weights)
    return network, spec
