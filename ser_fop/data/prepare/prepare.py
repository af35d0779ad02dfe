"""The engine of `prepare`: audio files to checked shards, in parallel, restartable, deterministic.

Utterances are worked on by threads (the decoders and TensorFlow release the
interpreter's lock) and written in one fixed order, so the bytes do not depend on the
number of threads, nor on who runs them: this process, or Apache Beam. A finished shard
has a note beside it; a restarted run keeps the shards whose note matches.
"""

import csv
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from ser_fop.config.stages import PrepareConfig
from ser_fop.corpora.base import Corpus, Listing
from ser_fop.corpora.schema import QUARANTINE_COLUMNS, UTTERANCES, write_rows
from ser_fop.data.prepare.shard_index import (
    ShardIndex,
    ShardTask,
    note_path,
    reusable_note,
    shard_tasks,
    statistics_path,
)
from ser_fop.data.prepare.shard_writer import ShardWriter
from ser_fop.data.prepare.staging import sweep
from ser_fop.data.records import MANIFEST, QUARANTINE, STATISTICS, Manifest, write_manifest
from ser_fop.errors import InputError
from ser_fop.utils.redirect import redirect_stderr
from ser_fop.utils.run_folder import Stage

# What Beam and its workers said, while the folder is being written.
BEAM_LOG = "beam.log"


def prepare_records(stage: Stage, *, config: PrepareConfig, corpus: Corpus, listing: Listing) -> dict[str, Any]:
    """Write the shards, manifest, statistics and quarantine report of a records folder.

    Args:
        stage: The folder being written.
        config: What was asked for.
        corpus: The corpus's declaration.
        listing: Its utterances.

    Returns:
        The figures for `metrics.json`.

    Raises:
        InputError: If too large a share of the utterances is unusable, the audio cannot be reached, or Beam failed.
    """
    started = time.perf_counter()
    tasks = shard_tasks(listing.utterances, size=config.utterances_per_shard)
    if config.runner == "beam":
        with redirect_stderr(stage.folder / BEAM_LOG):
            from ser_fop.data.prepare.beam import write_shards_on_beam
        notes, reused = write_shards_on_beam(stage, config=config, tasks=tasks, log=stage.folder / BEAM_LOG)
    else:
        notes, reused = _write_shards(stage, config=config, tasks=tasks, name=config.name or corpus.name)
    # Of this run, or of one on Beam that was killed.
    sweep(stage.folder)
    (stage.folder / BEAM_LOG).unlink(missing_ok=True)
    return _finish(stage, config=config, corpus=corpus, listing=listing, notes=notes, started=started, reused=reused)


def _write_shards(
    stage: Stage, *, config: PrepareConfig, tasks: Sequence[ShardTask], name: str
) -> tuple[list[ShardIndex], int]:
    """Write the shards in this process; return their notes, and how many an earlier run had finished."""
    notes, reused = [], 0
    total = sum(len(task.utterances) for task in tasks)
    with ShardWriter(config) as writer, tqdm(total=total, unit="utt", desc=f"prepare {name}", disable=None) as bar:
        for task in tasks:
            note = reusable_note(stage.folder, task)
            if note is None:
                note = writer.write(stage.folder, task, progress=bar.update)
            else:
                reused += 1
                bar.update(len(task.utterances))
            notes.append(note)
    return notes, reused


def _finish(
    stage: Stage,
    *,
    config: PrepareConfig,
    corpus: Corpus,
    listing: Listing,
    notes: Sequence[ShardIndex],
    started: float,
    reused: int,
) -> dict[str, Any]:
    """Gather the shards' notes into the folder's tables, and judge the quarantine."""
    rows = [row for note in notes for row in note.rows]
    quarantined = [line for note in notes for line in note.quarantined]
    with (stage.folder / QUARANTINE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(QUARANTINE_COLUMNS)
        writer.writerows(quarantined)
    asked = len(rows) + len(quarantined)
    if not rows or len(quarantined) > config.max_quarantine_share * asked:
        _, first_file, first_problem = quarantined[0]
        raise InputError(
            f"{len(quarantined)} of {asked} utterances cannot be used, more than the limit of {config.max_quarantine_share:.2%}"
            f" (--max-quarantine-share). The first, {first_file}, {first_problem}. All are listed in {stage.folder / QUARANTINE}."
        )
    statistics = [
        np.load(statistics_path(stage.folder / note.shard.name), allow_pickle=False) for note in notes if note.rows
    ]
    np.savez(
        stage.folder / STATISTICS,
        count=np.array([row.frames for row in rows], dtype=np.float64),
        total=np.concatenate([arrays["total"] for arrays in statistics]),
        squares=np.concatenate([arrays["squares"] for arrays in statistics]),
    )
    for arrays in statistics:
        arrays.close()
    write_rows(stage.folder / UTTERANCES, rows)
    manifest = Manifest(
        corpus=config.name or corpus.name,
        title=corpus.title,
        licence=corpus.licence,
        labels=listing.labels,
        dtype=config.dtype,
        features=config.features,
        shards=tuple(note.shard for note in notes),
        trim_below_db=config.trim_below_db if config.trim_silence else 0.0,
    )
    write_manifest(stage.folder / MANIFEST, manifest)
    for note in notes:
        path = stage.folder / note.shard.name
        note_path(path).unlink()
        statistics_path(path).unlink()
    seconds = time.perf_counter() - started
    hours = sum(row.duration_s for row in rows) / 3600
    return {
        "utterances": len(rows),
        "quarantined": len(quarantined),
        "speakers": len({row.speaker for row in rows}),
        "labelled": sum(1 for row in rows if row.emotion),
        "frames": sum(row.frames for row in rows),
        "hours": hours,
        "seconds": seconds,
        "times_real_time": hours * 3600 / seconds,
        "shards_reused": reused,
    }
