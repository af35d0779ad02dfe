"""Compare the TensorFlow kernels with the plain forms: values, gradients and dropout."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ser_fop.layers import tensorflow_kernels
from ser_fop.layers.kernels import (
    add_and_normalise,
    causal_attention,
    plain_add_and_normalise,
    plain_causal_attention,
)
from ser_fop.layers.transformer_layer import TransformerLayer
from ser_fop.testing.arrays import normal

HEADS, WIDTH = 2, 8


def value_and_gradients(function, *arguments, upstream):
    tensors = [tf.convert_to_tensor(argument) for argument in arguments]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        output = function(*tensors)
    return [np.asarray(output), *map(np.asarray, tape.gradient(output, tensors, output_gradients=upstream))]


def assert_all_close(found, expected, atol):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.astype(np.float32), other.astype(np.float32), atol=atol)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 7, 8, 33])
def test_attention_equals_the_plain_form(frames):
    projected, upstream = normal(3, frames, 3 * WIDTH), normal(3, frames, WIDTH, seed=1)
    found = value_and_gradients(lambda x: causal_attention(x, HEADS), projected, upstream=upstream)
    expected = value_and_gradients(lambda x: plain_causal_attention(x, HEADS), projected, upstream=upstream)
    assert_all_close(found, expected, 1e-5)


def test_attention_without_a_mask_differs_from_the_plain_form(monkeypatch):
    def unmasked(query, key, start, end):
        return tf.nn.softmax(tf.matmul(query[:, :, start:end], key[:, :, :end], transpose_b=True))

    monkeypatch.setattr(tensorflow_kernels, "_weights", unmasked)
    projected = normal(3, 9, 3 * WIDTH)
    found, expected = causal_attention(projected, HEADS), plain_causal_attention(projected, HEADS)
    assert np.abs(np.asarray(found) - np.asarray(expected)).max() > 0.1


def test_attention_with_large_scores_is_finite():
    """A softmax that does not subtract the largest score overflows."""
    projected = 100 * normal(1, 9, 3 * WIDTH)
    found, expected = causal_attention(projected, HEADS), plain_causal_attention(projected, HEADS)
    assert np.isfinite(np.asarray(found)).all()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3)


def test_attention_in_bfloat16_is_close_to_float32():
    projected, upstream = normal(2, 33, 3 * WIDTH), normal(2, 33, WIDTH, seed=1)
    expected = value_and_gradients(lambda x: plain_causal_attention(x, HEADS), projected, upstream=upstream)
    found = value_and_gradients(
        lambda x: tf.cast(causal_attention(tf.cast(x, tf.bfloat16), HEADS), tf.float32), projected, upstream=upstream
    )
    assert_all_close(found, expected, 0.06)


@pytest.mark.parametrize("frames", [1, 33])
def test_attention_in_a_graph_accepts_any_number_of_frames(frames):
    @tf.function(input_signature=[tf.TensorSpec((None, None, 3 * WIDTH))])
    def gradient(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(tf.square(causal_attention(x, HEADS)))
        return tape.gradient(total, x)

    projected = normal(2, frames, 3 * WIDTH)
    upstream = 2 * np.asarray(plain_causal_attention(projected, HEADS))
    expected = value_and_gradients(lambda x: plain_causal_attention(x, HEADS), projected, upstream=upstream)[1]
    np.testing.assert_allclose(gradient(projected), expected, atol=1e-4)


def norm_and_dropout(rate=0.0, features=6):
    norm = keras.layers.LayerNormalization(epsilon=1e-5)
    norm.build((None, None, features))
    norm.set_weights([1 + normal(features, seed=2) / 4, normal(features, seed=3)])
    return {"norm": norm, "dropout": keras.layers.Dropout(rate, seed=4)}


def sum_and_norm_gradients(function, layers, x, branch, upstream):
    norm = layers["norm"]
    with tf.GradientTape() as tape:
        tape.watch([x, branch])
        output = function(x, branch, **layers, training=True)
    sources = [x, branch, norm.gamma.value, norm.beta.value]
    return [np.asarray(output), *map(np.asarray, tape.gradient(output, sources, output_gradients=upstream))]


@pytest.mark.parametrize("shape", [(2, 7, 6), (1, 1, 6), (4, 5, 5)])
def test_sum_and_norm_equals_the_plain_form(shape):
    layers = norm_and_dropout(features=shape[-1])
    x, branch = tf.constant(3 * normal(*shape)), tf.constant(normal(*shape, seed=1))
    upstream = tf.constant(normal(*shape, seed=5))
    found = sum_and_norm_gradients(add_and_normalise, layers, x, branch, upstream)
    expected = sum_and_norm_gradients(plain_add_and_normalise, layers, x, branch, upstream)
    assert_all_close(found, expected, 1e-5)
    assert np.abs(found[1]).max() > 0.01


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5])
def test_dropout_matches_its_rate_and_preserves_the_mean(rate):
    kept = np.asarray(tensorflow_kernels._keep_mask(tf.constant([500, 401]), rate, [1, 2]))
    std = np.sqrt(rate * (1 - rate) / kept.size)
    assert abs(kept.mean() - (1 - rate)) < 5 * std
    flat = kept.reshape(-1)[: kept.size // 4 * 4].reshape(-1, 4).astype(float)
    correlations = np.corrcoef(flat.T)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(len(flat)), "the four decisions of one draw depend on each other"
    values = np.asarray(tensorflow_kernels._drop(tf.ones(kept.shape), tf.constant(kept), rate))
    np.testing.assert_allclose(np.unique(values), [0, 1 / (1 - rate)], rtol=1e-6)


def test_dropout_depends_on_its_seed():
    draw = lambda seed: np.asarray(tensorflow_kernels._keep_mask(tf.constant([20, 30]), 0.3, seed))  # noqa: E731
    np.testing.assert_array_equal(draw([1, 2]), draw([1, 2]))
    assert (draw([1, 2]) != draw([1, 3])).any()


def test_dropout_gradient_is_zero_for_dropped_values_and_scaled_for_others():
    layers = norm_and_dropout(0.5)
    x, branch = tf.constant(normal(4, 9, 6)), tf.constant(normal(4, 9, 6, seed=1))
    _, to_x, to_branch, _, _ = sum_and_norm_gradients(
        add_and_normalise, layers, x, branch, tf.constant(normal(4, 9, 6))
    )
    dropped = to_branch == 0
    assert 0.3 < dropped.mean() < 0.7
    np.testing.assert_allclose(to_branch[~dropped], 2 * to_x[~dropped], rtol=1e-5)


def test_training_step_is_the_same_in_both_forms():
    weights, outcomes = None, []
    x, target = normal(3, 11, 6), normal(3, 11, 6, seed=1)
    for plain in (False, True):
        inputs = keras.Input((None, 6))
        model = keras.Model(inputs, TransformerLayer(WIDTH, HEADS, 11)(inputs))
        weights = weights or model.get_weights()
        model.set_weights(weights)
        model.compile(keras.optimizers.SGD(0.1), loss="mse")
        with pytest.MonkeyPatch.context() as patch:
            if plain:
                patch.setattr("ser_fop.layers.causal_self_attention.causal_attention", plain_causal_attention)
                patch.setattr("ser_fop.layers.transformer_layer.add_and_normalise", plain_add_and_normalise)
            model.fit(x, target, epochs=5, verbose=0)
        outcomes.append(model.get_weights())
    for found, expected, before in zip(*outcomes, weights, strict=True):
        np.testing.assert_allclose(found, expected, atol=2e-5)
        assert np.abs(found - before).max() > 1e-6 or before.shape == (3 * WIDTH,)


def test_layer_in_mixed_precision_is_close_to_float32():
    layer, x = TransformerLayer(WIDTH, HEADS, 11), normal(2, 9, 6)
    expected = np.asarray(layer(x))
    mixed = TransformerLayer(WIDTH, HEADS, 11, dtype="mixed_bfloat16")
    mixed.build(x.shape)
    mixed.set_weights(layer.get_weights())
    found = mixed(x)
    assert found.dtype == tf.bfloat16
    np.testing.assert_allclose(np.asarray(found, np.float32), expected, atol=0.1)
