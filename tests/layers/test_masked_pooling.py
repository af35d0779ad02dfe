import numpy as np
import pytest

from ser_fop.layers.masked_pooling import MaskedPooling
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer

LENGTHS = (7, 4, 1)


@pytest.mark.parametrize("statistics", ["mean", "mean_std"])
def test_masked_pooling_meets_the_layer_contract(statistics):
    check_layer(MaskedPooling, {"statistics": statistics}, normal(3, 7, 5), mask=mask_of((7, 5, 4), 7))


def test_mean_excludes_padding():
    x = normal(3, 7, 5)
    pooled = MaskedPooling()(x, mask=mask_of(LENGTHS, 7))
    expected = np.stack([row[:length].mean(axis=0) for row, length in zip(x, LENGTHS, strict=True)])
    np.testing.assert_allclose(pooled, expected, atol=1e-6)
    assert np.abs(np.asarray(pooled) - x.mean(axis=1)).max() > 0.1


def test_mean_std_appends_the_standard_deviation():
    x = 3 + 2 * normal(3, 7, 5)
    pooled = MaskedPooling("mean_std")(x, mask=mask_of(LENGTHS, 7))
    rows = [row[:length] for row, length in zip(x, LENGTHS, strict=True)]
    expected = np.stack([np.concatenate([row.mean(axis=0), row.std(axis=0)]) for row in rows])
    np.testing.assert_allclose(pooled, expected, atol=1e-5)


@pytest.mark.parametrize("statistics", ["mean", "mean_std"])
def test_output_without_valid_frames_is_zero(statistics):
    pooled = np.asarray(MaskedPooling(statistics)(normal(2, 7, 5), mask=mask_of((0, 3), 7)))
    assert np.isfinite(pooled).all()
    assert (pooled[0] == 0).all()
    assert np.abs(pooled[1]).min() > 0


def test_mean_of_a_long_utterance_is_exact_in_bfloat16():
    pooled = MaskedPooling(dtype="bfloat16")(np.ones((1, 3000, 2), np.float32), mask=mask_of((3000,), 3000))
    np.testing.assert_allclose(np.asarray(pooled, np.float32), 1.0, rtol=0.01)


@pytest.mark.parametrize("statistics", ["mean", "mean_std"])
def test_output_is_batch_and_padding_invariant(statistics):
    layer = MaskedPooling(statistics)
    pool = lambda x, mask: layer(x, mask=mask)  # noqa: E731
    first = normal(1, 7, 5), mask_of((4,), 7)
    second = normal(2, 7, 5, seed=1), mask_of((7, 2), 7)
    assert_batch_invariant(pool, first, second)
    assert_padding_invariant(pool, normal(2, 7, 5), 4, per_frame=False, atol=1e-4)


def test_padding_check_rejects_a_plain_mean():
    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(lambda x, _: x.mean(axis=1), normal(2, 7, 5), 4, per_frame=False)


def test_batch_check_rejects_a_mean_over_the_longest_utterance():
    def over_longest(x, mask):
        return (x * mask[..., None]).sum(axis=1) / mask.sum(axis=1).max()

    with pytest.raises(AssertionError, match="rest of the batch"):
        assert_batch_invariant(
            over_longest, (normal(1, 7, 5), mask_of((3,), 7)), (normal(1, 7, 5, seed=1), mask_of((7,), 7))
        )


def test_output_has_no_mask_and_gives_no_warning(recwarn):
    pooled = MaskedPooling()(normal(2, 7, 5), mask=mask_of((4, 7), 7))
    assert getattr(pooled, "_keras_mask", None) is None
    assert not [str(warning.message) for warning in recwarn if "mask" in str(warning.message)]


def test_init_rejects_unknown_statistics():
    with pytest.raises(ValueError, match="'median'"):
        MaskedPooling("median")
