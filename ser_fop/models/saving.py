"""Networks on disk: weights, and a JSON config from which the constructors of this package rebuild them.

Loading never runs stored code: there are no pickles and no serialised functions.
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
from ser_fop.utils.json_io import from_stored
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
_KINDS = (
    FRAME_PREDICTOR,
    CONTRASTIVE_PREDICTOR,
    FRAME_AUTOENCODER,
    FRAME_LADDER,
    EMOTION_CLASSIFIER,
    ATTENTION_LSTM,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """Description of a network: with the weights, all that is needed to rebuild and use it.

    Attributes:
        kind: `frame_predictor`, `contrastive_predictor`, `frame_autoencoder`,
            `frame_ladder`, `emotion_classifier` or `attention_lstm`.
        features: Settings of the front end that computes its log-mels.
        model: Size of its backbone.
        seen_speakers: Speakers used for training or early stopping of any of its weights, as
            `corpus:speaker`.
        labelled_speakers: Speakers whose labels were used, as `corpus:speaker`.
        attention: Attention mode of its backbone: `causal` or `full`.
        horizons: Distances of the predicted frames, in frames (predictors).
        variance: Whether it also predicts variances (`frame_predictor`).
        code: Width of the code of a step (`frame_autoencoder`).
        variational: Whether codes are sampled in training (`frame_autoencoder`).
        labels: Names of the classes, in order (classifiers).
        classes: Number of classes in its training (`frame_ladder`).
        pooling: Pooling of frames into an utterance vector (`emotion_classifier`).
        feature: Feature of the backbone that the LSTM reads (`attention_lstm`).
        units: Units of the LSTM (`attention_lstm`).
        dropout: Dropout rate of the LSTM's input and output (`attention_lstm`).
        trim_below_db: Level below the loudest frame, in decibels, at which silence was trimmed
            from its training utterances; 0 if silence was not trimmed.
        temperature: Number by which the logits are divided, so that probabilities agree with
            accuracies (classifiers).
        class_bias: Number that is then added to the logit of each class; empty for none.
        confidence_threshold: Probability of the most probable class below which the answer is
            `unsure`; 0 never.
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
    temperature: float = 1.0
    class_bias: tuple[float, ...] = ()
    confidence_threshold: float = 0.0


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
    raise InputError(f"unknown kind of network {spec.kind!r}: expected one of {', '.join(_KINDS)}.")


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


def read_spec(path: Path) -> NetworkSpec:
    """Read the JSON config of a network.

    Raises:
        InputError: If the file is not a network config of this version.
    """
    try:
        return from_stored(with_present_names(msgspec.json.decode(path.read_bytes())), NetworkSpec)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InputError(f"{path} does not describe a network of this version ({error}).") from error


def load_native(folder: Path) -> tuple[keras.Model, NetworkSpec]:
    """Rebuild a network from a folder that `save_network` wrote."""
    spec = read_spec(folder / SPEC)
    network = build_network(spec)
    with present_weights(folder / WEIGHTS) as weights:
        network.load_weights(weights)
    return network, spec
