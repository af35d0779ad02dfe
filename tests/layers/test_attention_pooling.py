import numpy as np
import pytest

from ser_fop.layers.attention_pooling import AttentionPooling
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer

LENGTHS = (7, 4, 1)


@pytest.fixture
def layer():
    layer = AttentionPooling()
    layer.build((None, None, 5))
    layer.set_weights([normal(5, seed=9)])
    return layer


def test_attention_pooling_meets_the_layer_contract():
    check_layer(AttentionPooling, {}, normal(3, 7, 5), mask=mask_of((7, 5, 4), 7))


def test_weights_sum_to_one_and_are_zero_for_padding(layer):
    mask = mask_of(LENGTHS, 7)
    weights = np.asarray(layer.weights_over_time(normal(3, 7, 5), mask))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert (weights[~mask] == 0).all()
    assert (weights[mask] > 0).all()


def test_weights_equal_the_softmax_of_the_score(layer):
    x = normal(3, 7, 5)
    for row, length, weights in zip(x, LENGTHS, layer.weights_over_time(x, mask_of(LENGTHS, 7)), strict=True):
        exponents = np.exp(row[:length] @ normal(5, seed=9))
        np.testing.assert_allclose(weights[:length], exponents / exponents.sum(), atol=1e-6)


def test_output_equals_the_weighted_sum(layer):
    x, mask = normal(3, 7, 5), mask_of(LENGTHS, 7)
    weights = np.asarray(layer.weights_over_time(x, mask))
    np.testing.assert_allclose(layer(x, mask=mask), np.einsum("bt,btf->bf", weights, x), atol=1e-6)
    np.testing.assert_allclose(layer(x, mask=mask)[2], x[2, 0], atol=1e-6)


def test_initial_output_equals_the_mean_of_valid_frames():
    x = normal(1, 7, 5)
    pooled = AttentionPooling()(x, mask=mask_of((4,), 7))
    np.testing.assert_allclose(pooled[0], x[0, :4].mean(axis=0), atol=1e-6)


def test_output_without_valid_frames_is_zero(layer):
    pooled = np.asarray(layer(normal(2, 7, 5), mask=mask_of((0, 3), 7)))
    assert (pooled[0] == 0).all()
    assert np.abs(pooled[1]).max() > 0


def test_output_is_batch_and_padding_invariant(layer):
    pool = lambda x, mask: layer(x, mask=mask)  # noqa: E731
    assert_batch_invariant(pool, (normal(1, 7, 5), mask_of((4,), 7)), (normal(2, 7, 5, seed=1), mask_of((7, 2), 7)))
    assert_padding_invariant(pool, normal(2, 7, 5), 4, per_frame=False)


def test_padding_check_rejects_a_softmax_over_padding():
    def unmasked(x, _mask):
        exponents = np.exp(x[..., :1])
        return (x * exponents / exponents.sum(axis=1, keepdims=True)).sum(axis=1)

    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(unmasked, normal(2, 7, 5), 4, per_frame=False, junk=3.0)


def test_batch_check_rejects_a_softmax_over_the_batch():
    def over_batch(x, mask):
        exponents = np.exp(x[..., :1]) * mask[..., None]
        return (x * exponents / exponents.sum()).sum(axis=1)

    with pytest.raises(AssertionError, match="rest of the batch"):
        assert_batch_invariant(
            over_batch, (normal(1, 7, 5), mask_of((4,), 7)), (normal(1, 7, 5, seed=1), mask_of((7,), 7))
        )


def test_output_has_no_mask_and_gives_no_warning(layer, recwarn):
    pooled = layer(normal(2, 7, 5), mask=mask_of((4, 7), 7))
    assert getattr(pooled, "_keras_mask", None) is None
    assert not [str(warning.message) for warning in recwarn if "mask" in str(warning.message)]
