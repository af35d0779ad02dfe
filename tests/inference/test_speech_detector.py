import numpy as np
import pytest
import soxr

import ser_fop
from ser_fop.corpora.audio import read_audio
from ser_fop.inference.speech_detector import SpeechDetector

RATE_HZ = 16000


@pytest.fixture(scope="module")
def speech():
    return read_audio(ser_fop.sample("neutral"), sample_rate_hz=RATE_HZ)


def noise(seconds):
    return 0.1 * np.random.default_rng(0).normal(size=round(seconds * RATE_HZ)).astype(np.float32)


@pytest.mark.parametrize("gain_db", [-60, -30, 0, 10])
def test_speech_is_found_at_any_level(speech, gain_db):
    assert SpeechDetector(speech * 10 ** (gain_db / 20), RATE_HZ).has_speech()


@pytest.mark.parametrize("rate_hz", [8000, 44100])
def test_speech_is_found_at_any_sample_rate(speech, rate_hz):
    assert SpeechDetector(soxr.resample(speech, RATE_HZ, rate_hz), rate_hz).has_speech()


@pytest.mark.parametrize(
    "sound",
    [
        noise(2.0),
        np.cumsum(noise(2.0)),
        np.sin(np.arange(32000) / 10),
        np.zeros(32000, np.float32),
        np.zeros(0, np.float32),
        noise(0.01),
    ],
)
def test_other_sound_is_no_speech(sound):
    assert not SpeechDetector(sound, RATE_HZ).has_speech()


def test_only_the_stretch_with_speech_has_speech(speech):
    detector = SpeechDetector(np.concatenate([0.01 * noise(4.0), speech, 0.01 * noise(4.0)]), RATE_HZ)
    end_s = 4.0 + len(speech) / RATE_HZ
    assert detector.has_speech(4.0, end_s)
    assert not detector.has_speech(0.0, 2.9)
    assert not detector.has_speech(end_s + 1.0)


def test_order_of_questions_does_not_matter(speech):
    sound = np.concatenate([noise(1.5) * 0.01, speech, noise(1.0) * 0.01])
    seconds = [(second / 2, second / 2 + 0.5) for second in range(round(2 * len(sound) / RATE_HZ))]
    forwards, backwards = SpeechDetector(sound, RATE_HZ), SpeechDetector(sound, RATE_HZ)
    found = [forwards.has_speech(*one) for one in seconds]
    assert found == [backwards.has_speech(*one) for one in reversed(seconds)][::-1]
    assert any(found)
    assert not all(found)
