"""Networks on disk: weights, and a JSON config from which our own constructors rebuild them.

No code is ever loaded: neither pickles nor serialised functions.
"""

import dataclasses
from pathlib import Path
from typing import Literal

import keras
import msgspec

from ser_fop.config.settings import FeatureConfig, ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.attention_lstm import AttentionLSTM
from ser_fop.models.backbone import Backbone
from ser_fop.models.baselines.contrastive_predictor import ContrastivePredictor
from ser_fop.models.baselines.frame_autoencoder import FrameAutoencoder
from ser_fop.models.baselines.frame_ladder import FrameLadder
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.utils.former_weights import present_weights
from ser_fop.utils.renamed import with_present_names
from ser_fop.utils.run_folder import write_json

SPEC = "network.json"
WEIGHTS = "network.weights.h5"

FRAME_PREDICTOR = "frame_predictor"
CONTRASTIVE_PREDICTOR = "contrastive_predictor"
FRAME_AUTOENCODER = "frame_autoencoder"
FRAME_LADDER = "frame_ladder"
EMOTION_CLASSIFIER = "emotion_classifier"
ATTENTION_LSTM = "attention_lstm"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """All that is needed, beside the weights, to rebuild and to use a network.

    Attributes:
        kind: `frame_predictor`, `contrastive_predictor`, `frame_autoencoder`,
            `frame_ladder`, `emotion_classifier` or `attention_lstm`.
        features: The front end whose log-mels it reads.
        model: Size of its backbone.
        seen_speakers: Speakers that any of its weights were trained or stopped on, as
            `corpus:speaker`.
        labelled_speakers: Speakers whose labels it has seen, as `corpus:speaker`.
        attention: What its backbone's frames look at: `causal` or `full`.
        horizons: Distances of the predicted frames, in frames (predictors).
        variance: Whether their variances are predicted too (`frame_predictor`).
        code: Values of a step's code (`frame_autoencoder`).
        variational: Whether codes are drawn in training (`frame_autoencoder`).
        labels: Classes in order (classifiers).
        classes: Number of classes in its training (`frame_ladder`).
        pooling: Utterance vector (`emotion_classifier`).
        feature: Feature of the backbone that is read (`attention_lstm`).
        units: Units of the LSTM (`attention_lstm`).
        dropout: Dropout rate of the LSTM's input and output (`attention_lstm`).
        trim_below_db: How far below the loudest frame silence was cut at both ends of what it
            learned from; 0 if it was not.
    """

    kind: str
    features: FeatureConfig
    model: ModelConfig
    seen_speakers: tuple[str, ...] = ()
    labelled_speakers: tuple[str, ...] = ()
    attention: Literal["causal", "full"] = "causal"
    horizons: tuple[int, ...] = (1,)
    variance: bool = False
    code: int = 0
    variational: bool = False
    labels: tuple[str, ...] = ()
    classes: int = 0
    pooling: str = "mean"
    feature: str = ""
    units: int = 0
    dropout: float = 0.0
    trim_below_db: float = 0.0


def build_network(spec: NetworkSpec) -> keras.Model:
    """Build a network with fresh weights.

    Raises:
        InputError: If its kind is unknown.
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
    raise InputError(f"unknown kind of network {spec.kind!r}.")


def save_network(network: keras.Model, spec: NetworkSpec, folder: Path) -> list[Path]:
    """Write weights and JSON config; what its optimizer knows is left out.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / SPEC, spec)
    # Keras writes a compiled network's optimizer too: two more numbers for each weight, which nothing reads again.
    optimizer, network.optimizer = getattr(network, "optimizer", None), None
    try:
        network.save_weights(folder / WEIGHTS)
    finally:
        network.optimizer = optimizer
    return [folder / SPEC, folder / WEIGHTS]


def read_spec(path: Path) -> NetworkSpec:
    """Read a network's JSON config.

    Raises:
        InputError: If it is not one of this version.
    """
    try:
        return msgspec.convert(with_present_names(msgspec.json.decode(path.read_bytes())), type=NetworkSpec)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InputError(f"{path} does not describe a network of this version ({error}).") from error


def load_native(folder: Path) -> tuple[keras.Model, NetworkSpec]:
    """Rebuild a network from what `save_network` wrote."""
    spec = read_spec(folder / SPEC)
    network = build_network(spec)
    with present_weights(folder / WEIGHTS) as weights:
        network.load_weights(weights)
    return network, spec
