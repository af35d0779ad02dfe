"""Deterministic folders of speech-like audio, for benchmarks without a corpus."""

import csv
from pathlib import Path

import numpy as np

MANIFEST = "manifest.csv"
RATE_HZ = 16000
_MINUTE_S = 60.0
_SPEAKERS = 10


def write_speech(folder: Path, lengths: np.ndarray) -> Path:
    """Write a 16-bit WAV file for each length, and a manifest for the corpus `csv`.

    Args:
        folder: Folder to write.
        lengths: Length of each utterance, in hundredths of a second.

    Returns:
        The path of the manifest.
    """
    import soundfile

    block = voiced_minute()
    folder.mkdir(parents=True)
    rows = []
    for number, length in enumerate(lengths):
        samples = int(length) * RATE_HZ // 100
        first = 7919 * number % (len(block) - samples)
        rows.append((f"utterance-{number:06d}.wav", f"speaker-{number % _SPEAKERS}", ""))
        soundfile.write(folder / rows[-1][0], block[first : first + samples], RATE_HZ, subtype="PCM_16")
    with (folder / MANIFEST).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "speaker", "emotion"))
        writer.writerows(rows)
    return folder / MANIFEST


def voiced_minute() -> np.ndarray:
    """Return a minute of noise and of harmonics with a varying pitch, with four syllables per second."""
    seconds = np.arange(int(_MINUTE_S * RATE_HZ)) / RATE_HZ
    pitch_hz = 140 + 40 * np.sin(2 * np.pi * 0.31 * seconds)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / RATE_HZ
    voiced = sum(np.sin(number * phase) / number for number in range(1, 13))
    noise = np.random.default_rng(0).normal(size=len(seconds))
    syllables = 0.05 + 0.95 * np.sin(2 * np.pi * 2 * seconds) ** 2
    return (0.1 * syllables * (voiced + 0.2 * noise)).astype(np.float32)
