import numpy as np
import pytest
import soxr
import tensorflow as tf

import ser_fop
from ser_fop.corpora import recording_changes as changes
from ser_fop.corpora.audio import padded_batch, read_audio
from ser_fop.inference.signal_checks import doubts_as_text, doubts_of, with_reason

RATE_HZ = 16000


@pytest.fixture(scope="module")
def speech():
    return read_audio(ser_fop.sample("angry"), sample_rate_hz=RATE_HZ)


def doubts(*sounds, sample_rate_hz=RATE_HZ):
    waveform, lengths = padded_batch([np.asarray(sound, np.float32) for sound in sounds])
    found = doubts_of(tf.constant(waveform), tf.constant(lengths), sample_rate_hz=sample_rate_hz)
    return [text.decode() for text in doubts_as_text(found).numpy()]


def clipped(samples):
    return changes.clipping(samples, 6.0, RATE_HZ, np.random.default_rng(0))


def telephone(samples):
    return soxr.resample(soxr.resample(samples, RATE_HZ, 8000), 8000, RATE_HZ)


def test_clean_speech_has_no_doubt(speech):
    assert doubts(speech) == [""]


@pytest.mark.parametrize("gain_db", [-40, 0, 10])
def test_doubts_do_not_depend_on_gain(speech, gain_db):
    gain = 10 ** (gain_db / 20)
    sounds = [speech, clipped(speech), telephone(speech), speech[:4000]]
    assert doubts(*(gain * sound for sound in sounds)) == ["", "clipped", "band-limited", "short"]


def test_doubts_do_not_depend_on_padding(speech):
    alone = [text for sound in (speech[:6000], clipped(speech)) for text in doubts(sound)]
    assert doubts(speech[:6000], clipped(speech)) == alone


def test_several_doubts_are_joined(speech):
    assert doubts(clipped(telephone(speech))[:4000])[0].startswith("short")
    assert with_reason(tf.constant(["a", "", "a"]), tf.constant(["b", "b", ""])).numpy().tolist() == [
        b"a; b",
        b"b",
        b"a",
    ]


def test_low_sample_rate_says_nothing_of_the_band(speech):
    assert doubts(soxr.resample(speech, RATE_HZ, 8000), sample_rate_hz=8000) == [""]
