"""The engine of `prepare`: audio files to checked shards, in parallel, restartable, deterministic.

Utterances are worked on by threads (the decoders and TensorFlow release the
interpreter's lock) and written in one fixed order, so the bytes do not depend on the
number of threads. A finished shard has a note beside it; a restarted run keeps the
shards whose note matches.
"""

import csv
import dataclasses
import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ser_fop.artifacts import Stage, read_json, sha256, write_json
from ser_fop.audio import AudioError, read_audio, trim_silence
from ser_fop.config import PrepareConfig
from ser_fop.corpora.base import Corpus, Listing
from ser_fop.errors import InputError
from ser_fop.features import frame_count, frame_features
from ser_fop.records import (
    MANIFEST,
    QUARANTINE,
    STATISTICS,
    UTTERANCES,
    Manifest,
    Shard,
    serialize,
    write_manifest,
    write_rows,
)
from ser_fop.schema import QUARANTINE_COLUMNS, Row, Utterance

# Utterances in flight for each thread: enough to keep it busy, few enough to bound memory.
_AHEAD = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prepared:
    """One utterance's log-mel, or why there is none."""

    utterance: Utterance
    mel: np.ndarray | None = None
    total: np.ndarray | None = None
    squares: np.ndarray | None = None
    duration_s: float = 0.0
    problem: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardNote:
    """What a finished shard contributes; kept beside it until the folder is complete."""

    asked: str
    shard: Shard
    rows: tuple[Row, ...]
    quarantined: tuple[tuple[str, str, str], ...]


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
        InputError: If too large a share of the utterances is unusable.
    """
    started = time.perf_counter()
    jobs = config.jobs or os.cpu_count() or 1
    order = sorted(listing.utterances, key=lambda utterance: hashlib.sha256(utterance.id.encode()).digest())
    size = config.utterances_per_shard
    groups = [order[first : first + size] for first in range(0, len(order), size)]
    names = [f"mel-{index:05d}-of-{len(groups):05d}.tfrecord" for index in range(len(groups))]
    work = _worker(config)
    reused = 0
    notes = []
    with (
        ThreadPoolExecutor(jobs) as pool,
        tqdm(total=len(order), unit="utt", desc=f"prepare {config.name or corpus.name}", disable=None) as bar,
    ):
        for index, (name, group) in enumerate(zip(names, groups, strict=True)):
            note = _finished(stage.folder / name, group)
            reused += note is not None
            if note is None:
                note = _write_shard(
                    stage.folder / name, index, group, _ordered(pool, work, group, ahead=jobs * _AHEAD), bar
                )
            else:
                bar.update(len(group))
            notes.append(note)
    return _finish(stage, config=config, corpus=corpus, listing=listing, notes=notes, started=started, reused=reused)


def _worker(config: PrepareConfig) -> Callable[[Utterance], Prepared]:
    """Return the function that turns one utterance into its log-mel."""
    features = config.features
    # Traced once, called as a graph: finding the graph for each utterance's arguments takes a third of a millisecond.
    to_mel = tf.function(
        lambda samples: tf.cast(frame_features(samples, features), config.dtype)
    ).get_concrete_function(tf.TensorSpec([None], tf.float32))

    def work(utterance: Utterance) -> Prepared:
        try:
            samples = read_audio(
                config.audio_dir / utterance.file,
                sample_rate_hz=features.sample_rate_hz,
                start_s=utterance.start_s,
                end_s=utterance.end_s,
                max_duration_s=config.max_duration_s,
            )
        except AudioError as error:
            return Prepared(utterance=utterance, problem=str(error))
        if config.trim_silence:
            samples = trim_silence(samples, sample_rate_hz=features.sample_rate_hz, below_db=config.trim_below_db)
        duration_s = len(samples) / features.sample_rate_hz
        if duration_s < config.min_duration_s or frame_count(len(samples), features) < 1:
            return Prepared(
                utterance=utterance, problem=f"lasts {duration_s:.3f} s, shorter than {config.min_duration_s:g} s"
            )
        mel = to_mel(tf.constant(samples)).numpy()
        exact = mel.astype(np.float64)
        total, squares = exact.sum(axis=0), np.einsum("fm,fm->m", exact, exact)
        return Prepared(utterance=utterance, mel=mel, total=total, squares=squares, duration_s=duration_s)

    return work


def _ordered(
    pool: ThreadPoolExecutor, work: Callable[[Utterance], Prepared], items: Iterable[Utterance], *, ahead: int
) -> Iterator[Prepared]:
    """Map `work` over `items` in order, with at most `ahead` results waiting."""
    waiting: deque[Future[Prepared]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _write_shard(
    path: Path, index: int, group: Sequence[Utterance], prepared: Iterable[Prepared], bar: tqdm
) -> ShardNote:
    """Write one shard, its statistics and its note, the note last."""
    rows, quarantined, totals, squares = [], [], [], []
    beside = path.with_name(path.name + ".tmp")
    with tf.io.TFRecordWriter(str(beside)) as writer:
        for item in prepared:
            bar.update()
            utterance = item.utterance
            if item.mel is None:
                quarantined.append((utterance.id, utterance.file, item.problem))
                continue
            writer.write(serialize(utterance.id, item.mel))
            totals.append(item.total)
            squares.append(item.squares)
            rows.append(_row_of(item, index))
    np.savez(_statistics_path(path), total=np.array(totals), squares=np.array(squares))
    frames = sum(row.frames for row in rows)
    shard = Shard(name=path.name, records=len(rows), frames=frames, sha256=sha256(beside))
    beside.replace(path)
    note = ShardNote(asked=_digest(group), shard=shard, rows=tuple(rows), quarantined=tuple(quarantined))
    write_json(_note_path(path), note)
    return note


def _row_of(item: Prepared, shard: int) -> Row:
    utterance = dict(vars(item.utterance))  # flat: `dataclasses.asdict` would copy each value
    end_s = utterance.pop("end_s")
    return Row(
        **utterance,
        end_s="" if end_s is None else end_s,
        shard=shard,
        frames=len(item.mel),
        duration_s=round(item.duration_s, 4),
    )


def _finished(path: Path, group: Sequence[Utterance]) -> ShardNote | None:
    """Return the note of a shard that an earlier run finished, if it still holds; bad files may be mended by now."""
    if not (_note_path(path).exists() and _statistics_path(path).exists() and path.exists()):
        return None
    note = msgspec.convert(read_json(_note_path(path)), ShardNote)
    same = note.asked == _digest(group) and sha256(path) == note.shard.sha256
    return note if same and not note.quarantined else None


def _finish(
    stage: Stage,
    *,
    config: PrepareConfig,
    corpus: Corpus,
    listing: Listing,
    notes: Sequence[ShardNote],
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
        np.load(_statistics_path(stage.folder / note.shard.name), allow_pickle=False) for note in notes if note.rows
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
        _note_path(path).unlink()
        _statistics_path(path).unlink()
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


def _digest(group: Sequence[Utterance]) -> str:
    """Return a digest of what a shard was asked to hold."""
    return hashlib.sha256(msgspec.json.encode(list(group))).hexdigest()


def _note_path(shard: Path) -> Path:
    return shard.with_name(shard.name + ".json")


def _statistics_path(shard: Path) -> Path:
    return shard.with_name(shard.name + ".npz")
