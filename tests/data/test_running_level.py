import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.data.features import band_power, frame_features
from ser_fop.data.running_level import initial_level, running_level_step, window_frames

CONFIG = FeatureConfig(level="running", floor=1e-4)
GENERATOR = np.random.default_rng(0)
LOUDNESS = np.repeat([0.0, 1e-4, 0.1, 0.01], 4000)
SAMPLES = (LOUDNESS * GENERATOR.normal(size=16000)).astype(np.float32)


def log_mels(samples, config=CONFIG):
    return frame_features(tf.constant(samples), config).numpy()


def expected_levels(power):
    """Return the level of each frame by the definition, one frame after the other."""
    window, level, found = window_frames(CONFIG), 0.0, []
    for frame in range(len(power)):
        recent = power[max(0, frame + 1 - window) : frame + 1].mean()
        level = max(level * 10 ** (-0.1 * CONFIG.hop_s), recent)
        found.append(level or 1.0)
    return np.array(found)


def test_level_is_that_of_the_loudest_quarter_of_a_second_so_far_and_fades():
    bands = band_power(tf.constant(SAMPLES), CONFIG).numpy().astype(np.float64)
    scaled = bands / expected_levels(bands.sum(axis=1))[:, np.newaxis]
    np.testing.assert_allclose(log_mels(SAMPLES), np.log(np.maximum(scaled, CONFIG.floor)), atol=2e-4)


@pytest.mark.parametrize("gain_db", [-60, -30, 10, 20])
def test_gain_changes_nothing(gain_db):
    factor = np.float32(10 ** (gain_db / 20))
    np.testing.assert_allclose(log_mels(factor * SAMPLES), log_mels(SAMPLES), atol=1e-4)
    recorded = FeatureConfig(floor=1e-12)
    assert np.abs(log_mels(factor * SAMPLES, recorded) - log_mels(SAMPLES, recorded)).max() > 1  # the counter-case


def test_frames_do_not_depend_on_later_samples():
    part = SAMPLES[:8200]
    np.testing.assert_allclose(log_mels(part), log_mels(SAMPLES)[: len(log_mels(part))], atol=1e-6)
    speech = FeatureConfig(level="speech", floor=1e-4)
    assert np.abs(log_mels(part, speech) - log_mels(SAMPLES, speech)[: len(log_mels(part))]).max() > 0.1


@pytest.mark.parametrize("step", [1, 4, 33])
def test_steps_equal_the_whole(step):
    bands = band_power(tf.constant(np.stack([SAMPLES, SAMPLES[::-1]])), CONFIG)
    state, parts = initial_level(2, CONFIG), []
    for first in range(0, bands.shape[1], step):
        scaled, state = running_level_step(bands[:, first : first + step], state, CONFIG)
        parts.append(scaled)
    whole, _ = running_level_step(bands, initial_level(2, CONFIG), CONFIG)
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-4)


def test_no_frame_and_silence_are_finite():
    assert log_mels(np.zeros(100, np.float32)).shape == (0, CONFIG.mels)
    np.testing.assert_allclose(log_mels(np.zeros(8000, np.float32)), np.log(CONFIG.floor), rtol=1e-6)


def test_minutes_of_silence_after_speech_stay_finite():
    bands = tf.concat([tf.ones((1, 100, 2)), tf.zeros((1, 45_000, 2))], axis=1)
    scaled, state = running_level_step(bands, initial_level(1, CONFIG), CONFIG)
    assert np.isfinite(scaled).all()
    assert np.isfinite(state["level"]).all()
