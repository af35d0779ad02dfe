"""The attentive CNN in the style of Neumann and Vu, which uses future frames and is for recognition only."""

import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.models.backbone import Backbone, widest_attention
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.models.frame_predictor import FramePredictor
from ser_fop.testing.arrays import network_inputs, normal, output_of
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant

MELS = 6
SIZE = ModelConfig(backbone="attentive_cnn", d_model=8, kernel=3, layers=1, dropout=0.5)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    return EmotionClassifier(Backbone(SIZE, MELS, attention="full"), 3, pooling="attentive")


def test_logits_are_batch_and_padding_invariant(network):
    assert_padding_invariant(output_of(network), normal(2, 12, MELS), 7, per_frame=False, atol=1e-5)
    assert_batch_invariant(output_of(network), normal(1, 9, MELS), normal(2, 9, MELS, seed=1), atol=1e-5)


def test_backbone_uses_future_frames(network):
    def hidden(mel):
        return network.backbone({"mel": mel, "mask": np.ones(mel.shape[:2], bool)})["h1"]

    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(hidden, normal(2, 12, MELS), 6)


def test_attention_weights_sum_to_one_over_real_steps(network):
    inputs = network_inputs((9, 4), MELS)
    states = network.backbone(inputs)["h1"]
    pooling = network.get_layer("pooling")
    pooling.score.assign(np.asarray(normal(8)))
    weights = np.asarray(pooling.weights_over_time(states, inputs["mask"]))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-5)
    np.testing.assert_array_equal(weights[~inputs["mask"]], 0.0)
    assert weights.std() > 0.01


def test_frame_predictor_rejects_attentive_cnn():
    assert widest_attention(SIZE) == "full"
    with pytest.raises(InputError, match="it uses future frames, so it cannot predict them"):
        FramePredictor(SIZE, MELS)
