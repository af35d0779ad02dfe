import builtins
import io
import os

import numpy as np
import pytest
import soundfile

from ser_fop.corpora import opening
from ser_fop.corpora.audio import AudioError, duration_s, read_audio, take_audio
from ser_fop.corpora.containers import av_decoder
from ser_fop.errors import InputError
from tests.robustness.mutations import mutate

RATE_HZ = 16000
SINE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ) / RATE_HZ)).astype(np.float32)


def read(path, **keywords):
    return read_audio(path, sample_rate_hz=RATE_HZ, **keywords)


class TestOneFile:
    """Every problem of one file is an `AudioError`, so that it stops no other file."""

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("x.raw", b"\x01\x02" * 500, "is not audio that can be read"),
            ("x.wav", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer.*git lfs pull"),
            ("x.wav", b"../../.git/annex/objects/ab/cd/MD5E-s1--0.wav\n", "git-annex pointer.*git annex get"),
            ("x.wav", b"RIFF", "is not audio that can be read"),
            ("x.flac", b"fLaC" + bytes(60), "."),
            ("x.wav", b"", "is an empty file"),
        ],
    )
    def test_bad_content_is_an_audio_error(self, tmp_path, name, content, message):
        (tmp_path / name).write_bytes(content)
        for function in (read, duration_s):
            with pytest.raises(AudioError, match=message):
                function(tmp_path / name)

    def test_name_that_is_too_long_is_an_audio_error(self, tmp_path):
        with pytest.raises(AudioError, match=r"cannot be read .*too long"):
            read(tmp_path / f"{'n' * 300}.wav")

    def test_dangling_link_is_an_audio_error(self, tmp_path):
        (tmp_path / "a.wav").symlink_to(tmp_path / "nothing.wav")
        with pytest.raises(AudioError, match="is a link to a file that does not exist"):
            read(tmp_path / "a.wav")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_file_without_permission_is_an_audio_error(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", SINE, RATE_HZ)
        (tmp_path / "a.wav").chmod(0)
        with pytest.raises(AudioError, match="Permission denied"):
            read(tmp_path / "a.wav")

    @pytest.mark.parametrize(
        "error", [OSError(5, "Input/output error"), MemoryError(), TypeError("x"), IndexError("y")]
    )
    def test_any_error_of_the_decoder_is_translated(self, tmp_path, monkeypatch, error):
        def fail(*arguments, **keywords):
            raise error

        soundfile.write(tmp_path / "a.wav", SINE, RATE_HZ)
        monkeypatch.setattr(soundfile.SoundFile, "read", fail)
        with pytest.raises(AudioError, match=r"^cannot be decoded"):
            read(tmp_path / "a.wav")

    def test_stop_is_not_translated(self, tmp_path, monkeypatch):
        def stop(*arguments, **keywords):
            raise KeyboardInterrupt

        soundfile.write(tmp_path / "a.wav", SINE, RATE_HZ)
        monkeypatch.setattr(soundfile.SoundFile, "read", stop)
        with pytest.raises(KeyboardInterrupt):
            read(tmp_path / "a.wav")


def encoded(path, codec):
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=48000, layout="mono")
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=48000, frame_size=960)
        frame = av.AudioFrame.from_ndarray(SINE[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(part):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


class TestPyAv:
    @pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.webm", "libopus"), ("a.mka", "aac")])
    def test_formats_of_pyav_are_decoded(self, tmp_path, name, codec):
        path = encoded(tmp_path / name, codec)
        for source in (path, io.BytesIO(path.read_bytes())):
            samples = read(source)
            assert len(samples) == pytest.approx(RATE_HZ, abs=1600)
            spectrum = np.abs(np.fft.rfft(samples))
            assert np.argmax(spectrum) * RATE_HZ / len(samples) == pytest.approx(440, abs=2)

    def test_without_pyav_the_message_names_the_extra(self, tmp_path, monkeypatch):
        path = encoded(tmp_path / "a.m4a", "aac")
        monkeypatch.setattr(av_decoder, "is_installed", lambda: False)
        with pytest.raises(AudioError, match=r'is an MP4 container .*pip install "ser_fop\[av\]"'):
            read(path)

    @pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.webm", "libopus")])
    def test_damaged_files_are_audio_errors(self, tmp_path, name, codec):
        path = encoded(tmp_path / name, codec)
        content, refused = path.read_bytes(), 0
        for seed in range(150):
            path.write_bytes(mutate(content, seed, header=300))
            try:
                read(path)
            except AudioError:
                refused += 1
        assert refused > 10


class TestSamples:
    def take(self, samples, rate_hz=RATE_HZ):
        return take_audio(samples, rate_hz=rate_hz, sample_rate_hz=RATE_HZ)

    @pytest.mark.parametrize("shape", [(2, RATE_HZ), (1, RATE_HZ), (1, 1, RATE_HZ), ()])
    def test_channels_first_is_refused(self, shape):
        samples = np.broadcast_to(SINE, (*shape[:-1], RATE_HZ)) if shape else np.float32(1)
        with pytest.raises(
            AudioError, match=r"expected samples of shape \(samples,\) or \(samples, channels\), received"
        ):
            self.take(np.asarray(samples))

    def test_channels_last_is_taken(self):
        np.testing.assert_array_equal(self.take(np.stack([SINE, SINE], axis=1)), SINE)

    @pytest.mark.parametrize("rate_hz", ["16000", None, 0, -1, True, float("nan"), float("inf")])
    def test_wrong_rate_is_refused(self, rate_hz):
        with pytest.raises(AudioError, match=r"expected the samples' sample_rate_hz as a positive number, received"):
            self.take(SINE, rate_hz)

    def test_scale_of_integers_is_refused(self):
        with pytest.raises(AudioError, match=r"samples up to 16\d\d\d, but full scale is 1: divide .* by 32768"):
            self.take(SINE * 32768)
        assert self.take(SINE * 8).max() == pytest.approx(4, abs=0.01)  # a float recording above full scale


def test_unexpected_errors_are_not_hidden():
    with pytest.raises(builtins.AssertionError), opening.translate_file_errors():
        raise AssertionError
    with pytest.raises(InputError, match=r"^as it is$"), opening.translate_file_errors():
        raise InputError("as it is")
