import io
import struct

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ser_fop.corpora.audio import read_audio
from ser_fop.errors import InputError
from ser_fop.inference.wav_decoding import decode_wav

RATE_HZ = 16000
SOUND = np.random.default_rng(0).uniform(-1, 1, (1001, 2)).astype(np.float32)
_decode = tf.function(
    lambda wav: decode_wav(wav, sample_rate_hz=RATE_HZ), input_signature=[tf.TensorSpec([], tf.string)]
)


def encoded(subtype="PCM_16", *, kind="WAV", samples=SOUND, rate_hz=RATE_HZ):
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=kind, subtype=subtype)
    return bytearray(file.getvalue())


def assert_equals_read_audio(content):
    expected = read_audio(io.BytesIO(content), sample_rate_hz=RATE_HZ)
    np.testing.assert_allclose(_decode(bytes(content)).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("channels", [1, 2])
def test_decode_wav_equals_read_audio(kind, subtype, channels):
    assert_equals_read_audio(encoded(subtype, kind=kind, samples=SOUND[:, :channels]))


@pytest.mark.parametrize("size", [0, 2000, 2001, 4004, 0x7FFFFFFF, 0xFFFFFFFF])
def test_decode_wav_with_wrong_size_equals_read_audio(size):
    content = encoded()
    at = content.index(b"data") + 4
    content[at : at + 4] = struct.pack("<I", size)
    assert_equals_read_audio(content)


@pytest.mark.parametrize("rest", [b"LIST\x04\x00\x00\x00abcd", bytes(100)])
def test_decode_wav_ignores_what_follows_the_samples(rest):
    assert_equals_read_audio(encoded() + rest)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "received none"),
        (b"RIFF", "received none"),
        (b"OggS" + bytes(40), "received another format"),
        (b"RIFF\x04\x00\x00\x00WAVE" + bytes(8), "chunks `fmt ` and `data`"),
        (encoded()[:-100], "is cut short"),
        (encoded(rate_hz=8000), "expected a WAV of 16000 Hz"),
        (encoded("ULAW"), "received another coding"),
        (encoded("IMA_ADPCM"), "received another coding"),
    ],
)
def test_decode_wav_says_why_it_refuses(content, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        _decode(bytes(content))


def test_damaged_wavs_never_crash():
    generator = np.random.default_rng(1)
    whole = encoded()
    for _ in range(300):
        content = whole.copy()
        for at in generator.integers(0, 60, size=generator.integers(1, 4)):
            content[at] = generator.integers(0, 256)
        content = bytes(content[: generator.integers(1, len(content) + 1)])
        try:
            samples = _decode(content).numpy()
        except tf.errors.InvalidArgumentError:
            continue
        try:
            expected = read_audio(io.BytesIO(content), sample_rate_hz=RATE_HZ)
        except InputError:  # libsndfile is stricter
            continue
        assert abs(len(samples) - len(expected)) <= 2
