"""Small causal models and recordings for streams."""

import keras
import numpy as np
import pytest

import ser_fop
from ser_fop.config.settings import FeatureConfig, ModelConfig
from ser_fop.corpora.audio import read_audio
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.models.network_spec import EMOTION_CLASSIFIER, FRAME_PREDICTOR, NetworkSpec
from ser_fop.streaming.stream_step import StreamStep

FEATURES = FeatureConfig(mels=12, level="running", floor=1e-4)
LABELS = ("angry", "calm", "sad")
BACKBONES = {
    "transformer": {"heads": 2, "feed_forward": 24},
    "cnn": {"backbone": "cnn", "kernel": 3},
    "lstm": {"backbone": "lstm"},
}


def make_classifier(backbone="transformer", *, pooling="mean_std", stacked=4, features=FEATURES, **spec):
    """Return a causal classifier with random weights, and its spec."""
    generator = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    config = ModelConfig(d_model=16, layers=2, stacked_frames=stacked, **BACKBONES[backbone])
    attention = spec.get("attention", "causal")
    network = EmotionClassifier(
        Backbone(config, features.width, attention=attention, name="backbone"), len(LABELS), pooling=pooling
    )
    network.backbone.normalization.set_statistics(np.full(features.width, -5.0), np.full(features.width, 2.0))
    for weight in network.trainable_weights:
        weight.assign(weight + 0.2 * generator.normal(size=weight.shape))
    known = {"kind": EMOTION_CLASSIFIER, "features": features, "model": config, "labels": LABELS, "pooling": pooling}
    return network, NetworkSpec(**known, **spec)


def make_predictor(features=FEATURES):
    """Return a network that predicts frames, and its spec."""
    config = ModelConfig(d_model=16, layers=2, stacked_frames=2, **BACKBONES["transformer"])
    network = FramePredictor(config, features.width)
    return network, NetworkSpec(kind=FRAME_PREDICTOR, features=features, model=config, horizons=(2,))


@pytest.fixture(scope="session")
def speech():
    """Two seconds of speech at 16 kHz."""
    return read_audio(ser_fop.sample("angry"), sample_rate_hz=16000)[:32000]


@pytest.fixture(scope="module")
def step():
    """The step of the small transformer; its graphs are traced once for a module."""
    return StreamStep(*make_classifier())
