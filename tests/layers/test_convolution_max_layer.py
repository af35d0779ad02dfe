import numpy as np
import pytest

from ser_fop.layers.convolution_max_layer import ConvolutionMaxLayer
from ser_fop.testing.arrays import mask_of, normal
from ser_fop.testing.assertions import assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer

CONFIG = {"width": 5, "kernel": 3, "pool": 4, "dropout": 0.0}


def test_convolution_max_layer_meets_the_layer_contract():
    check_layer(ConvolutionMaxLayer, CONFIG, normal(2, 7, 6), mask=mask_of((7, 4), 7))


def test_output_equals_values_computed_by_hand():
    layer = ConvolutionMaxLayer(1, 2, 3)
    layer.build((None, None, 1))
    layer.set_weights([np.array([[[1.0]], [[10.0]]], np.float32), np.zeros(1, np.float32)])
    x = np.array([[[1.0], [2.0], [-3.0], [1.0]]], np.float32)
    # The kernel covers a step and the next: 1 + 20, 2 - 30, -3 + 10, 1. ReLU makes negative sums zero.
    found = layer(x, mask=np.ones((1, 4), bool))
    np.testing.assert_allclose(found[0, :, 0], [21.0, 21.0, 7.0, 7.0])


def test_output_is_padding_invariant():
    layer = ConvolutionMaxLayer(5, 3, 4)

    def call(x, mask=None):
        return layer(x, mask=np.ones(x.shape[:2], bool) if mask is None else mask)

    assert_padding_invariant(call, normal(2, 9, 6), 5, per_frame=True)
    with pytest.raises(AssertionError):  # counter-case: without the mask
        assert_padding_invariant(lambda x, mask=None: call(x), normal(2, 9, 6), 5, per_frame=True)
