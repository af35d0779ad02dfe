import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.data.features import frame_features
from ser_fop.data.speech_level import active_power, at_speech_level
from ser_fop.inference.front_end import batch_of_mels

SPEECH = FeatureConfig(level="speech")
RATE_HZ = SPEECH.sample_rate_hz


@pytest.fixture
def recording():
    """Two bursts of noise with silence between, and faint noise throughout."""
    generator = np.random.default_rng(0)
    gate = np.repeat([0, 1, 0, 1, 0], RATE_HZ // 2)
    return (1e-3 * generator.normal(size=gate.size) + 0.05 * gate * generator.normal(size=gate.size)).astype(np.float32)


@pytest.mark.parametrize("gain_db", [-30.0, -12.0, 10.0])
def test_gain_does_not_change_the_log_mels(recording, gain_db):
    quiet = (recording * np.float32(10 ** (gain_db / 20))).astype(np.float32)
    np.testing.assert_allclose(frame_features(quiet, SPEECH), frame_features(recording, SPEECH), atol=1e-3)


def test_gain_changes_log_mels_of_the_recorded_level(recording):
    before, after = (frame_features(samples, FeatureConfig()) for samples in (recording, 0.5 * recording))
    assert np.median(before - after) == pytest.approx(2 * np.log(2), abs=0.01)


def test_active_frames_have_a_mean_power_of_one(recording):
    power = np.exp(frame_features(recording, SPEECH)).sum(axis=1)
    active = power[power > 10**-1.59]
    assert active.mean() == pytest.approx(1.0, abs=0.01)
    assert 0.35 < len(active) / len(power) < 0.45


def test_silence_before_speech_does_not_change_its_level(recording):
    later = np.concatenate([np.zeros(RATE_HZ * 5, np.float32), recording])
    before, after = (frame_features(samples, SPEECH).numpy() for samples in (recording, later))
    np.testing.assert_allclose(after[-len(before) :], before, atol=1e-3)


def test_dc_and_hum_do_not_change_the_level(recording):
    seconds = np.arange(recording.size) / RATE_HZ
    disturbed = recording + np.float32(0.002) + (0.005 * np.sin(2 * np.pi * 50 * seconds)).astype(np.float32)
    bursts = slice(60, 90)
    before, after = (frame_features(samples, SPEECH).numpy()[bursts] for samples in (recording, disturbed))
    assert abs(np.mean(before - after)) < 0.02


def test_padding_of_a_batch_has_no_effect(recording):
    """The padding is loud, and a server may send that."""
    batch = np.stack([recording, np.concatenate([recording[:20000], np.full(recording.size - 20000, 0.9)])])
    mels, frames = batch_of_mels(tf.constant(batch, tf.float32), tf.constant([recording.size, 20000]), features=SPEECH)
    for mel, count, samples in zip(mels, frames, (recording, recording[:20000]), strict=True):
        np.testing.assert_allclose(mel[:count], frame_features(samples, SPEECH), atol=1e-4)


@pytest.mark.parametrize("samples", [0, 100, 16000])
def test_silence_stays_at_the_floor(samples):
    mel = frame_features(np.zeros(samples, np.float32), SPEECH).numpy()
    assert (mel == np.float32(np.log(SPEECH.floor))).all()


def test_active_power_agrees_with_p56_on_its_samples(recording):
    """P.56, method B: envelope of two exponential averages of 30 ms, hangover of 200 ms, margin of 15.9 dB."""
    share = np.exp(-1 / (0.03 * RATE_HZ))
    envelope = np.zeros(2)
    found = np.empty(recording.size)
    for place, sample in enumerate(recording):
        envelope[0] = share * envelope[0] + (1 - share) * abs(sample)
        envelope[1] = share * envelope[1] + (1 - share) * envelope[0]
        found[place] = envelope[1]
    energy, levels = np.square(recording, dtype=np.float64).sum(), []
    for threshold in np.geomspace(1e-4, 0.02, 200):
        above = np.convolve(found >= threshold, np.ones(RATE_HZ // 5))[: found.size] > 0
        levels.append((20 * np.log10(threshold), 10 * np.log10(energy / above.sum())))
    _, expected_db = min(levels, key=lambda pair: abs(pair[1] - pair[0] - 15.9))
    frames = tf.signal.frame(recording, 400, 160)
    found_db = 10 * np.log10(active_power(tf.reduce_mean(frames**2, axis=1)[tf.newaxis])[0])
    assert found_db == pytest.approx(expected_db, abs=2.0)  # the hangover counts pauses of up to 200 ms as speech
    assert 10 * np.log10(energy / recording.size) < found_db - 3  # the mean level counts the silence


def test_at_speech_level_of_unlike_recordings_scales_each():
    bands = np.ones((2, 3, 4), np.float32) * np.array([1.0, 100.0])[:, np.newaxis, np.newaxis]
    scaled = at_speech_level(tf.constant(bands, tf.float32))
    np.testing.assert_allclose(scaled, np.full((2, 3, 4), 0.25), rtol=1e-6)
