"""Damaged audio files: each gives samples or an `AudioError`, and no other file is lost."""

import io

import numpy as np
import pytest
import soundfile

from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import AudioError, duration_s, read_audio
from ser_fop.corpora.base import Listing
from ser_fop.corpora.ravdess import CORPUS
from ser_fop.corpora.schema import Utterance
from ser_fop.corpora.summary import summarize
from ser_fop.inference.recording import Recording
from ser_fop.inference.waveform_reader import WaveformReader
from tests.robustness.mutations import mutate

RATE_HZ = 16000
SOUND = (0.1 * np.random.default_rng(0).normal(size=(RATE_HZ // 2, 2))).astype(np.float32)
FORMATS = {
    "wav": ("WAV", "PCM_16"),
    "wavex": ("WAVEX", "FLOAT"),
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "aiff": ("AIFF", "PCM_24"),
    "au": ("AU", "PCM_16"),
}
SEEDS = 150


def encoded(name):
    kind, subtype = FORMATS[name]
    file = io.BytesIO()
    soundfile.write(file, SOUND, RATE_HZ, format=kind, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_audio_gives_samples_or_an_audio_error(tmp_path, name):
    content, messages = encoded(name), []
    path = tmp_path / f"a.{name}"
    for seed in range(SEEDS):
        path.write_bytes(mutate(content, seed))
        try:
            samples = read_audio(path, sample_rate_hz=RATE_HZ, max_duration_s=300)
            assert samples.ndim == 1
            assert np.isfinite(samples).all()
            assert duration_s(path) >= 0
        except AudioError as error:
            messages.append(str(error))
    assert len(messages) > 5
    assert all(0 < len(message) < 400 for message in messages)
    path.write_bytes(content)
    assert len(read_audio(path, sample_rate_hz=RATE_HZ)) >= len(SOUND) - 1000


@pytest.mark.filterwarnings("error")  # soundfile would print errors of its callbacks
@pytest.mark.parametrize("name", FORMATS)
def test_damaged_audio_in_memory_gives_samples_or_an_audio_error(name):
    content, refused = encoded(name), 0
    for seed in range(30):
        try:
            read_audio(io.BytesIO(mutate(content, seed)), sample_rate_hz=RATE_HZ)
        except AudioError:
            refused += 1
    assert refused > 0


def test_damaged_files_do_not_affect_other_files_of_predict_and_info(tmp_path):
    recordings, utterances = [], []
    for number in range(120):
        name = list(FORMATS)[number % len(FORMATS)]
        path = tmp_path / f"{number:03d}.{name}"
        path.write_bytes(encoded(name) if number % 3 == 0 else mutate(encoded(name), number))
        recordings.append(Recording(source=path, name=path.name))
        utterances.append(Utterance(id=path.stem, file=path.name, speaker="a"))
    answers = list(WaveformReader(FeatureConfig()).stretches(recordings, window_s=0.0, hop_s=0.0))
    assert [answer.name for answer, _ in answers] == [recording.name for recording in recordings]
    assert all(samples is not None for answer, samples in answers if int(answer.name[:3]) % 3 == 0)
    lines = summarize(CORPUS, Listing(utterances=tuple(utterances)), folder=tmp_path)
    assert any(line.startswith("utterances  120") for line in lines)
