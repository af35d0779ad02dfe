import io
import json
import subprocess
import sys
import wave

import numpy as np
import pytest
from ser_fop.pipelines import predict, stream

import ser_fop
from ser_fop.config.stages import FinetuneConfig
from ser_fop.hub.networks import NETWORK
from ser_fop.models.saving import save_network
from ser_fop.streaming import sources
from ser_fop.streaming.sources import pipe_chunks
from ser_fop.utils.run_folder import open_stage
from tests.streaming.conftest import make_classifier


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return the run folder of a causal classifier."""
    out = tmp_path_factory.mktemp("stream") / "run"
    stage = open_stage("finetune", out=out, config=FinetuneConfig(records=("records",), out=out))
    network, spec = make_classifier()
    written = save_network(network, spec, stage.folder / NETWORK)
    return stage.commit(metrics={}, content=written, seen_speakers=(), corpora=[])


class Pipe(io.BytesIO):
    """Standard input of bytes, which cannot be sought."""

    def seekable(self):
        return False

    @property
    def buffer(self):
        return self


def streamed(capsys, *options):
    assert stream.main([str(option) for option in options]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def wav_bytes(samples, rate_hz=16000, width=2, channels=1):
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((channels, width, rate_hz, 0, "NONE", ""))
        scaled = np.repeat(np.clip(samples, -1, 1 - 2**-15), channels)
        if width == 1:
            frames = (128 + 127 * scaled).astype(np.uint8).tobytes()
        else:
            whole = (scaled.astype(np.float64) * 2 ** (8 * width - 1)).astype("<i4")
            frames = whole.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
        file.writeframes(frames)
    return content.getvalue()


def test_last_line_equals_predict(model, capsys):
    sound = ser_fop.sample("sad")
    answers = streamed(capsys, sound, "--model", model, "--json")
    assert predict.main([str(sound), "--model", str(model), "--json"]) == 0
    expected = json.loads(capsys.readouterr().out)
    last = answers[-1]
    assert last["is_final"]
    assert last["emotion"] == expected["emotion"]
    assert last["probabilities"] == pytest.approx(expected["probabilities"], abs=2e-4)
    ends = [one["end_s"] for one in answers]
    assert ends == sorted(ends)
    assert len(answers) == pytest.approx(ends[-1] / 0.1, abs=3)


def test_lines_are_readable(model, capsys):
    assert stream.main([str(ser_fop.sample("sad")), "--model", str(model), "--chunk-ms", "500"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith("final")
    assert " s  " in lines[-1]
    assert any("no speech" in line or "(" in line for line in lines)


@pytest.mark.parametrize("form", ["raw", "wav 8", "wav 24 stereo", "wav 8 kHz"])
def test_standard_input_is_read_as_it_arrives(model, capsys, monkeypatch, speech_samples, form):
    content = {
        "raw": lambda: (speech_samples * 2**15).astype("<i2").tobytes(),
        "wav 8": lambda: wav_bytes(speech_samples, width=1),
        "wav 24 stereo": lambda: wav_bytes(speech_samples, width=3, channels=2),
        "wav 8 kHz": lambda: wav_bytes(speech_samples[::2], rate_hz=8000),
    }[form]()
    monkeypatch.setattr(sys, "stdin", Pipe(content))
    answers = streamed(capsys, "-", "--model", model, "--json")
    assert answers[-1]["is_final"]
    assert answers[-1]["end_s"] == pytest.approx(len(speech_samples) / 16000, abs=0.01)
    assert answers[-1]["emotion"]


@pytest.fixture(scope="module")
def speech_samples():
    from ser_fop.corpora.audio import read_audio

    return read_audio(ser_fop.sample("happy"), sample_rate_hz=16000)[:24000]


def test_pcm_of_every_width_gives_the_samples(speech_samples):
    for width, tolerance in ((1, 0.02), (2, 1e-4), (3, 1e-6), (4, 1e-6)):
        pipe = Pipe(wav_bytes(speech_samples, width=width))
        chunks = pipe_chunks(pipe, raw_rate_hz=16000, sample_rate_hz=16000, chunk_s=0.1)
        np.testing.assert_allclose(np.concatenate(list(chunks)), speech_samples, atol=tolerance)


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"])
def test_a_wav_of_unknown_length_is_read_to_its_end(speech_samples, size):
    content = bytearray(wav_bytes(speech_samples))
    content[4:8] = content[40:44] = size
    chunks = pipe_chunks(Pipe(bytes(content)), raw_rate_hz=16000, sample_rate_hz=16000, chunk_s=0.1)
    assert sum(len(chunk) for chunk in chunks) == len(speech_samples)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "expected an audio file (or `-` for standard input) or --microphone, received neither"),
        (["a.wav", "--microphone"], "received both"),
        (["missing.wav"], "missing.wav does not exist"),
        (["a.wav", "--chunk-ms", "0"], "--chunk-ms expected more than 0"),
        (["a.wav", "--pause-s", "-1"], "--pause-s expected 0 to 3600"),
        (["a.wav", "--pause-s", "nan"], "--pause-s expected 0 to 3600"),
        (["a.wav", "--context-s", "inf"], "--context-s expected more than 0, at most 3600"),
        (["a.wav", "--context-s", "0"], "--context-s expected more than 0"),
        (["a.wav", "--sample-rate-hz", "8000"], "is that of raw PCM"),
        (["a.wav", "--pause-s", "1", "--no-detect-speech"], "--pause-s needs the detection"),
    ],
)
def test_wrong_input_is_refused_in_one_line(model, capsys, options, message):
    assert stream.main([*options, "--model", str(model)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("content", [b"RIFF", b"RIFF\x00\x00\x00\x00WAVEgarbage"])
def test_a_damaged_wav_is_refused_in_one_line(model, capsys, monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", Pipe(content))
    assert stream.main(["-", "--model", str(model)]) == 2
    assert "expected a WAV file with PCM" in capsys.readouterr().err


@pytest.mark.parametrize(("content", "name"), [(b"fLaC....", "FLAC"), (b"OggS....", "Ogg"), (b"ID3.....", "MP3")])
def test_other_formats_are_not_read_as_pcm(model, capsys, monkeypatch, content, name):
    monkeypatch.setattr(sys, "stdin", Pipe(content))
    assert stream.main(["-", "--model", str(model)]) == 2
    assert f"expected WAV or raw PCM, received {name}" in capsys.readouterr().err


def test_empty_standard_input_is_too_short(model, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Pipe(b""))
    (answer,) = streamed(capsys, "-", "--model", model, "--json")
    assert answer["reason"] == "too short"


def test_a_model_that_is_not_causal_is_refused(capsys):
    assert stream.main([str(ser_fop.sample("sad")), "--model", "emotion-ravdess"]) == 2
    assert "expected a causal network, received one with" in capsys.readouterr().err


class FakeMicrophone:
    """The module `sounddevice`, with a microphone that gives a recording and then Ctrl-C."""

    class PortAudioError(Exception):
        pass

    def __init__(self, samples):
        self.samples = samples

    def InputStream(self, *, samplerate, channels, dtype, blocksize, callback):  # noqa: N802 - its name there
        assert (samplerate, channels, dtype) == (16000, 1, "float32")
        for first in range(0, len(self.samples), blocksize):
            callback(self.samples[first : first + blocksize, np.newaxis], blocksize, None, None)
        return self

    def start(self):
        pass

    def close(self):
        pass


def test_a_microphone_is_read_until_ctrl_c(model, capsys, monkeypatch, speech_samples):
    monkeypatch.setitem(sys.modules, "sounddevice", FakeMicrophone(speech_samples))

    def until_empty(chunks, *, timeout_s):
        while not chunks.empty():
            yield chunks.get()
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "_endless", until_empty)
    answers = streamed(capsys, "--microphone", "--model", model, "--json")
    assert answers[-1]["is_final"]
    assert answers[-1]["emotion"]
    assert answers[-1]["end_s"] == pytest.approx(len(speech_samples) / 16000)


def test_without_sounddevice_the_extra_is_named(model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert stream.main(["--microphone", "--model", str(model)]) == 2
    assert "needs the extra `microphone`" in capsys.readouterr().err


@pytest.mark.slow
def test_a_closed_pipe_ends_the_stream(model):
    command = [sys.executable, "-m", "ser_fop.pipelines.stream", str(ser_fop.sample("sad")), "--model", str(model)]
    with subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.wait(60) in (0, 141)
        assert "Traceback" not in process.stderr.read()
