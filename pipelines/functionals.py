"""openSMILE's functionals, for `classify`.

`ser-fop functionals --records records/ravdess --audio-dir RAVDESS --out functionals/ravdess`
"""

import functools
import os
import time
from pathlib import Path

from ser_fop.cli import run_stage
from ser_fop.config.stages import FunctionalsConfig
from ser_fop.data.records import Records
from ser_fop.hypercolumns.functionals import pooled_functionals
from ser_fop.hypercolumns.pooled import ARRAYS, write_pooled
from ser_fop.utils.run_folder import Stage
from ser_fop.utils.run_once import run_once


def run(config: FunctionalsConfig) -> Path:
    """Compute the functionals of a corpus, or find them complete."""
    work = functools.partial(compute, config, Records(config.records))
    return run_once("functionals", config, work, inputs={"records": [config.records]})


def compute(config: FunctionalsConfig, records: Records, stage: Stage) -> Path:
    """Compute the functionals of every utterance and write them."""
    started = time.perf_counter()
    pooled = pooled_functionals(records, config.audio_dir, sets=config.sets, jobs=config.jobs or os.cpu_count() or 1)
    write_pooled(stage.folder / ARRAYS, pooled)
    metrics = {
        "utterances": len(pooled.ids),
        "widths": {name: array.shape[1] for name, array in pooled.arrays.items()},
        "seconds": time.perf_counter() - started,
    }
    sources = {"records": config.records.resolve()}
    # No speaker is seen in training: nothing is learned.
    out = stage.commit(metrics=metrics, content=[stage.folder / ARRAYS], seen_speakers=(), sources=sources)
    print(f"{metrics['utterances']} utterances, {metrics['seconds']:.1f} s -> {out}")
    return out


def main(arguments: list[str] | None = None) -> int:
    """Run the stage from command-line arguments."""
    return run_stage("functionals", FunctionalsConfig, run, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
