import io

import numpy as np
import pytest
import soundfile

import ser_fop
from ser_fop.corpora.audio import padded_batch, read_audio
from ser_fop.serving.speech_check import refuse, without_speech

RATE_HZ = 16000


@pytest.fixture(scope="module")
def sounds():
    speech = read_audio(ser_fop.sample("sad"), sample_rate_hz=RATE_HZ)
    noise = np.random.default_rng(0).normal(size=20000).astype(np.float32)
    return [speech, noise, np.zeros(16000, np.float32), np.full(16000, np.nan, np.float32)]


def wav(samples):
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="FLOAT")
    return file.getvalue()


def test_noise_lacks_speech_and_the_model_judges_silence(sounds):
    waveform, length = padded_batch(sounds)
    arrays = {"waveform": waveform, "length": length}
    assert without_speech(arrays, sample_rate_hz=RATE_HZ).tolist() == [False, True, False, False]


def test_files_are_judged_as_waveforms_and_log_mels_never(sounds):
    files = np.array([*map(wav, sounds), b"RIFF"], object)
    assert without_speech({"wav": files}, sample_rate_hz=RATE_HZ).tolist() == [False, True, False, False, False]
    mels = {"mel": np.zeros((2, 50, 80), np.float32), "length": np.int32([50, 50])}
    assert not without_speech(mels, sample_rate_hz=RATE_HZ).any()


def test_refuse_removes_the_answer_of_these_rows_only():
    outputs = {
        "scores": np.float32([[0.6, 0.4], [0.7, 0.3], [0, 0]]),
        "emotion": np.array([b"sad", b"sad", b""], object),
        "reason": np.array([b"", b"clipped", b"silent"], object),
    }
    changed = refuse(outputs, np.array([False, True, True]), target="emotion")
    assert changed["emotion"].tolist() == [b"sad", b"", b""]
    assert changed["reason"].tolist() == [b"", b"no speech", b"silent"]
    assert changed["scores"].tolist() == [outputs["scores"][0].tolist(), [0, 0], [0, 0]]
    assert outputs["emotion"].tolist() == [b"sad", b"sad", b""]


def test_refuse_leaves_hypercolumns():
    outputs = {"h1": np.zeros((2, 3))}
    assert refuse(outputs, np.array([True, False]), target="emotion") == outputs
