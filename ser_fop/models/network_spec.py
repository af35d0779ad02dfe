"""Description of a network on disk: what its constructors need to rebuild it. Reading it imports no TensorFlow."""

import dataclasses
from pathlib import Path
from typing import Literal

import msgspec

from ser_fop.config.settings import FeatureConfig, ModelConfig
from ser_fop.corpora.targets import EMOTION
from ser_fop.errors import InputError
from ser_fop.utils.json_io import from_stored
from ser_fop.utils.renamed import with_present_names

SPEC = "network.json"

FRAME_PREDICTOR = "frame_predictor"
CONTRASTIVE_PREDICTOR = "contrastive_predictor"
FRAME_AUTOENCODER = "frame_autoencoder"
FRAME_LADDER = "frame_ladder"
EMOTION_CLASSIFIER = "emotion_classifier"
ATTENTION_LSTM = "attention_lstm"
KINDS = (
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
        target: What the classes tell, such as the emotion, which also names the answer (classifiers).
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
    target: str = EMOTION


def read_spec(path: Path) -> NetworkSpec:
    """Read the JSON config of a network.

    Raises:
        InputError: If the file is not a network config of this version.
    """
    try:
        return from_stored(with_present_names(msgspec.json.decode(path.read_bytes())), NetworkSpec)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InputError(f"{path} does not describe a network of this version ({error}).") from error
