"""Small records folders with known log-mels, written without audio."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.schema import UTTERANCES, Row, Utterance, write_rows
from ser_fop.data.record_examples import parse, serialize
from ser_fop.data.records import (
    CONTENT,
    MANIFEST,
    STATISTICS,
    Manifest,
    Records,
    Shard,
    write_manifest,
)
from ser_fop.utils.run_folder import open_stage, sha256

FEATURES = FeatureConfig(mels=4)


def toy_utterances(
    *,
    speakers: Iterable[str] = ("anna", "bert", "carl"),
    per_speaker: int = 4,
    emotions: Sequence[str] = ("happy", "sad", ""),
    frames: tuple[int, int] = (5, 30),
    mels: int = FEATURES.mels,
    seed: int = 0,
) -> dict[Utterance, np.ndarray]:
    """Return utterances of random length; the emotion shifts their mean.

    Args:
        speakers: Names of the speakers.
        per_speaker: Number of utterances per speaker.
        emotions: Emotions that the utterances of a speaker cycle through; an empty string means no label.
        frames: Shortest and longest length, in frames.
        mels: Number of mel bands.
        seed: Seed of lengths and frames.

    Returns:
        Log-mels of shape (frames, mels), float32, by utterance.
    """
    generator = np.random.default_rng(seed)
    found = {}
    for speaker in speakers:
        for number in range(per_speaker):
            emotion = emotions[number % len(emotions)]
            length = int(generator.integers(frames[0], frames[1] + 1))
            mel = generator.normal(size=(length, mels)) + emotions.index(emotion)
            utterance = Utterance(id=f"{speaker}-{number}", file=f"{speaker}-{number}.wav", speaker=speaker)
            utterance = Utterance(**{**vars(utterance), "label": emotion, "annotation": emotion or "other"})
            found[utterance] = mel.astype(np.float32)
    return found


def write_toy_records(
    folder: Path,
    mels: Mapping[Utterance, np.ndarray],
    *,
    corpus: str = "toy",
    labels: tuple[str, ...] = ("happy", "sad"),
    features: FeatureConfig = FEATURES,
    dtype: str = "float32",
    shards: int = 2,
    renditions: int = 0,
) -> Records:
    """Write a records folder as `ser-fop prepare` does, and open it.

    Args:
        folder: Folder to write.
        mels: Log-mels by utterance.
        corpus: Name of the corpus.
        labels: The classes; empty for an unlabelled corpus.
        features: Front end in the manifest.
        dtype: Data type of the stored log-mels.
        shards: Number of shards.
        renditions: Number of varied copies of each utterance: each is louder by 1 than the one before.

    Returns:
        The opened records folder.
    """
    config = PrepareConfig(corpus=corpus, audio_dir=folder, out=folder, features=features)
    stage = open_stage("prepare", out=folder, config=config)
    rows: list[Row] = []
    written: list[Shard] = []
    stored = [mel.astype(dtype) for mel in mels.values()]
    for index in range(shards):
        name = f"mel-{index:05d}-of-{shards:05d}.tfrecord"
        part = list(zip(mels, stored, strict=True))[index * len(mels) // shards : (index + 1) * len(mels) // shards]
        with tf.io.TFRecordWriter(str(stage.folder / name)) as writer:
            for utterance, mel in part:
                copies = [(mel + number).astype(dtype) for number in range(1, renditions + 1)]
                writer.write(serialize(utterance.id, mel, copies))
                rows.append(_row(utterance, index, len(mel)))
        frames = sum(len(mel) for _, mel in part)
        written.append(Shard(name=name, records=len(part), frames=frames, sha256=sha256(stage.folder / name)))
    exact = [mel.astype(np.float64) for mel in stored]
    np.savez(
        stage.folder / STATISTICS,
        count=np.array([len(mel) for mel in exact], np.float64),
        total=np.array([mel.sum(axis=0) for mel in exact]),
        squares=np.array([np.square(mel).sum(axis=0) for mel in exact]),
    )
    write_rows(stage.folder / UTTERANCES, rows)
    manifest = Manifest(
        corpus=corpus,
        title=corpus,
        licence="none",
        labels=labels,
        dtype=dtype,
        features=features,
        shards=tuple(written),
        renditions=renditions,
    )
    write_manifest(stage.folder / MANIFEST, manifest)
    return Records(stage.commit(metrics={}, content=[stage.folder / name for name in CONTENT]))


def stored_mels(records: Records) -> dict[str, np.ndarray]:
    """Return all log-mels of a records folder by utterance id, in the order of the shards."""
    dataset = tf.data.TFRecordDataset(records.shard_paths).map(lambda record: parse(record, records.manifest))
    return {item["id"].decode(): item["mel"] for item in dataset.as_numpy_iterator()}


def _row(utterance: Utterance, shard: int, frames: int) -> Row:
    fields = {key: "" if value is None else value for key, value in vars(utterance).items()}
    return Row(**fields, shard=shard, frames=frames, duration_s=frames / 100)
