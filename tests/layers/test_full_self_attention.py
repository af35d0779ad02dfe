import numpy as np
import pytest

from ser_fop.layers.causal_self_attention import CausalSelfAttention
from ser_fop.layers.full_self_attention import FullSelfAttention
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer

WHOLE = mask_of((7, 7), 7)


@pytest.fixture
def layer():
    layer = FullSelfAttention(8, 2)
    layer.build((None, None, 6))
    layer.set_weights([normal(*weight.shape, seed=seed) / 2 for seed, weight in enumerate(layer.weights)])
    return layer


@pytest.mark.parametrize(("width", "heads", "features"), [(8, 2, 8), (6, 3, 5)])
def test_full_self_attention_meets_the_layer_contract(width, heads, features):
    check_layer(FullSelfAttention, {"width": width, "heads": heads}, normal(2, 6, features), mask=mask_of((6, 4), 6))


def test_only_the_last_frame_equals_causal_attention(layer):
    causal = CausalSelfAttention(8, 2)
    causal.build((None, None, 6))
    causal.set_weights(layer.get_weights())
    x = normal(2, 7, 6)
    full, seen = np.asarray(layer(x, mask=WHOLE)), np.asarray(causal(x))
    np.testing.assert_allclose(full[:, -1], seen[:, -1], atol=1e-5)
    assert np.abs(full[:, :-1] - seen[:, :-1]).max() > 0.1


def test_output_is_permutation_equivariant(layer):
    x = normal(2, 7, 6)
    turned = np.asarray(layer(x[:, ::-1], mask=WHOLE))[:, ::-1]
    np.testing.assert_allclose(turned, layer(x, mask=WHOLE), atol=1e-5)


def test_output_is_batch_and_padding_invariant_but_not_causal(layer):
    def attend(x, mask):
        return layer(x, mask=mask)

    first = normal(1, 7, 6), mask_of((4,), 7)
    assert_batch_invariant(attend, first, (normal(2, 7, 6, seed=1), WHOLE))
    assert_padding_invariant(attend, normal(2, 7, 6), 5, per_frame=True)
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(lambda x: attend(x, WHOLE), normal(2, 7, 6), 4)


def test_padding_check_rejects_attention_without_a_mask(layer):
    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(
            lambda x, _: layer(x, mask=np.ones(x.shape[:2], bool)), normal(2, 7, 6), 5, per_frame=True
        )
