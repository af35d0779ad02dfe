import numpy as np
import pytest

from ser_fop.layers.frame_stacking import FrameStacking
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.layer_contract import check_layer


@pytest.mark.parametrize("size", [1, 2, 3])
def test_frame_stacking_meets_the_layer_contract(size):
    check_layer(FrameStacking, {"size": size}, normal(2, 6, 5), mask=mask_of((6, 4), 6))


def test_stacking_concatenates_neighbouring_frames():
    x = normal(2, 6, 5)
    stacked = FrameStacking(2)(x, mask=mask_of((6, 6), 6))
    np.testing.assert_array_equal(stacked, np.concatenate([x[:, ::2], x[:, 1::2]], axis=-1))


def test_stacking_pads_the_last_step_with_zeros():
    x = normal(1, 7, 5)
    stacked = np.asarray(FrameStacking(3)(x, mask=mask_of((7,), 7)))
    assert stacked.shape == (1, 3, 15)
    np.testing.assert_array_equal(stacked[0, 2, :5], x[0, 6])
    assert not stacked[0, 2, 5:].any()


def test_stacking_ignores_values_of_padding():
    x, mask = normal(2, 6, 5), mask_of((6, 3), 6)
    junk = np.where(mask[..., None], x, 77.0)
    layer = FrameStacking(2)
    np.testing.assert_array_equal(layer(x, mask=mask), layer(junk, mask=mask))
    everything = np.ones_like(mask)
    assert np.abs(np.asarray(layer(x, mask=everything)) - np.asarray(layer(junk, mask=everything))).max() > 1


def test_init_rejects_a_size_that_is_not_positive():
    with pytest.raises(ValueError, match="must be positive"):
        FrameStacking(0)
