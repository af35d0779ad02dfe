import numpy as np
import pytest
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import trim_silence
from ser_fop.data.features import log_mel
from ser_fop.inference.front_end import batch_of_mels, without_silence

FEATURES = FeatureConfig()
RATE_HZ = FEATURES.sample_rate_hz
GENERATOR = np.random.default_rng(0)


def sound(seconds, *, before=0.0, after=0.0, level=0.1):
    """Noise between two segments of near silence."""
    quiet = [1e-5 * GENERATOR.normal(size=round(RATE_HZ * duration_s)) for duration_s in (before, after)]
    loud = level * GENERATOR.normal(size=round(RATE_HZ * seconds))
    return np.concatenate([quiet[0], loud, quiet[1]]).astype(np.float32)


SOUNDS = (
    sound(0.7),
    sound(0.4, before=0.33, after=0.21),
    sound(0.5, before=0.013),
    sound(0.31, after=0.5),
    sound(0.02),
)


def padded(sounds, padding=0.7):
    lengths = np.array([len(one) for one in sounds], np.int32)
    batch = np.full((len(sounds), lengths.max()), padding, np.float32)
    for row, one in zip(batch, sounds, strict=True):
        row[: len(one)] = one
    return tf.constant(batch), tf.constant(lengths)


@pytest.mark.parametrize("below_db", [0.0, 20.0, 40.0])
def test_batch_of_mels_equals_log_mel_of_each_utterance(below_db):
    mels, frames = batch_of_mels(*padded(SOUNDS), features=FEATURES, trim_below_db=below_db)
    for one, mel, count in zip(SOUNDS, mels.numpy(), frames.numpy(), strict=True):
        trimmed = trim_silence(one, sample_rate_hz=RATE_HZ, below_db=below_db) if below_db else one
        expected = log_mel(tf.constant(trimmed), FEATURES).numpy()
        assert count == len(expected)
        np.testing.assert_allclose(mel[:count], expected, atol=1e-5)


def test_without_silence_trims_only_silent_ends():
    waveform, length = padded(SOUNDS)
    _, trimmed = without_silence(waveform, length, sample_rate_hz=RATE_HZ, below_db=40.0)
    assert list(trimmed.numpy() < length.numpy()) == [False, True, False, True, False]


def test_batch_of_mels_sound_shorter_than_window_has_no_frames():
    _, frames = batch_of_mels(*padded([sound(0.02)]), features=FEATURES)
    assert frames.numpy().tolist() == [0]


def test_batch_of_mels_normalised_by_utterance_has_zero_mean_unit_std():
    features = FeatureConfig(normalised_by="utterance")
    mels, frames = batch_of_mels(*padded(SOUNDS[:2]), features=features)
    for mel, count in zip(mels.numpy(), frames.numpy(), strict=True):
        np.testing.assert_allclose(mel[:count].mean(axis=0), 0.0, atol=1e-4)
        np.testing.assert_allclose(mel[:count].std(axis=0), 1.0, atol=1e-3)


def test_batch_of_mels_without_utterance_mean_keeps_the_deviation():
    mels, frames = batch_of_mels(*padded(SOUNDS[:2]), features=FeatureConfig(normalised_by="utterance_mean"))
    plain, _ = batch_of_mels(*padded(SOUNDS[:2]), features=FEATURES)
    for mel, before, count in zip(mels.numpy(), plain.numpy(), frames.numpy(), strict=True):
        np.testing.assert_allclose(mel[:count], before[:count] - before[:count].mean(axis=0), atol=1e-4)
        assert mel[:count].std(axis=0).max() > 1.1
