"""Conversion of audio files to one record shard; all runners of `prepare` use it."""

import dataclasses
import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
import tensorflow as tf

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.frame_sizes import frame_count
from ser_fop.config.rendition_settings import RenditionSettings
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.audio import AudioError, read_audio, trim_silence
from ser_fop.corpora.schema import Row, Utterance
from ser_fop.data.features import frame_features
from ser_fop.data.prepare.renditions import Renditions
from ser_fop.data.prepare.shard_index import ShardIndex, ShardTask, statistics_path, write_note
from ser_fop.data.record_examples import serialize
from ser_fop.data.records import Shard
from ser_fop.utils.run_folder import sha256

# Queued utterances per thread: enough to keep it busy, few enough to limit memory.
_QUEUED_PER_THREAD = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Prepared:
    """The log-mel of one utterance, or the problem that prevents it."""

    utterance: Utterance
    mel: np.ndarray | None = None
    renditions: tuple[np.ndarray, ...] = ()
    total: np.ndarray | None = None
    squares: np.ndarray | None = None
    duration_s: float = 0.0
    problem: str = ""


class ShardWriter:
    """Writer of shards. Threads process the utterances; the order in the shard is that of the task.

    Args:
        config: Settings of the stage.
    """

    def __init__(self, config: PrepareConfig) -> None:
        jobs = config.jobs or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(jobs)
        self._max_queued = jobs * _QUEUED_PER_THREAD
        self._work = _worker(config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: Any) -> None:
        self.close()

    def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown()

    def write(self, folder: Path, task: ShardTask, *, progress: Callable[[], Any] = lambda: None) -> ShardIndex:
        """Write one shard, its statistics and, last, its index file.

        Audio that cannot be used does not raise: it is quarantined.

        Args:
            folder: Folder to write to.
            task: The shard to write.
            progress: Called after each utterance.

        Returns:
            The index of the shard.

        Raises:
            InputError: If the audio cannot be reached.
        """
        rows, quarantined, totals, squares = [], [], [], []
        path = folder / task.name
        temporary = path.with_name(path.name + ".tmp")
        with tf.io.TFRecordWriter(str(temporary)) as writer:
            for item in _ordered(self._pool, self._work, task.utterances, max_queued=self._max_queued):
                progress()
                utterance = item.utterance
                if item.mel is None:
                    quarantined.append((utterance.id, utterance.file, item.problem))
                    continue
                writer.write(serialize(utterance.id, item.mel, item.renditions))
                totals.append(item.total)
                squares.append(item.squares)
                rows.append(_row_of(item, task.index))
        np.savez(statistics_path(path), total=np.array(totals), squares=np.array(squares))
        frames = sum(row.frames for row in rows)
        shard = Shard(name=path.name, records=len(rows), frames=frames, sha256=sha256(temporary))
        temporary.replace(path)
        note = ShardIndex(asked=task.digest, shard=shard, rows=tuple(rows), quarantined=tuple(quarantined))
        write_note(path, note)
        return note


@functools.lru_cache(maxsize=4)
def _to_mel(features: FeatureConfig, dtype: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the front end, traced once per process and shared by all its writers."""
    # A concrete function: looking up the graph for the arguments would cost a third of a millisecond per utterance.
    return tf.function(lambda samples: tf.cast(frame_features(samples, features), dtype)).get_concrete_function(
        tf.TensorSpec([None], tf.float32)
    )


@functools.lru_cache(maxsize=4)
def _renditions(settings: RenditionSettings, sample_rate_hz: int) -> Renditions:
    """Return the source of varied copies; its rooms are simulated once per process."""
    return Renditions(settings, sample_rate_hz=sample_rate_hz)


def _worker(config: PrepareConfig) -> Callable[[Utterance], Prepared]:
    """Return the function that computes the log-mel of one utterance."""
    features = config.features
    to_mel = _to_mel(features, config.dtype)
    renditions = _renditions(config.variation, features.sample_rate_hz) if config.renditions else None

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
            samples = trim_silence(
                samples,
                sample_rate_hz=features.sample_rate_hz,
                below_db=config.trim_below_db,
                remove_below_hz=features.remove_below_hz,
            )
        duration_s = len(samples) / features.sample_rate_hz
        if duration_s < config.min_duration_s or frame_count(len(samples), features) < 1:
            return Prepared(
                utterance=utterance, problem=f"lasts {duration_s:.3f} s, shorter than {config.min_duration_s:g} s"
            )
        mel = to_mel(tf.constant(samples)).numpy()
        copies = [
            to_mel(tf.constant(renditions.vary(samples, utterance_id=utterance.id, number=number))).numpy()
            for number in range(1, config.renditions + 1)
        ]
        exact = mel.astype(np.float64)
        total, squares = exact.sum(axis=0), np.einsum("fm,fm->m", exact, exact)
        return Prepared(
            utterance=utterance,
            mel=mel,
            renditions=tuple(copies),
            total=total,
            squares=squares,
            duration_s=duration_s,
        )

    return work


def _ordered(
    pool: ThreadPoolExecutor, work: Callable[[Utterance], Prepared], items: Iterable[Utterance], *, max_queued: int
) -> Iterator[Prepared]:
    """Map `work` over `items` in order, with at most `max_queued` results waiting."""
    waiting: deque[Future[Prepared]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > max_queued:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _row_of(item: Prepared, shard: int) -> Row:
    # `dataclasses.asdict` would copy each value.
    utterance = {name: "" if value is None else value for name, value in vars(item.utterance).items()}
    return Row(
        **utterance,
        shard=shard,
        frames=len(item.mel),
        duration_s=round(item.duration_s, 4),
    )
