"""Measure `info` and `prepare` on a tree with as many names as Speech Commands v2: `python -m benchmarks.keyword_tree`.

The tree has the layout and the 105,829 names of the release's size, 35 words and 2,618 speakers, but tiny clips: hard links
to one clip for each word. Each stage runs as a command in its own process, and its time includes the start of TensorFlow.
"""

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ser_fop.corpora.speech_commands import WORDS
from ser_fop.corpora.speech_commands_split import LISTS, part_of_speaker
from ser_fop.testing.tones import write_voice

UTTERANCES, SPEAKERS = 105_829, 2_618
NOISES = ("doing_the_dishes", "dude_miaowing", "exercise_bike", "pink_noise", "running_tap", "white_noise")
MAX_SECONDS, MAX_GIB = 300.0, 1.5


def make_tree(root: Path, *, utterances: int = UTTERANCES, clip_s: float = 0.25) -> Path:
    """Write a tree of Speech Commands v2 with tiny clips.

    Args:
        root: Folder of the words.
        utterances: Number of recordings, dealt to the words and to random speakers.
        clip_s: Duration of a recording, in seconds.

    Returns:
        `root`.
    """
    drawn = random.Random(0)
    speakers = [f"{drawn.getrandbits(32):08x}" for _ in range(SPEAKERS)]
    names = []
    for number, word in enumerate(WORDS):
        count = utterances // len(WORDS) + (number < utterances % len(WORDS))
        of_word = [f"{word}/{speakers[one % SPEAKERS]}_nohash_{one // SPEAKERS}.wav" for one in range(count)]
        write_voice(root / of_word[0], speaker=word, seconds=clip_s)
        for name in of_word[1:]:
            os.link(root / of_word[0], root / name)
        names += of_word
    for name in NOISES:
        write_voice(root / "_background_noise_" / f"{name}.wav", speaker=name, seconds=60.0)
    for name, part in LISTS.items():
        listed = (one for one in names if part_of_speaker(one.partition("/")[2].partition("_")[0]) == part)
        (root / name).write_text("".join(f"{one}\n" for one in listed), encoding="utf-8")
    return root


def main() -> None:
    """Measure, and print one line for each command and protocol."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=UTTERANCES)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = make_tree(Path(folder) / "tree", utterances=options.utterances)
        within = True
        for one in _measured(tree, Path(folder)):
            print(json.dumps(one), flush=True)
            within &= one["seconds"] <= MAX_SECONDS and one["peak_gib"] <= MAX_GIB
    print(f"{'within' if within else 'NOT within'} {MAX_SECONDS:g} s and {MAX_GIB:g} GiB for each command")


def _measured(tree: Path, folder: Path) -> Iterator[dict[str, str | float]]:
    for labels, stage in itertools.product(("", "12-class"), ("info", "prepare")):
        command = [stage, "--corpus", "speech_commands", "--audio-dir", str(tree)]
        command += ["--labels", labels] if labels else []
        command += ["--out", str(folder / f"records{labels}")] if stage == "prepare" else []
        yield {"stage": stage, "labels": labels or "all words", **_run(command)}


def _run(command: list[str]) -> dict[str, float]:
    """Return seconds, processor seconds and peak memory of a command."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    started = time.perf_counter()
    program = [sys.executable, "-m", f"ser_fop.pipelines.{command[0]}", *command[1:]]
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed.")
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_gib": round(usage.ru_maxrss / 2**20, 3),
    }


if __name__ == "__main__":
    main()
