"""Short synthetic sounds that depend on speaker and emotion, for the fake corpora."""

import wave
import zlib
from pathlib import Path

import numpy as np
import soundfile

# Pitch factor, level and tremor (Hz) of an emotion, by the first three letters of its name in any corpus.
_MANNERS = {
    "neu": (1.0, 0.10, 2.0),
    "cal": (0.9, 0.06, 1.0),
    "hap": (1.5, 0.20, 5.0),
    "exc": (1.6, 0.24, 6.0),
    "sad": (0.8, 0.03, 1.5),
    "bor": (0.7, 0.05, 1.0),
    "ang": (1.3, 0.35, 9.0),
    "fea": (1.8, 0.12, 11.0),
    "dis": (0.9, 0.15, 4.0),
    "sur": (2.0, 0.22, 3.0),
}


def voice(name: str, *, speaker: str = "", emotion: str = "", rate_hz: int = 16000, seconds: float = 0.4) -> np.ndarray:
    """Return a harmonic sound in noise; the same arguments give the same samples.

    Args:
        name: Seed of all random numbers.
        speaker: Name that determines the base pitch, 90 to 230 Hz.
        emotion: Name that determines pitch factor, level and tremor; unknown names are neutral.
        rate_hz: Sampling rate in Hz.
        seconds: Duration in seconds.

    Returns:
        Samples of shape (samples,), int16.
    """
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    factor, level, tremor_hz = _MANNERS.get(emotion[:3].lower(), _MANNERS["neu"])
    base_hz = 90 + zlib.crc32(f"voice of {speaker}".encode()) % 140
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    pitch_hz = base_hz * factor * rng.uniform(0.9, 1.1) * (1 + 0.05 * np.sin(2 * np.pi * tremor_hz * time_s))
    phase = 2 * np.pi * np.cumsum(pitch_hz) / rate_hz
    sound = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 6))
    sound = level * rng.uniform(0.7, 1.4) * sound + 0.005 * rng.standard_normal(time_s.size)
    return np.round(np.clip(sound, -1, 1) * 32767).astype("<i2")


def write_voice(
    path: Path, *, speaker: str = "", emotion: str = "", rate_hz: int = 16000, seconds: float = 0.4, channels: int = 1
) -> None:
    """Write a `voice` as 16-bit `.wav` or `.flac`, or as `.ogg` (Vorbis), by the suffix; create missing folders.

    Args:
        path: File to write; its name is the seed of the sound.
        speaker: As in `voice`.
        emotion: As in `voice`.
        rate_hz: Sampling rate in Hz.
        seconds: Duration in seconds.
        channels: Number of identical channels.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = voice(path.stem, speaker=speaker, emotion=emotion, rate_hz=rate_hz, seconds=seconds)
    samples = np.repeat(samples[:, None], channels, axis=1)
    if path.suffix == ".flac":
        soundfile.write(path, samples, rate_hz, subtype="PCM_16")
        return
    if path.suffix == ".ogg":
        soundfile.write(path, samples, rate_hz, subtype="VORBIS")
        return
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())


def write_text(path: Path, text: str) -> None:
    """Write a text file; create missing folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_apple_double(path: Path) -> None:
    """Write the AppleDouble file that macOS adds next to `path` on foreign disks: `._` and the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / f"._{path.name}").write_bytes(b"\x00\x05\x16\x07" + bytes(28))
