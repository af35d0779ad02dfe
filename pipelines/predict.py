"""The emotion of recordings: `ser-fop predict --model runs/ft a.wav folder/ list.csv - [--json | --csv]`."""

import contextlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from tqdm import tqdm

from ser_fop.cli import run_stage
from ser_fop.config.inference_stages import PredictConfig
from ser_fop.corpora.audio import SILENT, AudioError
from ser_fop.errors import InputError
from ser_fop.inference.inference_model import POOLED_PREFIX
from ser_fop.inference.inputs import recordings_of
from ser_fop.inference.predictor import check_window, load
from ser_fop.inference.writing import write_answers


def run(config: PredictConfig) -> None:
    """Answer for every recording; those that cannot be read are named, and the rest go on."""
    if config.json and config.csv:
        raise InputError("--json and --csv are two layouts: choose one.")
    if config.hop_s and not config.window_s:
        raise InputError("--hop-s is the distance between windows: give --window-s too.")
    check_window(config.window_s, config.hop_s)  # before a file of answers is opened
    recordings = recordings_of(config.inputs)
    predictor = load(config.model)
    if config.hypercolumns:
        unread = _write_hypercolumns(config.hypercolumns, predictor, recordings)
        if not predictor.labels:
            _raise_if_any(unread, recordings)
            return
    failed = []

    def counted(answers: Iterable[Any]) -> Iterator[Any]:
        for answer in answers:
            if answer.problem and answer.problem != SILENT:
                failed.append(answer)
                print(f"ser-fop predict: {answer.name} {answer.problem}", file=sys.stderr)
            yield answer

    layout = "json" if config.json else "csv" if config.csv else "table"
    with _opened(config.out) as file:
        answers = predictor.predict_many(_shown(recordings, config.out), window_s=config.window_s, hop_s=config.hop_s)
        write_answers(counted(answers), file, layout=layout, labels=predictor.labels)
    _raise_if_any(len(failed), recordings)


def _raise_if_any(failed: int, recordings: list[Any]) -> None:

    if failed:
        raise InputError(f"{failed} of {len(recordings)} recordings could not be recognised; they are named above.")


def _shown(recordings: list[Any], out: Path | None) -> Iterator[Any]:
    """Give the recordings with a progress bar, unless the answers themselves show how far it is."""
    quiet = len(recordings) < 2 or (out is None and sys.stdout.isatty())
    yield from tqdm(recordings, unit="file", desc="predict", disable=quiet or None)


@contextlib.contextmanager
def _opened(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        yield file


def _write_hypercolumns(path: Path, predictor: Any, recordings: list[Any]) -> int:
    """Write the pooled features of what can be read, a row a recording, with the names; return how many cannot be."""
    rows: dict[str, dict[str, Any]] = {}
    for number, recording in enumerate(recordings):
        try:
            found = predictor.hypercolumns(recording)
            rows[f"{number}:{recording.name}"] = {name: found[name] for name in found if name.startswith(POOLED_PREFIX)}
        except AudioError as error:
            print(f"ser-fop predict: {error}", file=sys.stderr)
    if not rows:
        raise InputError("none of the recordings can be read: there are no hypercolumns to write.")
    features = list(next(iter(rows.values())))
    arrays = {name.removeprefix(POOLED_PREFIX): np.stack([row[name] for row in rows.values()]) for name in features}
    np.savez(path, names=np.array([key.partition(":")[2] for key in rows]), **arrays)
    print(f"hypercolumns of {len(rows)} recordings -> {path}", file=sys.stderr)
    return len(recordings) - len(rows)


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("predict", PredictConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
