import keras
import numpy as np
import pytest

from ser_fop.layers.causal_self_attention import CausalSelfAttention
from ser_fop.models.stream_state import updated_state
from ser_fop.testing.arrays import normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer


@pytest.fixture
def layer():
    layer = CausalSelfAttention(8, 2)
    layer.build((None, None, 6))
    layer.set_weights([normal(*weight.shape, seed=seed) / 2 for seed, weight in enumerate(layer.weights)])
    return layer


def softmax(scores):
    exponents = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def numpy_reference(layer, x, *, causal=True):
    """Compute attention frame by frame and head by head, as in the paper's equations."""
    weights = {weight.path.split("/", 1)[1]: np.asarray(weight, np.float64) for weight in layer.weights}
    projected = x @ weights["query_key_value/kernel"] + weights["query_key_value/bias"]
    size = layer.width // layer.heads
    attended = np.zeros((*x.shape[:2], layer.width))
    for batch in range(x.shape[0]):
        for head in range(layer.heads):
            part = [projected[batch, :, k * layer.width + head * size :][:, :size] for k in range(3)]
            query, key, value = part
            for frame in range(x.shape[1]):
                end = frame + 1 if causal else x.shape[1]
                scores = key[:end] @ query[frame] / np.sqrt(size)
                attended[batch, frame, head * size : (head + 1) * size] = softmax(scores) @ value[:end]
    return attended @ weights["output/kernel"] + weights["output/bias"]


@pytest.mark.parametrize(("width", "heads", "features"), [(8, 2, 8), (6, 3, 5)])
def test_causal_self_attention_meets_the_layer_contract(width, heads, features):
    check_layer(CausalSelfAttention, {"width": width, "heads": heads}, normal(2, 6, features))


def test_output_equals_the_numpy_reference(layer):
    x = normal(2, 7, 6)
    np.testing.assert_allclose(layer(x), numpy_reference(layer, x), atol=1e-4)
    assert np.abs(np.asarray(layer(x)) - numpy_reference(layer, x, causal=False)).max() > 0.1


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_output_is_causal(layer, cut):
    assert_causal(layer, normal(2, 7, 6), cut)


def test_output_is_batch_and_padding_invariant(layer):
    assert_batch_invariant(layer, normal(1, 7, 6), normal(2, 7, 6, seed=1))
    assert_padding_invariant(lambda x, _: layer(x), normal(2, 7, 6), 5, per_frame=True)


def test_checks_reject_attention_without_a_mask(layer):
    def unmasked(x, _mask=None):
        return numpy_reference(layer, x, causal=False)

    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(unmasked, normal(2, 7, 6), 4)
    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(unmasked, normal(2, 7, 6), 5, per_frame=True)


def test_assert_causal_rejects_keras_attention_without_a_mask():
    attention = keras.layers.MultiHeadAttention(2, 4)
    x = normal(2, 7, 6)
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(lambda x: attention(x, x), x, 4)
    assert_causal(lambda x: attention(x, x, use_causal_mask=True), x, 4)


def test_assert_batch_invariant_rejects_attention_across_utterances(layer):
    def across(x):
        return np.asarray(layer(np.swapaxes(x, 0, 1))).swapaxes(0, 1)

    with pytest.raises(AssertionError, match="rest of the batch"):
        assert_batch_invariant(across, normal(1, 7, 6), normal(2, 7, 6, seed=1))


def test_assert_causal_rejects_an_output_without_its_own_frame():
    delayed = lambda x: np.pad(x, ((0, 0), (1, 0), (0, 0)))[:, :-1]  # noqa: E731
    with pytest.raises(AssertionError, match="does not look at its own"):
        assert_causal(delayed, normal(2, 7, 6), 4)


def test_output_of_one_frame_equals_its_projected_value(layer):
    x = normal(3, 1, 6)
    np.testing.assert_allclose(layer(x), numpy_reference(layer, x), atol=1e-4)


def test_init_rejects_width_that_is_no_multiple_of_heads():
    with pytest.raises(ValueError, match="width=8, heads=3"):
        CausalSelfAttention(8, 3)


def attended(layer, inputs, context):
    """Return the outputs of steps that attend to the latest `context` steps, computed from all of them."""
    outputs = []
    for end in range(1, inputs.shape[1] + 1):
        outputs.append(np.asarray(layer(inputs[:, max(0, end - context) : end]))[:, -1])
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_steps_attend_to_the_latest_context_however_often_the_ring_goes_round(at_once):
    inputs = np.random.default_rng(0).normal(size=(3, 20, 8)).astype(np.float32)
    layer = CausalSelfAttention(width=8, heads=2)
    layer.build(inputs.shape)
    state = {"position": np.zeros(3, np.int32), **layer.initial_state(3, 5)}
    found = []
    for first in range(0, inputs.shape[1], at_once):
        output, rows = layer.step(inputs[:, first : first + at_once], state, state["position"])
        state = updated_state(state, {**rows, "position": state["position"] + at_once})
        found.append(np.asarray(output))
    found = np.concatenate(found, axis=1)
    np.testing.assert_allclose(found, attended(layer, inputs, 5), atol=1e-5)
    assert np.abs(found - attended(layer, inputs, 6)).max() > 1e-3  # one step more would be seen
