"""Records folders: TFRecord shards of log-mels, with a manifest against which they are checked.

TFRecord itself passes a file cut at a record boundary, and an empty one, in silence.
So the manifest holds each shard's count, frames and SHA-256, and opening a folder
compares them.
"""

import dataclasses
import functools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np
import tensorflow as tf

from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.schema import RECORD_FRAMES, RECORD_ID, RECORD_MEL, UTTERANCES, Row, read_rows
from ser_fop.errors import InputError
from ser_fop.utils.run_folder import content_digest, digest_of, read_json, require_complete, sha256, write_json

MANIFEST = "manifest.json"
STATISTICS = "statistics.npz"
QUARANTINE = "quarantine.csv"
# What the digest in COMPLETED covers; the manifest covers the shards.
CONTENT = (MANIFEST, UTTERANCES, STATISTICS)


# Of a band in nats squared: an utterance of one frame, or without a change, must not be blown up.
_LEAST_VARIANCE = 1e-4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shard:
    """One TFRecord file, as the manifest knows it."""

    name: str
    records: int
    frames: int
    sha256: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """What `manifest.json` holds.

    Attributes:
        corpus: Name under which later stages know the speakers.
        title: Name in reports.
        licence: Licence of the audio.
        labels: The classes, in the order of the class indices.
        dtype: Type of the stored log-mels.
        features: The front end that made them.
        shards: The files.
        trim_below_db: How far below the loudest frame silence was cut at both ends; 0 if it was not.
    """

    corpus: str
    title: str
    licence: str
    labels: tuple[str, ...]
    dtype: str
    features: FeatureConfig
    shards: tuple[Shard, ...]
    trim_below_db: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class MelStatistics:
    """Sums from which means and deviations over any set of utterances follow.

    Attributes:
        count: Frames, (utterances,).
        total: Sum over frames, (utterances, mels).
        squares: Sum of squares over frames, (utterances, mels).
    """

    count: np.ndarray
    total: np.ndarray
    squares: np.ndarray


class Records:
    """A records folder, opened and checked.

    Args:
        folder: Folder written by `ser-fop prepare`.

    Raises:
        InputError: If it is unfinished, or a shard differs from the manifest.
    """

    def __init__(self, folder: Path) -> None:
        require_complete(folder, "prepare")
        self.folder = folder
        try:
            self.manifest = msgspec.convert(read_json(folder / MANIFEST), Manifest)
        except msgspec.ValidationError as error:
            raise InputError(
                f"{folder / MANIFEST} is not a manifest of this version ({error}). Run `ser-fop prepare` again."
            ) from error
        for shard in self.manifest.shards:
            _check_shard(folder / shard.name, shard)
        tables = [folder / name for name in CONTENT]
        if not all(path.is_file() for path in tables) or content_digest(folder, tables) != digest_of(folder):
            raise InputError(
                f"{folder} is damaged: {', '.join(CONTENT)} are not as they were written."
                " Remove it and run `ser-fop prepare` again."
            )
        self.rows = read_rows(folder / UTTERANCES)

    @property
    def corpus(self) -> str:
        """Name under which the speakers are known."""
        return self.manifest.corpus

    @property
    def shard_paths(self) -> list[str]:
        """Paths of the shards, in order."""
        return [str(self.folder / shard.name) for shard in self.manifest.shards if shard.records]

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers, sorted."""
        return tuple(sorted({row.speaker for row in self.rows}))

    @functools.cached_property
    def statistics(self) -> MelStatistics:
        """The sums of each utterance's log-mel as it is read, in the order of `rows`."""
        stored = self._stored_statistics
        if self.normalisation_stats is None:
            return stored
        mean, std = self.normalisation_stats
        count = stored.count[:, np.newaxis]
        return MelStatistics(
            count=stored.count,
            total=(stored.total - count * mean) / std,
            squares=(stored.squares - 2 * mean * stored.total + count * np.square(mean)) / np.square(std),
        )

    @functools.cached_property
    def normalisation_stats(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Mean and deviation by which each utterance is normalised, two arrays (utterances, mels), or None."""
        by = self.manifest.features.normalised_by
        if by == "none":
            return None
        stored = self._stored_statistics
        names = [row.speaker if by == "speaker" else row.id for row in self.rows]
        _, group = np.unique(names, return_inverse=True)
        count, total, squares = (
            np.stack([np.bincount(group, column) for column in sums.T], axis=1)
            for sums in (stored.count[:, np.newaxis], stored.total, stored.squares)
        )
        mean = total / count
        std = np.sqrt(np.maximum(squares / count - np.square(mean), _LEAST_VARIANCE))
        return mean[group], std[group]

    @functools.cached_property
    def _stored_statistics(self) -> MelStatistics:
        with np.load(self.folder / STATISTICS, allow_pickle=False) as arrays:
            return MelStatistics(**{key: arrays[key] for key in ("count", "total", "squares")})

    def of_speakers(self, speakers: Collection[str]) -> list[Row]:
        """Return the rows of some speakers."""
        return [row for row in self.rows if row.speaker in speakers]

    def qualified_speaker_id(self, speaker: str) -> str:
        """Return a speaker's name qualified by the corpus, as runs record whom they heard."""
        return f"{self.corpus}:{speaker}"


def mel_moments(parts: Iterable[tuple[Records, Collection[str]]]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each mel band over some utterances.

    Args:
        parts: Records, each with the ids to count.

    Returns:
        Two float32 arrays of shape (mels,).
    """
    count, total, squares = 0.0, 0.0, 0.0
    for records, ids in parts:
        chosen = np.array([row.id in ids for row in records.rows])
        count += records.statistics.count[chosen].sum()
        total += records.statistics.total[chosen].sum(axis=0)
        squares += records.statistics.squares[chosen].sum(axis=0)
    if count == 0:
        raise InputError("no utterance is left to compute mel statistics from.")
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - np.square(mean), 1e-8))
    return mean.astype(np.float32), std.astype(np.float32)


def require_same_features(named: Mapping[str, FeatureConfig]) -> FeatureConfig:
    """Return the one feature config that all share.

    Args:
        named: Feature configs by what uses them, for the message.

    Raises:
        InputError: If two differ; names the key and both values.
    """
    (first_name, first), *rest = named.items()
    for name, other in rest:
        for field in dataclasses.fields(FeatureConfig):
            one, two = getattr(first, field.name), getattr(other, field.name)
            if one != two:
                raise InputError(
                    f"{first_name} and {name} were made under different feature configs: {field.name} is {one} and {two}."
                    " Prepare both with the same options."
                )
    return first


def serialize(utterance_id: str, mel: np.ndarray) -> bytes:
    """Write one record.

    Args:
        utterance_id: Id of the utterance.
        mel: Log-mel of shape (frames, mels), float16 or float32.
    """
    features = {
        RECORD_ID: tf.train.Feature(bytes_list=tf.train.BytesList(value=[utterance_id.encode()])),
        RECORD_MEL: tf.train.Feature(
            bytes_list=tf.train.BytesList(value=[mel.astype(mel.dtype.newbyteorder("<")).tobytes()])
        ),
        RECORD_FRAMES: tf.train.Feature(int64_list=tf.train.Int64List(value=[len(mel)])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString(deterministic=True)


def parse(serialized: tf.Tensor, manifest: Manifest) -> dict[str, tf.Tensor]:
    """Read one record: `id` (string) and `mel` (frames, mels), in the type that is stored."""
    parsed = tf.io.parse_single_example(
        serialized,
        {
            RECORD_ID: tf.io.FixedLenFeature([], tf.string),
            RECORD_MEL: tf.io.FixedLenFeature([], tf.string),
            RECORD_FRAMES: tf.io.FixedLenFeature([], tf.int64),
        },
    )
    mel = tf.io.decode_raw(parsed[RECORD_MEL], tf.dtypes.as_dtype(manifest.dtype), little_endian=True)
    mel = tf.reshape(mel, [parsed[RECORD_FRAMES], manifest.features.width])
    return {"id": parsed[RECORD_ID], "mel": mel}


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write `manifest.json`."""
    write_json(path, manifest)


def _check_shard(path: Path, shard: Shard) -> None:
    """Compare a shard with what the manifest says of it."""
    if not path.is_file():
        raise InputError(f"shard {path} is missing. Run `ser-fop prepare` again into another folder.")
    if _cached_sha256(path, path.stat().st_size, path.stat().st_mtime_ns) != shard.sha256:
        raise InputError(
            f"shard {path} is damaged: its SHA-256 is not the one in {MANIFEST} (expected {shard.records} records,"
            f" {shard.frames} frames). Remove {path.parent} and run `ser-fop prepare` again."
        )


@functools.lru_cache(maxsize=100_000)
def _cached_sha256(path: Path, _size: int, _modified_ns: int) -> str:
    """Hash a file once a process, as long as it is not touched."""
    return sha256(path)
