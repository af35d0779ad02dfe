import keras
import numpy as np
import pytest

from ser_fop.layers.frame_stacking import FrameStacking
from ser_fop.layers.frame_unstacking import FrameUnstacking
from ser_fop.testing.arrays import normal


@pytest.mark.parametrize(("frames", "size"), [(6, 1), (6, 2), (7, 2), (7, 3), (1, 4)])
def test_unstacking_inverts_stacking(frames, size):
    x = normal(2, frames, 5)
    stacked = FrameStacking(size)(x, mask=np.ones((2, frames), bool))
    np.testing.assert_array_equal(FrameUnstacking(size)(stacked, like=x), x)


def test_batch_and_frames_are_dynamic():
    inputs, mask = keras.Input((None, 5)), keras.Input((None,), dtype="bool")
    stacked = FrameStacking(3)(inputs, mask=mask)
    unstacked = FrameUnstacking(3)(stacked, like=inputs)
    assert (stacked.shape, unstacked.shape) == ((None, None, 15), (None, None, 5))
    model = keras.Model([inputs, mask], unstacked)
    for frames in (4, 9):
        x = normal(2, frames, 5)
        np.testing.assert_array_equal(model.predict_on_batch([x, np.ones((2, frames), bool)]), x)


def test_from_config_rebuilds_the_layer():
    assert FrameUnstacking.from_config(FrameUnstacking(3).get_config()).size == 3


def test_init_rejects_a_size_that_is_not_positive():
    with pytest.raises(ValueError, match="must be positive"):
        FrameUnstacking(0)
