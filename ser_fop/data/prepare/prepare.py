"""Conversion of audio files to checked record shards: parallel, restartable and deterministic.

Threads process the utterances; the decoders and TensorFlow release Python's global interpreter lock. The order of the
utterances is fixed, so the bytes depend neither on the number of threads nor on the runner (threads or Apache Beam).
Each finished shard has an index file; a restarted run keeps the shards whose index file matches.
"""

import csv
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.corpora.base import Corpus, Listing
from ser_fop.corpora.schema import QUARANTINE_COLUMNS, UTTERANCES, Row, write_rows
from ser_fop.data.prepare.shard_index import (
    ShardIndex,
    ShardTask,
    note_path,
    reusable_note,
    shard_tasks,
    statistics_path,
)
from ser_fop.data.prepare.shard_writer import ShardWriter
from ser_fop.data.prepare.sources import SOURCES, scan, with_digests, write_sources
from ser_fop.data.prepare.staging import sweep
from ser_fop.data.records import MANIFEST, QUARANTINE, STATISTICS, Manifest, write_manifest
from ser_fop.errors import InputError
from ser_fop.utils.redirect import redirect_stderr
from ser_fop.utils.run_folder import Stage

# Output of Beam and its workers; removed when the shards are written.
BEAM_LOG = "beam.log"


def prepare_records(stage: Stage, *, config: PrepareConfig, corpus: Corpus, listing: Listing) -> dict[str, Any]:
    """Write the shards, manifest, statistics and quarantine report of a records folder.

    Args:
        stage: The stage folder, which is not complete yet.
        config: Settings of the stage.
        corpus: Declaration of the corpus.
        listing: Utterances of the corpus.

    Returns:
        The figures for `metrics.json`.

    Raises:
        InputError: If too many utterances are unusable, the audio cannot be reached, or Beam failed.
    """
    started = time.perf_counter()
    sources = scan({utterance.file for utterance in listing.utterances}, config.audio_dir)
    tasks = shard_tasks(listing.utterances, size=config.utterances_per_shard, sources=sources)
    if config.runner == "beam":
        with redirect_stderr(stage.folder / BEAM_LOG):
            from ser_fop.data.prepare.beam import write_shards_on_beam
        notes, reused = write_shards_on_beam(stage, config=config, tasks=tasks, log=stage.folder / BEAM_LOG)
    else:
        notes, reused = _write_shards(stage, config=config, tasks=tasks, name=config.name or corpus.name)
    # Unfinished files of this run, or of an earlier Beam run that was killed.
    sweep(stage.folder)
    (stage.folder / BEAM_LOG).unlink(missing_ok=True)
    write_sources(stage.folder / SOURCES, with_digests(sources, config.audio_dir).values())
    moved = [file for file, source in scan(sources, config.audio_dir).items() if source != sources[file]]
    if moved:
        raise InputError(
            f"{len(moved)} audio files changed while they were prepared; the first is {moved[0]}. Run the same command"
            " again."
        )
    return _finish(stage, config=config, corpus=corpus, listing=listing, notes=notes, started=started, reused=reused)


def _write_shards(
    stage: Stage, *, config: PrepareConfig, tasks: Sequence[ShardTask], name: str
) -> tuple[list[ShardIndex], int]:
    """Write the shards in this process; return their indices and the number that an earlier run had finished."""
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
    """Merge the shard indices into the folder's tables, and check the share of quarantined utterances."""
    rows = [row for note in notes for row in note.rows]
    quarantined = [line for note in notes for line in note.quarantined]
    with (stage.folder / QUARANTINE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(QUARANTINE_COLUMNS)
        writer.writerows(quarantined)
    total = len(rows) + len(quarantined)
    if not rows or len(quarantined) > config.max_quarantine_share * total:
        _, first_file, first_problem = quarantined[0]
        raise InputError(
            f"{len(quarantined)} of {total} utterances cannot be used, more than the limit of {config.max_quarantine_share:.2%}"
            f" (--max-quarantine-share). The first, {first_file}, {first_problem}. {stage.folder / QUARANTINE} lists all."
        )
    _write_statistics(stage, notes, rows)
    write_rows(stage.folder / UTTERANCES, rows)
    manifest = Manifest(
        corpus=config.name or corpus.name,
        title=config.title or config.name or corpus.title,
        licence=config.licence or corpus.licence,
        labels=listing.labels,
        dtype=config.dtype,
        features=config.features,
        shards=tuple(note.shard for note in notes),
        trim_below_db=config.trim_below_db if config.trim_silence else 0.0,
        renditions=config.renditions,
        target=config.target or corpus.target,
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
        "labelled": sum(1 for row in rows if row.label),
        "frames": sum(row.frames for row in rows),
        "hours": hours,
        "seconds": seconds,
        "times_real_time": hours * 3600 / seconds,
        "shards_reused": reused,
    }


def _write_statistics(stage: Stage, notes: Sequence[ShardIndex], rows: Sequence[Row]) -> None:
    """Merge the sums of all shards, of which one is in memory at a time."""
    paths = [statistics_path(stage.folder / note.shard.name) for note in notes if note.rows]

    def merged(name: str) -> np.ndarray:
        sums, first = np.empty(0), 0
        for path in paths:
            with np.load(path, allow_pickle=False) as arrays:
                part = arrays[name]
            if not first:
                sums = np.empty((len(rows), *part.shape[1:]), part.dtype)
            sums[first : first + len(part)] = part
            first += len(part)
        return sums

    count = np.array([row.frames for row in rows], dtype=np.float64)
    np.savez(stage.folder / STATISTICS, count=count, total=merged("total"), squares=merged("squares"))
