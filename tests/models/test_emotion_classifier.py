import keras
import numpy as np
import pytest

from ser_fop.config.settings import ModelConfig
from ser_fop.models.backbone import Backbone
from ser_fop.models.emotion_classifier import EmotionClassifier
from ser_fop.testing.arrays import mask_of, network_inputs, normal, output_of
from ser_fop.testing.assertions import assert_batch_invariant, assert_padding_invariant

MELS = 6
LENGTHS = (7, 4, 1)


@pytest.fixture(scope="module", params=["model", "input"])
def network(request):
    keras.utils.set_random_seed(0)
    config = ModelConfig(residual_width=request.param, d_model=8, heads=2, feed_forward=11, layers=2, dropout=0.5)
    return EmotionClassifier(Backbone(config, MELS, name="backbone"), 4)


def test_probabilities_follow_equation_6(network):
    """P(y | F) = softmax(GAP(h_L) W_y), where GAP averages real frames only and W_y has no bias."""
    inputs = network_inputs(LENGTHS, MELS)
    (weights,) = network.get_layer("emotion").get_weights()
    hidden = np.asarray(network.backbone(inputs)["h2"])
    pooled = np.stack([row[:length].mean(axis=0) for row, length in zip(hidden, LENGTHS, strict=True)])
    exponents = np.exp(pooled @ weights)
    expected = exponents / exponents.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(keras.ops.softmax(network(inputs)), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 0.01


def test_logits_are_batch_and_padding_invariant(network):
    first = normal(1, 9, MELS), mask_of((5,), 9)
    assert_batch_invariant(output_of(network), first, (normal(2, 9, MELS, seed=1), mask_of((9, 2), 9)))
    assert_padding_invariant(output_of(network), normal(2, 9, MELS), 6, per_frame=False)


def test_padding_check_detects_an_ignored_mask(network):
    unmasked = lambda mel, mask: output_of(network)(mel, np.ones_like(mask))  # noqa: E731
    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(unmasked, normal(2, 9, MELS), 6, per_frame=False)


@pytest.mark.usefixtures("eager")
def test_training_changes_all_weights_except_statistics(network):
    network.compile(
        keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False
    )
    before = {weight.path: np.array(weight) for weight in network.weights}
    network.train_on_batch(network_inputs(LENGTHS, MELS), np.array([0, 1, 3]))
    changed = {path for path, weight in before.items() if np.abs(np.array(_find(network, path)) - weight).max() > 0}
    untouched = {path for path in set(before) - changed if "seed" not in path}
    assert untouched == {"normalization/mean", "normalization/deviation"}


def _find(network, path):
    (weight,) = (weight for weight in network.weights if weight.path == path)
    return weight
