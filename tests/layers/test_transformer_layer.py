import numpy as np
import pytest

from ser_fop.layers.transformer_layer import TransformerLayer
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer

pytestmark = pytest.mark.usefixtures("released_each")

CONFIG = {"width": 8, "heads": 2, "feed_forward": 11, "dropout": 0.5}


@pytest.fixture
def layer():
    layer = TransformerLayer(**CONFIG)
    layer.build((None, None, 6))
    return layer


def normalise(x, norm):
    gamma, beta = (np.asarray(weight) for weight in (norm.gamma, norm.beta))
    scale = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return (x - x.mean(axis=-1, keepdims=True)) / scale * gamma + beta


def numpy_reference(layer, x):
    """Post-LN: residual, then normalisation, around attention and around the feed-forward layer."""
    attended = np.asarray(layer.attention(x))
    hidden = normalise(x + attended, layer.attention_norm)
    inner = np.maximum(hidden @ np.asarray(layer.inner.kernel) + np.asarray(layer.inner.bias), 0)
    fed = inner @ np.asarray(layer.outer.kernel) + np.asarray(layer.outer.bias)
    return normalise(hidden + fed, layer.feed_forward_norm)


def pre_norm_reference(layer, x):
    """Pre-LN: the sub-layers read normalised input, and the residual does not."""
    hidden = x + np.asarray(layer.attention(normalise(x, layer.attention_norm)))
    read = normalise(hidden, layer.feed_forward_norm)
    inner = np.maximum(read @ np.asarray(layer.inner.kernel) + np.asarray(layer.inner.bias), 0)
    return hidden + inner @ np.asarray(layer.outer.kernel) + np.asarray(layer.outer.bias)


@pytest.fixture
def pre_norm():
    layer = TransformerLayer(**CONFIG, layer_norm="pre")
    layer.build((None, None, 6))
    layer.set_weights([normal(*weight.shape, seed=seed) for seed, weight in enumerate(layer.get_weights())])
    return layer


@pytest.mark.parametrize(("features", "layer_norm"), [(8, "post"), (5, "pre")])
def test_transformer_layer_meets_the_layer_contract(features, layer_norm):
    check_layer(TransformerLayer, {**CONFIG, "dropout": 0.1, "layer_norm": layer_norm}, normal(2, 6, features))


def test_transformer_layer_with_full_attention_meets_the_contract():
    config = {**CONFIG, "dropout": 0.1, "attention": "full"}
    check_layer(TransformerLayer, config, normal(2, 6, 8), mask=mask_of((6, 4), 6))


def test_output_equals_the_numpy_reference(layer):
    layer.set_weights([normal(*weight.shape, seed=seed) for seed, weight in enumerate(layer.get_weights())])
    x = normal(2, 7, 6)
    np.testing.assert_allclose(layer(x), numpy_reference(layer, x), atol=1e-4)


def test_pre_norm_equals_only_its_numpy_reference(pre_norm):
    x = normal(2, 7, 6)
    np.testing.assert_allclose(pre_norm(x), pre_norm_reference(pre_norm, x), rtol=1e-4, atol=1e-3)
    assert np.abs(np.asarray(pre_norm(x)) - numpy_reference(pre_norm, x)).max() > 0.1


def test_pre_norm_is_causal_and_batch_and_padding_invariant(pre_norm):
    assert_causal(pre_norm, normal(2, 7, 6), 3)
    assert_batch_invariant(pre_norm, normal(1, 7, 6), normal(2, 7, 6, seed=1), atol=1e-4)
    assert_padding_invariant(lambda x, _: pre_norm(x), normal(2, 7, 6), 4, per_frame=True, atol=1e-4)
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(lambda x: pre_norm(x, training=True), normal(2, 7, 6), 3)


def test_output_is_normalised_at_each_frame(layer):
    output = np.asarray(layer(5 * normal(2, 7, 6)))
    np.testing.assert_allclose(output.mean(axis=-1), 0, atol=1e-5)
    np.testing.assert_allclose(output.std(axis=-1), 1, atol=1e-2)


def test_feed_forward_sets_the_inner_width(layer):
    assert layer.inner.kernel.shape == (6, 11)
    assert layer.outer.kernel.shape == (11, 6)


def test_dropout_is_active_only_in_training(layer):
    x = normal(2, 7, 6)
    np.testing.assert_array_equal(layer(x), layer(x, training=False))
    assert np.abs(np.asarray(layer(x, training=True)) - np.asarray(layer(x))).max() > 0.1


def test_output_is_causal_and_batch_and_padding_invariant(layer):
    assert_causal(layer, normal(2, 7, 6), 3)
    assert_batch_invariant(layer, normal(1, 7, 6), normal(2, 7, 6, seed=1))
    assert_padding_invariant(lambda x, _: layer(x), normal(2, 7, 6), 4, per_frame=True)


def test_checks_reject_dropout_in_training(layer):
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(lambda x: layer(x, training=True), normal(2, 7, 6), 3)
    with pytest.raises(AssertionError, match="rest of the batch"):
        assert_batch_invariant(lambda x: layer(x, training=True), normal(1, 7, 6), normal(1, 7, 6, seed=1))
