import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.data.features import log_mel
from ser_fop.data.power_spectrum import power_spectrum, spectra_by_product
from ser_fop.testing.arrays import normal


@pytest.mark.parametrize("length", [24, 32])
def test_power_spectrum_equals_numpy_by_either_method(length):
    frames = tf.constant(normal(2, 5, length, seed=0))
    expected = np.abs(np.fft.rfft(frames.numpy(), 32)) ** 2
    by_fft = power_spectrum(frames, 32)
    with spectra_by_product():
        by_product = power_spectrum(frames, 32)
    for found in (by_fft, by_product):
        np.testing.assert_allclose(found, expected, atol=1e-3)
    assert not np.array_equal(by_fft, by_product)  # two methods indeed
    np.testing.assert_array_equal(power_spectrum(frames, 32), by_fft)  # the method was put back


def test_quiet_bands_beside_a_loud_tone_are_the_same_by_a_product():
    time_s = np.arange(8000) / 16000
    samples = (0.5 * np.sin(2 * np.pi * 440 * time_s)).astype(np.float32) + 1e-3 * normal(8000, seed=1)
    config = FeatureConfig(level="running", floor=1e-4)
    expected = log_mel(samples, config)
    with spectra_by_product():
        found = log_mel(samples, config)
    np.testing.assert_allclose(found, expected, atol=2e-3)
