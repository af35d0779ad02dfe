"""Headers that state a wrong length: the audio is read to its end."""

import io
import struct

import numpy as np
import pytest
import soundfile

from ser_fop.corpora.audio import AudioError, duration_s, read_audio
from ser_fop.corpora.containers import flac, mp3

RATE_HZ = 16000
SECONDS = 13


@pytest.fixture(scope="module")
def sound():
    """Return noise that is loud for two seconds and quiet after, so that a bit rate estimated early is wrong."""
    level = np.where(np.arange(SECONDS * RATE_HZ) < 2 * RATE_HZ, 0.2, 0.002)
    return (np.random.default_rng(0).normal(size=SECONDS * RATE_HZ) * level).clip(-1, 1).astype(np.float32)


def encoded(sound, kind, subtype="PCM_16"):
    file = io.BytesIO()
    soundfile.write(file, sound, RATE_HZ, format=kind, subtype=subtype)
    return bytearray(file.getvalue())


def read(path):
    return read_audio(path, sample_rate_hz=RATE_HZ)


def assert_whole(path, sound, *, atol=2**-15):
    assert duration_s(path) == pytest.approx(SECONDS, abs=1e-3)
    np.testing.assert_allclose(read(path), sound, atol=atol)


class TestWav:
    @pytest.mark.parametrize("size", [0, SECONDS * RATE_HZ, 0xFFFFFFFF, 0x7FFFFFFF])
    @pytest.mark.parametrize("is_riff_size_wrong", [False, True])
    def test_wav_with_wrong_data_size_is_read_to_its_end(self, tmp_path, sound, size, is_riff_size_wrong):
        content = encoded(sound, "WAV")
        at = content.index(b"data") + 4
        content[at : at + 4] = struct.pack("<I", size)
        if is_riff_size_wrong:
            content[4:8] = struct.pack("<I", min(0xFFFFFFFF, size + 36))
        (tmp_path / "a.wav").write_bytes(content)
        assert_whole(tmp_path / "a.wav", sound)

    def test_wav_with_chunks_after_the_samples_keeps_its_length(self, tmp_path, sound):
        chunk = b"LIST" + struct.pack("<I", 12) + b"INFOabcdefgh"
        foreign = b"\x01\x80\xff\x02" + struct.pack("<I", 6) + b"\x01\x02\x03\x04\x05\x06"
        rests = [chunk, foreign, bytes(2048), b"\xff" * 255, b"TAG" + bytes(range(125)), b"a note\n", chunk + chunk]
        for number, rest in enumerate(rests):
            path = tmp_path / f"{number}.wav"
            path.write_bytes(encoded(sound, "WAV") + rest)
            assert_whole(path, sound)

    @pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24"])
    def test_wav_of_odd_size_without_pad_byte_keeps_its_length(self, tmp_path, sound, subtype):
        content = encoded(sound[:15999], "WAV", subtype)
        at = content.index(b"data")
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        content = content[: at + 8 + size] + b"LIST" + struct.pack("<I", 52) + bytes(range(100, 152))
        content[4:8] = struct.pack("<I", len(content) - 8)
        (tmp_path / "a.wav").write_bytes(content)
        assert len(read(tmp_path / "a.wav")) == 15999

    @pytest.mark.parametrize("kind", ["WAV", "WAVEX", "AIFF", "AU", "RF64", "W64"])
    def test_half_of_a_file_is_cut_short(self, tmp_path, sound, kind):
        content = encoded(sound, kind)
        (tmp_path / "a").write_bytes(content[: len(content) // 2])
        with pytest.raises(AudioError, match="is cut short"):
            duration_s(tmp_path / "a")

    def test_wav_that_promises_more_is_cut_short(self, tmp_path, sound):
        (tmp_path / "a.wav").write_bytes(encoded(sound, "WAV")[:-1000])
        with pytest.raises(AudioError, match=r"is cut short: it contains 415000 of 416000 bytes"):
            read(tmp_path / "a.wav")

    def test_float_wav_in_an_open_file(self, sound):
        content = encoded(sound, "WAV", "FLOAT")
        at = content.index(b"data") + 4
        content[at : at + 4] = bytes(4)
        np.testing.assert_allclose(read(io.BytesIO(content)), sound, atol=1e-7)


@pytest.mark.parametrize("size", [0, SECONDS * RATE_HZ])
class TestBigEndian:
    def test_aiff_with_wrong_sizes_is_read_to_its_end(self, tmp_path, sound, size):
        content = encoded(sound, "AIFF")
        frames_at, size_at = content.index(b"COMM") + 10, content.index(b"SSND") + 4
        content[frames_at : frames_at + 4] = struct.pack(">I", size // 2)
        content[size_at : size_at + 4] = struct.pack(">I", size + 8)
        (tmp_path / "a.aiff").write_bytes(content)
        assert_whole(tmp_path / "a.aiff", sound)

    def test_au_with_wrong_size_is_read_to_its_end(self, tmp_path, sound, size):
        content = encoded(sound, "AU")
        byteorder = ">" if content[:4] == b".snd" else "<"
        content[8:12] = struct.pack(byteorder + "I", size)
        (tmp_path / "a.au").write_bytes(content)
        assert_whole(tmp_path / "a.au", sound)


def flac_with(sound, samples):
    content = encoded(sound, "FLAC")
    content[21:26] = (int.from_bytes(content[21:26], "big") >> 36 << 36 | samples).to_bytes(5, "big")
    return content


def find(content):
    content = bytes(content)
    return flac.find_samples(content[: flac.HEADER], content[flac.HEADER :][-flac.SEARCHED :])


class TestFlac:
    @pytest.mark.parametrize("samples", [0, 1, SECONDS * RATE_HZ // 2])
    def test_flac_with_wrong_total_is_read_to_its_end(self, tmp_path, sound, samples):
        (tmp_path / "a.flac").write_bytes(flac_with(sound, samples))
        assert_whole(tmp_path / "a.flac", sound)

    def test_flac_of_unknown_length_and_one_frame(self, tmp_path, sound):
        (tmp_path / "a.flac").write_bytes(flac_with(sound[:3000], 0))
        assert len(read(tmp_path / "a.flac")) == 3000

    def test_flac_of_unknown_length_without_readable_frames_is_refused(self, tmp_path, sound):
        (tmp_path / "a.flac").write_bytes(flac_with(sound, 0)[:60] + bytes(2000))
        with pytest.raises(AudioError, match="states no length, and none can be found"):
            duration_s(tmp_path / "a.flac")

    def test_flac_that_promises_more_is_cut_short(self, tmp_path, sound):
        (tmp_path / "a.flac").write_bytes(flac_with(sound, 10 * len(sound)))
        with pytest.raises(AudioError, match=r"is cut short: it contains 208000 of 2080000 samples"):
            read(tmp_path / "a.flac")

    @pytest.mark.parametrize("channels", [1, 2])
    @pytest.mark.parametrize("seconds", [0.01, 0.5, 3.0])
    def test_right_length_is_believed(self, sound, channels, seconds):
        part = np.stack([sound[: round(seconds * RATE_HZ)]] * channels, axis=1)
        assert find(encoded(part, "FLAC")) is None

    def test_noise_after_the_frames_is_no_frame(self, sound):
        noise = np.random.default_rng(1).bytes(1 << 18)
        assert find(encoded(sound, "FLAC") + noise) is None


def mp3_frames(content):
    starts, _ = mp3._walk(bytes(content))
    return starts


def encoded_mp3(sound, mode="VARIABLE"):
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", RATE_HZ, 1, format="MP3", subtype="MPEG_LAYER_III", bitrate_mode=mode, compression_level=0.5
    ) as writer:
        writer.write(sound)
    return file.getvalue()


class TestMp3:
    @pytest.mark.parametrize("mode", ["VARIABLE", "CONSTANT"])
    @pytest.mark.parametrize("before", [b"", b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128)])
    @pytest.mark.parametrize("after", [b"", b"TAG" + bytes(125)])
    def test_mp3_without_xing_header_is_read_to_its_end(self, tmp_path, sound, mode, before, after):
        content = encoded_mp3(sound, mode)
        (tmp_path / "a.mp3").write_bytes(before + content[mp3_frames(content)[1] :] + after)
        assert duration_s(tmp_path / "a.mp3") == pytest.approx(SECONDS, abs=0.11)
        assert len(read(tmp_path / "a.mp3")) == pytest.approx(SECONDS * RATE_HZ, abs=1800)

    def test_joined_mp3s_are_read_to_their_end(self, tmp_path, sound):
        (tmp_path / "a.mp3").write_bytes(2 * encoded_mp3(sound))
        assert len(read(tmp_path / "a.mp3")) == pytest.approx(2 * SECONDS * RATE_HZ, abs=3600)

    def test_mp3_whose_header_promises_more_is_cut_short(self, tmp_path, sound):
        content = encoded_mp3(sound)
        (tmp_path / "a.mp3").write_bytes(content[: len(content) // 2])
        with pytest.raises(AudioError, match=r"is cut short: it contains \d+ of 20\d{4} samples"):
            read(tmp_path / "a.mp3")

    def test_right_length_is_believed(self, sound):
        content = encoded_mp3(sound)
        assert mp3.restate(content, reported=SECONDS * RATE_HZ) is None
