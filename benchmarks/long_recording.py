"""What `predict` answers in a long recording: `python -m benchmarks.long_recording SPEECH_FOLDER [--hours 24]`.

The recording mixes stretches of speech, music, noise, room noise and digital silence, in random order. The speech comes
from the audio files of a folder, at random levels; the music is synthetic: chords with drums. `ser-fop predict --window-s 3
--hop-s 3` reads it, and each answer is counted under the kind of sound that its window lies in.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile

from ser_fop.config.inference_stages import DEFAULT_MODEL
from ser_fop.corpora.audio import read_audio
from ser_fop.corpora.recording_changes import coloured_noise
from ser_fop.utils.run_folder import machine

RESULTS = Path(__file__).parent / "long_recording.json"
_RATE_HZ = 16000
_WINDOW_S = 3.0
# Length of a stretch, in windows, and levels of its sound.
_WINDOWS = (2, 20)
_LEVEL_DB = (-45.0, -12.0)
_SEMITONE = 2 ** (1 / 12)
_MOST_FILES = 2000
# Windows next to another kind of sound: speech is looked for in blocks of a second, which may reach into the neighbour.
BORDER = "border of two kinds"

Sound = Callable[[int, np.random.Generator], np.ndarray]


def music(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return chords of plucked notes with a drum, (count,)."""
    beat = round(_RATE_HZ * 60 / generator.uniform(80, 150))
    samples = np.zeros(count)
    times = np.arange(2 * beat) / _RATE_HZ
    for start in range(0, count, beat):
        root_hz = 110 * _SEMITONE ** int(generator.choice([0, 3, 5, 7, 10]))
        note = sum(
            np.sin(2 * np.pi * root_hz * _SEMITONE**third * harmonic * times) / harmonic
            for third in (0, 4, 7)
            for harmonic in range(1, 6)
        ) * np.exp(-3 * times)
        drum = generator.normal(size=len(times)) * np.exp(-60 * times)
        length = min(len(times), count - start)
        samples[start : start + length] += (note + 2 * drum)[:length]
    return samples


def noise(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return white to brown noise, (count,)."""
    return coloured_noise(count, generator.uniform(0, 6), generator)


def speech_of(folder: Path) -> Sound:
    """Return a function that puts recordings of a folder one after another, with short pauses."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in (".flac", ".wav", ".ogg"))

    def speech(count: int, generator: np.random.Generator) -> np.ndarray:
        parts: list[np.ndarray] = []
        while sum(map(len, parts)) < count:
            samples = read_audio(paths[generator.integers(min(len(paths), _MOST_FILES))], sample_rate_hz=_RATE_HZ)
            parts += [samples / max(np.abs(samples).max(), 1e-9), np.zeros(round(generator.uniform(0, 0.4) * _RATE_HZ))]
        return np.concatenate(parts)[:count]

    return speech


def stretches(folder: Path, hours: float, seed: int = 0) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the kind and the samples of stretches until the recording has its length.

    Args:
        folder: Folder of speech.
        hours: Length of the recording.
        seed: Seed of order, lengths, levels and sounds.
    """
    generator = np.random.default_rng(seed)
    kinds: dict[str, Sound] = {
        "speech": speech_of(folder),
        "music": music,
        "noise": noise,
        "room noise": lambda count, _: 1e-4 * generator.normal(size=count),
        "digital silence": lambda count, _: np.zeros(count),
    }
    left = round(hours * 3600 / _WINDOW_S)
    while left > 0:
        kind = str(generator.choice(list(kinds), p=[0.4, 0.2, 0.15, 0.15, 0.1]))
        windows = min(left, int(generator.integers(*_WINDOWS)))
        samples = kinds[kind](round(windows * _WINDOW_S * _RATE_HZ), generator)
        if kind in ("speech", "music", "noise"):
            loudest = max(np.sqrt(np.mean(np.square(samples))), 1e-9)
            samples = samples * 10 ** (generator.uniform(*_LEVEL_DB) / 20) / loudest
        left -= windows
        yield kind, np.clip(samples, -1, 1)


def measure(model: str, folder: Path, hours: float) -> dict[str, object]:
    """Write the recording, let `ser-fop predict` read it, and count its answers by kind of sound."""
    kinds: list[str] = []
    with tempfile.TemporaryDirectory() as temporary:
        path, answers = Path(temporary) / "long.wav", Path(temporary) / "answers.csv"
        with soundfile.SoundFile(path, "w", _RATE_HZ, 1, "PCM_16") as file:
            for kind, samples in stretches(folder, hours):
                file.write(samples)
                kinds += [kind] * round(len(samples) / _WINDOW_S / _RATE_HZ)
        command = ["ser-fop", "predict", "--model", model, "--window-s", f"{_WINDOW_S:g}", "--hop-s", f"{_WINDOW_S:g}"]
        started = time.perf_counter()
        subprocess.run([*command, "--csv", "--out", str(answers), str(path)], check=True)
        seconds = time.perf_counter() - started
        with answers.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        place = min(int(float(row["start_s"]) // _WINDOW_S), len(kinds) - 1)
        around = set(kinds[max(0, place - 1) : place + 2])
        found[kinds[place] if len(around) == 1 else BORDER][_outcome(row)] += 1
    shares = {
        kind: {name: count / counts.total() for name, count in counts.most_common()} for kind, counts in found.items()
    }
    windows = {kind: counts.total() for kind, counts in found.items()}
    facts = {"model": model, "hours": hours, "seconds": seconds, "windows": windows, "machine": machine()}
    return {**facts, "shares": shares}


def _outcome(row: dict[str, str]) -> str:
    """Return what a window was answered: a class, `unsure`, or why it was refused."""
    answer = next(text for name, text in row.items() if name not in ("file", "start_s", "end_s"))
    return answer or row["problem"] or row["reason"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and, if asked, store the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--record", action="store_true", help=f"store the figures in {RESULTS.name}")
    options = parser.parse_args(arguments)
    found = measure(options.model, options.folder, options.hours)
    for kind, shares in found["shares"].items():
        print(
            f"{kind} ({found['windows'][kind]} windows): "
            + ", ".join(f"{a} {100 * s:.1f} %" for a, s in shares.items())
        )
    print(f"{options.hours:g} h in {found['seconds']:.0f} s", file=sys.stderr)
    if options.record:
        RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
