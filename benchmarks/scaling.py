"""Measure the cost of each stage as a corpus grows: `python -m benchmarks.scaling RAVDESS [--hours 0.2 2 20] [--record]`.

The corpus in the folder RAVDESS is repeated with new ids and speakers, without copies of files, until it has the given
length. Each stage is a command in its own process. Its time includes the start of TensorFlow; training runs for one
epoch.
"""

import argparse
import csv
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ser_fop.corpora.audio import duration_s
from ser_fop.corpora.base import ReadOptions
from ser_fop.corpora.ravdess import CORPUS
from ser_fop.utils.run_folder import machine, versions

RESULTS = Path(__file__).parent / "scaling.json"
_FOLD = ["--fold", "0"]
_EPOCH = ["--epochs", "1"]
# Options of each stage, without --out; {name} is the folder of an earlier stage.
STAGES = {
    "prepare": ["prepare", "--corpus", "csv", "--audio-dir", "{audio}", "--manifest", "{manifest}"],
    "pretrain": ["pretrain", "--records", "{prepare}", *_FOLD, *_EPOCH],
    "finetune": ["finetune", "--records", "{prepare}", "--pretrained", "{pretrain}", *_FOLD, *_EPOCH],
    "extract": ["extract", "--records", "{prepare}", "--pretrained", "{pretrain}"],
    "classify, logistic": ["classify", "--hypercolumns", "{extract}", "--classifier", "logistic", *_FOLD],
    "classify, forest": ["classify", "--hypercolumns", "{extract}", "--classifier", "rf", *_FOLD],
    "classify, SVM": ["classify", "--hypercolumns", "{extract}", "--classifier", "svm", *_FOLD],
}


def main() -> None:
    """Measure, and print one line for each stage and size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("audio", type=Path)
    parser.add_argument("--hours", type=float, nargs="+", default=[0.2, 2.0, 20.0])
    parser.add_argument("--at-most-s", type=float, default=900.0, help="time limit of a stage, in seconds")
    parser.add_argument("--record", action="store_true", help=f"store the figures in {RESULTS.name}")
    options = parser.parse_args()
    rows = _rows(options.audio)
    found = []
    for hours in options.hours:
        with tempfile.TemporaryDirectory() as folder:
            for one in _measured(Path(folder), options.audio, rows, hours=hours, at_most_s=options.at_most_s):
                print(json.dumps(one), flush=True)
                found.append(one)
                if options.record:
                    results = {"machine": machine(), "versions": versions(), "measured": found}
                    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _rows(audio: Path) -> list[dict[str, Any]]:
    """Return the rows of the corpus: file, speaker, emotion, id and seconds, with speakers and emotions mixed."""
    listed = CORPUS.read(audio, ReadOptions()).utterances
    ordered = sorted(listed, key=lambda one: hashlib.sha256(one.id.encode()).digest())
    return [
        {"file": one.file, "speaker": one.speaker, "emotion": one.label, "id": one.id}
        | {"seconds": duration_s(audio / one.file)}
        for one in ordered
    ]


def _manifest(path: Path, rows: list[dict[str, Any]], hours: float) -> None:
    """Write rows with a total length of `hours`; each pass over the corpus has new ids and speakers."""
    remaining_s, position = 3600 * hours, 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", "speaker", "emotion", "id"])
        writer.writeheader()
        while remaining_s > 0:
            pass_number, number = divmod(position, len(rows))
            row = dict(rows[number])
            remaining_s -= row.pop("seconds")
            writer.writerow({**row, "speaker": f"{row['speaker']}-{pass_number}", "id": f"{row['id']}-{pass_number}"})
            position += 1


def _measured(
    folder: Path, audio: Path, rows: list[dict[str, Any]], *, hours: float, at_most_s: float
) -> Iterator[dict[str, Any]]:
    """Run every stage; a stage over the time limit has no seconds, and stages that read its output are skipped."""
    manifest = folder / "manifest.csv"
    _manifest(manifest, rows, hours)
    paths = {"audio": audio.absolute(), "manifest": manifest, **{name: folder / name for name in STAGES}}
    found = []
    for name, options in STAGES.items():
        if any(f"{{{one['stage']}}}" in options and one["seconds"] is None for one in found):
            continue  # its input is missing
        command = [option.format(**paths) for option in options] + ["--out", str(folder / name)]
        seconds, peak_gib = _run(command, at_most_s)
        one = {"stage": name, "hours": hours, "seconds": seconds, "peak_gib": peak_gib}
        if seconds is not None:
            one["disk_mb"] = sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file()) / 1e6
        found.append(one)
        yield one


def _run(command: list[str], at_most_s: float) -> tuple[float | None, float]:
    """Return the seconds of a command and the peak memory of its process, in GiB."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    program = [sys.executable, "-m", f"ser_fop.pipelines.{command[0]}", *command[1:]]
    started = time.perf_counter()
    process = subprocess.Popen(program, stdout=subprocess.DEVNULL, env=environment)
    ended = 0
    while not ended:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if not ended and time.perf_counter() - started > at_most_s:
            process.kill()
            os.wait4(process.pid, 0)
            return None, 0.0
        time.sleep(0.02)
    if status:
        raise SystemExit(f"{' '.join(command)} failed.")
    return time.perf_counter() - started, usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
