"""Predict the emotion of recordings: `ser-fop predict --model runs/ft a.wav folder/ list.csv - [--json | --csv]`."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from tqdm import tqdm

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import PredictConfig
from ser_fop.corpora.audio import NO_SPEECH, SILENT, AudioError
from ser_fop.errors import InputError
from ser_fop.inference.inputs import recordings_of
from ser_fop.inference.loading import load
from ser_fop.inference.outputs import POOLED_PREFIX
from ser_fop.inference.predictor import check_window
from ser_fop.inference.writing import write_answers
from ser_fop.utils.new_file import check_output, new_file


def run(config: PredictConfig) -> None:
    """Predict every recording; report the failed ones on standard error and continue.

    Raises:
        InputError: At the end, if any recording failed. A recording without sound or speech is no failure.
    """
    if config.json and config.csv:
        raise InputError("expected one output format, received --json and --csv. Choose one.")
    if config.hop_s and not config.window_s:
        raise InputError("--hop-s is the distance between windows, and needs --window-s. Give --window-s too.")
    check_window(config.window_s, config.hop_s)
    for option, path in (("--out", config.out), ("--hypercolumns", config.hypercolumns)):
        if path is not None:
            check_output(path, option)
    recordings = recordings_of(config.inputs, report=_report_left_out)
    predictor = load(config.model, detect_speech=config.detect_speech, runtime=config.runtime)
    failed: set[str] = set()
    if config.hypercolumns:
        failed |= _write_hypercolumns(config.hypercolumns, predictor, recordings)
        if not predictor.labels:
            _raise_if_failed(len(failed), recordings)
            return

    def count_failures(predictions: Iterable[Any]) -> Iterator[Any]:
        for prediction in predictions:
            if prediction.problem and prediction.problem not in (SILENT, NO_SPEECH):
                failed.add(prediction.name)
                print(f"ser-fop predict: {prediction.name} {prediction.problem}", file=sys.stderr)
            yield prediction

    layout = "json" if config.json else "csv" if config.csv else "table"
    with _open_output(config.out) as file:
        predictions = predictor.predict_many(
            _with_progress(recordings, config.out), window_s=config.window_s, hop_s=config.hop_s
        )
        write_answers(
            count_failures(predictions), file, layout=layout, labels=predictor.labels, target=predictor.spec.target
        )
    _raise_if_failed(len(failed), recordings)


def _report_left_out(line: str) -> None:
    """Report an audio file of a folder that is not read; it is no failure, since nobody named it."""
    print(f"ser-fop predict: note: {line}", file=sys.stderr)


def _raise_if_failed(failed: int, recordings: list[Any]) -> None:
    if failed:
        raise InputError(
            f"{failed} of {len(recordings)} recordings could not be processed; the reasons are listed above."
        )


def _with_progress(recordings: list[Any], out: Path | None) -> Iterator[Any]:
    """Yield the recordings with a progress bar, unless predictions appear on the terminal."""
    quiet = len(recordings) < 2 or (out is None and sys.stdout.isatty())
    yield from tqdm(recordings, unit="file", desc="predict", disable=quiet or None)


@contextlib.contextmanager
def _open_output(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with new_file(out) as path, path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield file


def _write_hypercolumns(path: Path, predictor: Any, recordings: list[Any]) -> set[str]:
    """Write the pooled features, one row per recording, with the names; return the names of the failed recordings.

    A silent recording has no row, and is no failure.
    """
    rows: dict[str, dict[str, Any]] = {}
    failed: set[str] = set()
    for number, recording in enumerate(recordings):
        try:
            hypercolumns = predictor.hypercolumns(recording)
            rows[f"{number}:{recording.name}"] = {
                name: hypercolumns[name] for name in hypercolumns if name.startswith(POOLED_PREFIX)
            }
        except AudioError as error:
            print(f"ser-fop predict: {error}", file=sys.stderr)
            if not str(error).endswith(SILENT):
                failed.add(recording.name)
    if not rows:
        raise InputError(
            "expected at least one readable recording for --hypercolumns, received none; the reasons are listed above."
        )
    features = list(next(iter(rows.values())))
    arrays = {name.removeprefix(POOLED_PREFIX): np.stack([row[name] for row in rows.values()]) for name in features}
    if path.suffix != ".npz":  # as NumPy names it
        path = path.with_name(f"{path.name}.npz")
    with new_file(path) as unfinished:
        np.savez(unfinished, names=np.array([key.partition(":")[2] for key in rows]), **arrays)
    print(f"hypercolumns of {len(rows)} recordings -> {path}", file=sys.stderr)
    return failed


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("predict", PredictConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
