"""Saving, loading and cloning of the models with Keras's own functions."""

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.models.attention_lstm import AttentionLSTM
from ser_fop.models.backbone import Backbone
from ser_fop.models.baselines.contrastive_predictor import ContrastivePredictor
from ser_fop.models.baselines.frame_autoencoder import FrameAutoencoder
from ser_fop.models.baselines.frame_ladder import FrameLadder
from ser_fop.models.baselines.multi_view_classifier import MultiViewClassifier
from ser_fop.models.baselines.siamese_classifier import SiameseClassifier
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.testing.arrays import normal

MELS = 6
SIZE = ModelConfig(d_model=8, heads=2, feed_forward=11, layers=2)
INPUTS = {
    "mel": normal(2, 8, MELS),
    "mask": np.ones((2, 8), bool),
    "later": normal(2, 8, 2 * MELS, seed=1),
    "class_index": np.array([0, 1], np.int32),
    "dimensional_labels": normal(2, 2, seed=2),
}


def classifier(**options):
    return EmotionClassifier(Backbone(SIZE, MELS, name="backbone"), 3, **options)


MODELS = {
    "backbone": lambda: Backbone(SIZE, MELS),
    "full_attention": lambda: Backbone(SIZE, MELS, attention="full"),
    "frame_predictor": lambda: FramePredictor(SIZE, MELS, num_horizons=2, variance=True),
    "emotion_classifier": lambda: classifier(pooling="mean_std"),
    "attentive": lambda: classifier(pooling="attentive"),
    "attention_lstm": lambda: AttentionLSTM(Backbone(SIZE, MELS), 3, feature="h1", units=4),
    "contrastive_predictor": lambda: ContrastivePredictor(SIZE, MELS, num_horizons=2),
    "frame_autoencoder": lambda: FrameAutoencoder(SIZE, MELS, code=4),
    "frame_ladder": lambda: FrameLadder(SIZE, MELS, classes=3),
    "siamese": lambda: SiameseClassifier(classifier(), weight=0.3),
    "multi_view": lambda: MultiViewClassifier(classifier(), weight=0.3),
}


def outputs(model):
    names = [tensor.name for tensor in model.inputs]
    found = model({name: INPUTS[name] for name in names}, training=False)
    found = found if isinstance(found, dict) else {"output": found}
    return {name: np.asarray(values) for name, values in found.items()}


def assert_equal_outputs(one, other):
    expected, found = outputs(one), outputs(other)
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", MODELS)
def test_saved_model_is_loaded_with_equal_outputs(name, tmp_path):
    model = MODELS[name]()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")  # in safe mode
    assert type(loaded) is type(model)
    assert_equal_outputs(model, loaded)


@pytest.mark.parametrize("name", MODELS)
def test_model_is_rebuilt_from_config(name):
    model = MODELS[name]()
    rebuilt = type(model).from_config(model.get_config())
    assert [weight.path for weight in rebuilt.weights] == [weight.path for weight in model.weights]
    rebuilt.set_weights(model.get_weights())
    assert_equal_outputs(model, rebuilt)


@pytest.mark.parametrize("name", ["backbone", "frame_predictor", "emotion_classifier"])
def test_clone_has_same_network_and_new_weights(name):
    model = MODELS[name]()
    clone = keras.models.clone_model(model)
    assert not all(np.array_equal(a, b) for a, b in zip(model.get_weights(), clone.get_weights(), strict=True)), (
        "expected new weights in the clone"
    )
    clone.set_weights(model.get_weights())
    assert_equal_outputs(model, clone)
