import numpy as np
import pytest

from ser_fop.layers.mel_normalization import MelNormalization
from ser_fop.testing.arrays import normal
from ser_fop.testing.assertions import assert_batch_invariant, assert_causal, assert_padding_invariant
from ser_fop.testing.layer_contract import check_layer

MEAN = np.array([-5.0, 2.0, 0.5, 10.0], np.float32)
DEVIATION = np.array([0.5, 2.0, 1.0, 4.0], np.float32)


@pytest.fixture
def layer():
    layer = MelNormalization()
    layer.build((None, None, 4))
    layer.set_statistics(MEAN, DEVIATION)
    return layer


def test_mel_normalization_meets_the_layer_contract():
    check_layer(MelNormalization, {}, normal(3, 6, 4))


def test_output_before_set_statistics_equals_the_input():
    x = normal(2, 5, 4)
    np.testing.assert_array_equal(MelNormalization()(x), x)


def test_output_is_standardised_by_the_statistics(layer):
    x = normal(2, 5, 4)
    np.testing.assert_allclose(layer(x), (x - MEAN) / DEVIATION, atol=1e-6)


def test_output_has_mean_zero_and_standard_deviation_one(layer):
    x = MEAN + DEVIATION * normal(20, 50, 4)
    normalised = np.asarray(layer(x)).reshape(-1, 4)
    np.testing.assert_allclose(normalised.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(normalised.std(axis=0), 1, atol=0.1)


def test_invert_restores_the_input(layer):
    x = 3 * normal(2, 5, 4)
    np.testing.assert_allclose(layer(layer(x), invert=True), x, atol=1e-5)
    assert np.abs(np.asarray(layer(x, invert=True)) - x).max() > 1


def test_training_does_not_change_the_statistics(layer):
    assert not layer.trainable_weights
    assert [weight.name for weight in layer.weights] == ["mean", "deviation"]


def test_output_depends_on_its_own_frame_alone(layer):
    assert_causal(layer, normal(2, 6, 4), 3)
    assert_batch_invariant(layer, normal(1, 6, 4), normal(2, 6, 4, seed=1))
    assert_padding_invariant(lambda x, _: layer(x), normal(2, 6, 4), 3, per_frame=True)


def test_checks_reject_statistics_of_the_batch():
    def by_batch(x, _mask=None):
        return (x - x.mean(axis=(0, 1))) / x.std(axis=(0, 1))

    x = normal(2, 6, 4)
    with pytest.raises(AssertionError, match="looks at a later one"):
        assert_causal(by_batch, x, 3)
    with pytest.raises(AssertionError, match="rest of the batch"):
        assert_batch_invariant(by_batch, x, 5 * normal(2, 6, 4, seed=1))
    with pytest.raises(AssertionError, match="looks at padding"):
        assert_padding_invariant(by_batch, x, 3, per_frame=True)
