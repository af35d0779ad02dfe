"""Compute openSMILE functionals for `classify`.

`ser-fop functionals --records records/ravdess --audio-dir RAVDESS --out functionals/ravdess`
"""

import functools
import os
import time
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import FunctionalsConfig
from ser_fop.data.prepare.sources import changed_audio
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.hypercolumns.functionals import pooled_functionals
from ser_fop.hypercolumns.pooled_features import ARRAYS, write_pooled
from ser_fop.utils.run_folder import Stage
from ser_fop.utils.run_once import run_once


def run(config: FunctionalsConfig) -> Path:
    """Compute the functionals of a corpus, unless the run folder is complete."""
    work = functools.partial(compute, config, Records(config.records))
    digests = {"audio_dir": "compared by content"}
    check = functools.partial(_check_complete, config)
    return run_once("functionals", config, work, inputs={"records": [config.records]}, digests=digests, check=check)


def compute(config: FunctionalsConfig, records: Records, stage: Stage) -> Path:
    """Compute and write the functionals of every utterance; return the run folder."""
    started = time.perf_counter()
    _check_audio(config)
    pooled = pooled_functionals(records, config.audio_dir, sets=config.sets, jobs=config.jobs or os.cpu_count() or 1)
    write_pooled(stage.folder / ARRAYS, pooled)
    metrics = {
        "utterances": len(pooled.ids),
        "widths": {name: array.shape[1] for name, array in pooled.arrays.items()},
        "seconds": time.perf_counter() - started,
    }
    sources = {"records": config.records.resolve()}
    # Functionals have no trained weights, so no speaker counts as seen.
    out = stage.commit(metrics=metrics, content=[stage.folder / ARRAYS], seen_speakers=(), sources=sources)
    print(f"{metrics['utterances']} utterances, {metrics['seconds']:.1f} s -> {out}")
    return out


def _check_complete(config: FunctionalsConfig, functionals: Path) -> None:
    """Compare the audio of finished functionals, if it still exists."""
    if config.audio_dir.exists():
        _check_audio(config)
    else:
        print(f"note: {config.audio_dir} does not exist any more, so it is not compared with {functionals}.")


def _check_audio(config: FunctionalsConfig) -> None:
    if changes := changed_audio(config.records, config.audio_dir):
        raise InputError(
            f"expected the audio of {config.records} in {config.audio_dir}: {'; '.join(changes)}. Give the folder from"
            " which the records were prepared, or prepare them again."
        )


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("functionals", FunctionalsConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
