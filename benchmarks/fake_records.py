"""Records folders of any lengths, their log-mels random: what is timed does not depend on the values."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

LABELS = ("angry", "happy", "neutral", "sad")
_SPEAKERS = 10
_PER_SHARD = 256


def write_records(folder: Path, lengths: np.ndarray, mels: int = 80) -> Path:
    """Write what `ser-fop prepare` would: float16 shards, ten speakers and four emotions in turn.

    Args:
        folder: Folder to write.
        lengths: Frames of each utterance.
        mels: Mel bands.

    Returns:
        `folder`.
    """
    import tensorflow as tf

    from ser_fop.artifacts import open_stage, sha256
    from ser_fop.config import PrepareConfig
    from ser_fop.records import (
        CONTENT,
        MANIFEST,
        STATISTICS,
        UTTERANCES,
        Manifest,
        Row,
        Shard,
        serialize,
        write_manifest,
        write_rows,
    )
    from ser_fop.settings import FeatureConfig

    features = FeatureConfig(mels=mels)
    config = PrepareConfig(corpus="fake", audio_dir=folder, out=folder, features=features)
    stage = open_stage("prepare", out=folder, config=config)
    rows, shards, totals, squares = [], [], [], []
    numbered = enumerate(fake_mels(lengths, mels))
    count = -(-len(lengths) // _PER_SHARD)
    for index in range(count):
        path = stage.folder / f"mel-{index:05d}-of-{count:05d}.tfrecord"
        first = len(rows)
        with tf.io.TFRecordWriter(str(path)) as writer:
            for number, mel in itertools.islice(numbered, _PER_SHARD):
                row = Row(
                    id=f"utterance-{number:06d}",
                    shard=index,
                    frames=len(mel),
                    duration_s=len(mel) / 100,
                    speaker=f"speaker-{number % _SPEAKERS}",
                    emotion=LABELS[number // _SPEAKERS % len(LABELS)],
                )
                writer.write(serialize(row.id, mel))
                rows.append(row)
                exact = mel.astype(np.float32)
                totals.append(exact.sum(axis=0))
                squares.append(np.square(exact).sum(axis=0))
        frames = sum(row.frames for row in rows[first:])
        shards.append(Shard(name=path.name, records=len(rows) - first, frames=frames, sha256=sha256(path)))
    counted = np.array([row.frames for row in rows], np.float64)
    np.savez(stage.folder / STATISTICS, count=counted, total=np.array(totals), squares=np.array(squares))
    write_rows(stage.folder / UTTERANCES, rows)
    manifest = Manifest(
        corpus="fake",
        title="random frames",
        licence="none",
        labels=LABELS,
        dtype="float16",
        features=features,
        shards=tuple(shards),
    )
    write_manifest(stage.folder / MANIFEST, manifest)
    return stage.commit(metrics={}, content=[stage.folder / name for name in CONTENT])


def fake_mels(lengths: np.ndarray, mels: int = 80) -> Iterator[np.ndarray]:
    """Yield a float16 log-mel for each length: stretches of one random block, which is quickly drawn."""
    block = np.random.default_rng(0).normal(-6, 2, size=(2 * int(max(lengths)), mels)).astype(np.float16)
    for number, length in enumerate(lengths):
        first = 7 * number % (len(block) - int(length))
        yield block[first : first + int(length)]
