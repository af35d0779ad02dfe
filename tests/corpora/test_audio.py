import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ser_fop.corpora.audio import AudioError, duration_s, read_audio, trim_silence
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.registry import get_corpus
from ser_fop.errors import InputError
from ser_fop.testing.shared_data import require_shared
from ser_fop.testing.tones import voice

RATE_HZ = 16000


def sine(*, rate_hz=RATE_HZ, seconds=1.0, pitch_hz=440.0, level=0.5):
    """Return a sine wave of shape (samples,)."""
    return level * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def write(path, samples, *, rate_hz=RATE_HZ, subtype="PCM_16", kind=None):
    soundfile.write(path, samples, rate_hz, subtype=subtype, format=kind)
    return path


def read(path, **keywords):
    return read_audio(path, sample_rate_hz=RATE_HZ, **keywords)


def pitch_hz(samples, *, rate_hz=RATE_HZ):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * rate_hz / len(samples)


class TestFormats:
    @pytest.mark.parametrize(
        ("subtype", "tolerance"),
        [
            ("PCM_U8", 2**-7),
            ("PCM_16", 2**-15),
            ("PCM_24", 2**-23),
            ("PCM_32", 1e-6),
            ("FLOAT", 1e-7),
            ("DOUBLE", 1e-7),
        ],
    )
    @pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
    def test_read_audio_wav_of_any_bit_depth(self, tmp_path, subtype, tolerance, kind):
        path = write(tmp_path / "a.wav", sine(), subtype=subtype, kind=kind)
        samples = read(path)
        assert samples.dtype == np.float32
        assert samples.flags.c_contiguous
        np.testing.assert_allclose(samples, sine(), atol=tolerance)

    @pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("AIFF", "PCM_16")])
    def test_read_audio_other_lossless_formats(self, tmp_path, kind, subtype):
        path = write(tmp_path / f"a.{kind.lower()}", sine(), subtype=subtype, kind=kind)
        np.testing.assert_allclose(read(path), sine(), atol=2**-15)

    @pytest.mark.parametrize(
        ("kind", "subtype", "suffix"),
        [("OGG", "VORBIS", "ogg"), ("OGG", "OPUS", "opus"), ("MP3", "MPEG_LAYER_III", "mp3")],
    )
    def test_read_audio_lossy_formats(self, tmp_path, kind, subtype, suffix):
        if subtype not in soundfile.available_subtypes(kind):
            pytest.skip(f"this libsndfile does not write {kind} {subtype}")
        path = write(tmp_path / f"a.{suffix}", sine(), subtype=subtype, kind=kind)
        samples = read(path)
        assert len(samples) == pytest.approx(RATE_HZ, abs=RATE_HZ * 0.05)
        assert pitch_hz(samples) == pytest.approx(440, abs=3)
        middle = samples[4000:12000]
        assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)

    def test_read_audio_ignores_the_suffix(self, tmp_path):
        path = write(tmp_path / "a.wav", sine(), kind="FLAC")
        assert len(read(path)) == RATE_HZ

    def test_read_audio_keeps_the_level(self, tmp_path):
        quiet = write(tmp_path / "a.wav", sine(level=0.01), subtype="FLOAT")
        loud = write(tmp_path / "b.wav", sine(level=3.0), subtype="FLOAT")
        assert np.abs(read(quiet)).max() == pytest.approx(0.01, rel=1e-3)
        assert np.abs(read(loud)).max() == pytest.approx(3.0, rel=1e-3)

    def test_read_audio_real_speech(self):
        for name, corpus in (("VCTK-mini", "vctk"), ("LibriSpeech-subset", "librispeech")):
            folder = require_shared(name)
            path = folder / get_corpus(corpus).read(folder, ReadOptions()).utterances[0].file
            samples = read(path)
            assert len(samples) == pytest.approx(duration_s(path) * RATE_HZ, abs=1)
            assert 0.01 < np.abs(samples).max() < 1.1


class TestChannels:
    def test_read_audio_averages_channels(self, tmp_path):
        left, right = sine(pitch_hz=300), sine(pitch_hz=900, level=0.2)
        path = write(tmp_path / "a.wav", np.stack([left, right], axis=1), subtype="FLOAT")
        np.testing.assert_allclose(read(path), (left + right) / 2, atol=1e-6)

    def test_read_audio_averages_six_channels(self, tmp_path):
        path = write(tmp_path / "a.wav", np.stack([sine(), *([np.zeros(RATE_HZ)] * 5)], axis=1), kind="WAVEX")
        np.testing.assert_allclose(read(path), sine() / 6, atol=2**-15)

    def test_read_audio_rejects_channels_that_cancel_out(self, tmp_path):
        path = write(tmp_path / "a.wav", np.stack([sine(), -sine()], axis=1), subtype="FLOAT")
        with pytest.raises(AudioError, match="is silent"):
            read(path)


class TestRate:
    @pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
    def test_resampling_keeps_duration_pitch_and_level(self, tmp_path, rate_hz):
        path = write(tmp_path / "a.wav", sine(rate_hz=rate_hz), rate_hz=rate_hz)
        samples = read(path)
        assert len(samples) == pytest.approx(RATE_HZ, abs=1)
        assert samples.dtype == np.float32
        assert pitch_hz(samples) == pytest.approx(440, abs=1.5)
        np.testing.assert_allclose(samples[1000:-1000], sine()[1000 : len(samples) - 1000], atol=2e-3)

    def test_resampling_has_no_aliasing(self, tmp_path):
        path = write(
            tmp_path / "a.wav", sine(rate_hz=48000) + sine(rate_hz=48000, pitch_hz=11000, level=0.4), rate_hz=48000
        )
        # Without a filter, 11 kHz would appear as 5 kHz.
        spectrum = np.abs(np.fft.rfft(read(path)[:RATE_HZ] * np.hanning(RATE_HZ)))
        assert spectrum[4900:5100].max() < 1e-3 * spectrum[440]

    def test_resampling_to_another_rate(self, tmp_path):
        path = write(tmp_path / "a.wav", sine())
        assert len(read_audio(path, sample_rate_hz=8000)) == 8000


class TestSegment:
    @pytest.fixture
    def ramp(self, tmp_path):
        # Sample n of 16000 has the value (n + 1) / 20000, so that the values show the position of a segment.
        return write(tmp_path / "a.wav", (np.arange(RATE_HZ) + 1) / 20000, subtype="FLOAT")

    @pytest.mark.parametrize(
        ("start_s", "end_s", "first", "last"),
        [
            (0.0, None, 0, 16000),
            (0.25, 0.5, 4000, 8000),
            (0.25, None, 4000, 16000),
            (0.0, 0.001, 0, 16),
            (0.5, 1.04, 8000, 16000),
        ],
    )
    def test_read_audio_start_and_end_select_samples(self, ramp, start_s, end_s, first, last):
        samples = read(ramp, start_s=start_s, end_s=end_s)
        assert np.round(samples[[0, -1]] * 20000 - 1).tolist() == [first, last - 1]
        assert len(samples) == last - first

    def test_adjacent_segments_join_without_gap(self, ramp):
        halves = [read(ramp, end_s=0.3337), read(ramp, start_s=0.3337)]
        np.testing.assert_array_equal(np.concatenate(halves), read(ramp))

    def test_segment_times_refer_to_the_file(self, tmp_path):
        path = write(
            tmp_path / "a.wav", np.concatenate([sine(rate_hz=48000), np.zeros(48000)]), rate_hz=48000, subtype="FLOAT"
        )
        assert len(read(path, start_s=0.5, end_s=1.0)) == 8000
        with pytest.raises(AudioError, match="is silent"):
            read(path, start_s=1.0)

    @pytest.mark.parametrize(("kind", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS")])
    def test_segment_of_a_compressed_file(self, tmp_path, kind, subtype):
        samples = np.concatenate([sine(pitch_hz=300), sine(pitch_hz=900)])
        path = write(tmp_path / "a", samples, kind=kind, subtype=subtype)
        assert pitch_hz(read(path, start_s=1.2, end_s=1.8)) == pytest.approx(900, abs=5)

    @pytest.mark.parametrize(("start_s", "end_s"), [(1.0, None), (2.0, 3.0)])
    def test_segment_outside_the_file_is_rejected(self, ramp, start_s, end_s):
        with pytest.raises(AudioError, match=r"^lasts 1\.000 s: expected a stretch inside it, received "):
            read(ramp, start_s=start_s, end_s=end_s)

    def test_segment_without_samples_is_rejected(self, ramp):
        with pytest.raises(AudioError, match=r"contains no samples between 0\.5 s and 0\.5 s"):
            read(ramp, start_s=0.5, end_s=0.5)

    def test_segment_longer_than_max_duration_is_rejected(self, ramp):
        assert len(read(ramp, max_duration_s=1.0)) == RATE_HZ
        assert len(read(ramp, start_s=0.6, max_duration_s=0.5)) == 6400
        with pytest.raises(AudioError, match=r"^lasts 1\.0 s, longer than 0\.5 s$"):
            read(ramp, max_duration_s=0.5)


class TestInvalid:
    """Each message is short and does not contain the name of the file."""

    def assert_rejected(self, path, message):
        with pytest.raises(AudioError, match=message) as error:
            read(path)
        assert isinstance(error.value, InputError)
        assert str(path) not in str(error.value)
        assert "\n" not in str(error.value)

    def test_read_audio_rejects_missing_file(self, tmp_path):
        self.assert_rejected(tmp_path / "a.wav", "^does not exist$")

    def test_read_audio_rejects_folder(self, tmp_path):
        (tmp_path / "a.wav").mkdir()
        self.assert_rejected(tmp_path / "a.wav", "^is not a file$")

    def test_read_audio_rejects_empty_file(self, tmp_path):
        (tmp_path / "a.wav").write_bytes(b"")
        self.assert_rejected(tmp_path / "a.wav", "^is an empty file$")

    @pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg"])
    def test_read_audio_rejects_text_with_audio_suffix(self, tmp_path, name):
        (tmp_path / name).write_text("This is no sound.\n" * 20)
        self.assert_rejected(tmp_path / name, "^is not audio that can be read")

    def test_read_audio_rejects_file_without_samples(self, tmp_path):
        self.assert_rejected(write(tmp_path / "a.wav", np.zeros(0)), "^contains no samples$")

    @pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "FLOAT"])
    def test_read_audio_rejects_silent_file(self, tmp_path, subtype):
        self.assert_rejected(write(tmp_path / "a.wav", np.zeros(RATE_HZ), subtype=subtype), "^is silent$")

    def test_read_audio_accepts_one_16_bit_step(self, tmp_path):
        samples = np.zeros(RATE_HZ, np.int16)
        samples[100] = 1
        assert np.abs(read(write(tmp_path / "a.wav", samples))).max() == pytest.approx(2**-15)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("rate_hz", [16000, 48000])
    def test_read_audio_rejects_nan_and_infinity(self, tmp_path, value, rate_hz):
        samples = sine()
        samples[5] = value
        self.assert_rejected(
            write(tmp_path / "a.wav", samples, rate_hz=rate_hz, subtype="FLOAT"), "^contains NaN or infinite samples$"
        )

    @pytest.mark.parametrize(
        ("kind", "subtype"),
        [
            ("WAV", "PCM_16"),
            ("FLAC", "PCM_16"),
            # Ogg does not state a length, so a truncated file is only shorter.
            ("MP3", "MPEG_LAYER_III"),
        ],
    )
    @pytest.mark.parametrize("share", [0.3, 0.9])
    def test_read_audio_rejects_truncated_file(self, tmp_path, kind, subtype, share):
        if subtype not in soundfile.available_subtypes(kind):
            pytest.skip(f"this libsndfile does not write {kind} {subtype}")
        rng = np.random.default_rng(0)
        samples = sine(seconds=4) + 0.1 * rng.standard_normal(4 * RATE_HZ)
        path = write(tmp_path / "a", samples, kind=kind, subtype=subtype)
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        self.assert_rejected(path, "cut short|cannot be decoded")

    def test_read_audio_rejects_incomplete_header(self, tmp_path):
        path = write(tmp_path / "a.wav", sine())
        path.write_bytes(path.read_bytes()[:20])
        self.assert_rejected(path, "^is not audio that can be read")

    def test_read_audio_rejects_damaged_compressed_file(self, tmp_path):
        path = write(tmp_path / "a.flac", voice("hole", seconds=2.0))
        content = bytearray(path.read_bytes())
        content[len(content) // 2 : len(content) // 2 + 500] = bytes(500)
        path.write_bytes(content)
        self.assert_rejected(path, "^cannot be decoded")


def test_read_audio_wav_without_length_is_read_to_the_end(tmp_path):
    """A WAV file written to a pipe has the largest possible value in both length fields."""
    path = write(tmp_path / "a.wav", sine())
    content = bytearray(path.read_bytes())
    content[4:8] = content[40:44] = struct.pack("<I", 2**32 - 1)
    path.write_bytes(content)
    assert len(read(path)) == RATE_HZ


class TestDuration:
    @pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
    def test_duration_s_matches_the_header(self, tmp_path, rate_hz):
        path = write(tmp_path / "a.flac", sine(rate_hz=rate_hz, seconds=1.25), rate_hz=rate_hz)
        assert duration_s(path) == 1.25

    def test_duration_s_rejects_other_files(self, tmp_path):
        (tmp_path / "a.wav").write_text("no sound")
        with pytest.raises(AudioError, match="is not audio"):
            duration_s(tmp_path / "a.wav")
        with pytest.raises(AudioError, match="does not exist"):
            duration_s(tmp_path / "b.wav")


class TestTrimSilence:
    def trim(self, samples, below_db=40.0):
        return trim_silence(samples, sample_rate_hz=RATE_HZ, below_db=below_db)

    def test_trim_silence_cuts_both_ends(self):
        quiet, loud = np.full(8000, 1e-4, np.float32), sine(seconds=0.5).astype(np.float32)
        trimmed = self.trim(np.concatenate([quiet, loud, quiet]))
        np.testing.assert_array_equal(trimmed, loud)

    def test_trim_silence_keeps_inner_pause(self):
        loud = sine(seconds=0.5)
        samples = np.concatenate([loud, np.zeros(RATE_HZ), loud])
        np.testing.assert_array_equal(self.trim(samples), samples)

    @pytest.mark.parametrize(("below_db", "kept"), [(30.0, False), (50.0, True)])
    def test_trim_silence_threshold_is_relative_to_loudest_frame(self, below_db, kept):
        # The quiet part is 40 dB below the loud part at every level.
        for level in (0.9, 0.01):
            samples = np.concatenate([sine(level=0.01 * level, seconds=0.5), sine(level=level, seconds=0.5)])
            assert len(self.trim(samples, below_db)) == (16000 if kept else 8000)

    @pytest.mark.parametrize("added", [0.05, 0.05 * np.sin(2 * np.pi * 50 * np.arange(24000) / RATE_HZ)])
    def test_trim_silence_does_not_count_what_lies_below_speech(self, added):
        silence = np.zeros(8000)
        samples = (np.concatenate([silence, sine(seconds=0.5), silence]) + added).astype(np.float32)
        trimmed = trim_silence(samples, sample_rate_hz=RATE_HZ, below_db=40.0, remove_below_hz=60.0)
        assert len(trimmed) == 8000
        assert len(self.trim(samples)) == 24000

    def test_trim_silence_keeps_samples_shorter_than_a_frame(self):
        samples = sine(seconds=0.02)
        assert self.trim(samples) is samples

    def test_trim_silence_returns_a_view(self):
        samples = np.concatenate([np.zeros(8000), sine()])
        assert self.trim(samples).base is samples

    def test_trim_silence_keeps_complete_silence(self):
        assert len(self.trim(np.zeros(RATE_HZ))) == RATE_HZ

    @given(
        samples=arrays.arrays(np.float32, st.integers(0, 300), elements=st.floats(-1, 1, width=32)),
        below_db=st.floats(0, 120),
        frame=st.integers(1, 40),
    )
    def test_trim_silence_keeps_loudest_frame(self, samples, below_db, frame):
        trimmed = trim_silence(samples, sample_rate_hz=1000, below_db=below_db, frame_s=frame / 1000)
        assert len(trimmed) <= len(samples)
        if not len(samples):
            return
        assert np.shares_memory(trimmed, samples)
        first = (trimmed.__array_interface__["data"][0] - samples.__array_interface__["data"][0]) // samples.itemsize
        assert first % frame == 0
        np.testing.assert_array_equal(trimmed, samples[first : first + len(trimmed)])
        power = [
            np.square(samples[start : start + frame], dtype=np.float64).mean()
            for start in range(0, len(samples) - frame + 1, frame)
        ]
        if power:
            loudest = int(np.argmax(power)) * frame
            assert first <= loudest
            assert loudest + frame <= first + len(trimmed)

    @given(samples=arrays.arrays(np.float32, st.integers(40, 300), elements=st.floats(-1, 1, width=32)))
    def test_trim_silence_lower_threshold_keeps_more(self, samples):
        lengths = [len(trim_silence(samples, sample_rate_hz=1000, below_db=below_db)) for below_db in (10, 20, 40, 80)]
        assert lengths == sorted(lengths)
