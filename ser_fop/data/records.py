"""Records folders: TFRecord shards of log-mels, and the manifest that they are checked against.

A TFRecord reader accepts an empty file, and a file cut at a record boundary, without an error. Therefore the manifest
holds the number of records, the number of frames and the SHA-256 of each shard. Opening a folder checks the SHA-256.
"""

import dataclasses
import functools
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec
import numpy as np

from ser_fop.config.settings import FeatureConfig
from ser_fop.corpora.schema import UTTERANCES, Row, read_rows
from ser_fop.corpora.speaker_units import UNIT_MARK, partly_heard, with_units
from ser_fop.corpora.targets import EMOTION, SPEAKER, labels_of, with_target
from ser_fop.data.mel_statistics import MelStatistics
from ser_fop.errors import InputError
from ser_fop.utils.json_io import from_stored
from ser_fop.utils.run_folder import content_digest, digest_of, read_json, require_complete, sha256, write_json

MANIFEST = "manifest.json"
STATISTICS = "statistics.npz"
QUARANTINE = "quarantine.csv"
# Files that the digest in COMPLETED covers. The manifest covers the shards.
CONTENT = (MANIFEST, UTTERANCES, STATISTICS)

# In nats squared, per band. It limits the gain for utterances of one frame or of constant value.
MIN_VARIANCE = 1e-4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shard:
    """Entry of one TFRecord file in the manifest."""

    name: str
    records: int
    frames: int
    sha256: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Manifest:
    """Content of `manifest.json`.

    Attributes:
        corpus: Name of the corpus; later stages use it in speaker ids.
        title: Name in reports.
        licence: Licence of the audio.
        labels: Classes of the target, in the order of the class indices.
        dtype: Data type of the stored log-mels.
        features: Settings of the front end that computed them.
        shards: The TFRecord files.
        trim_below_db: Threshold of the trimming of silence at both ends, in dB below the loudest frame; 0 if off.
        renditions: Number of varied copies of each utterance in its record.
        target: What the labels tell, such as the emotion.
    """

    corpus: str
    title: str
    licence: str
    labels: tuple[str, ...]
    dtype: str
    features: FeatureConfig
    shards: tuple[Shard, ...]
    trim_below_db: float = 0.0
    renditions: int = 0
    target: str = EMOTION


class Records:
    """Access to a records folder, which is checked when it is opened.

    Args:
        folder: Folder written by `ser-fop prepare`.
        target: Column with the labels; by default the target of `prepare`.

    Attributes:
        folder: The folder.
        manifest: Its manifest, with the labels of the target.
        rows: Its utterances, with the labels of the target. For the target `speaker`, they also have the units that
            folds divide.
        unit: What folds divide: `speaker`, or `session`, `text` or `utterance` for the target `speaker`.

    Raises:
        InputError: If the folder is unfinished, if a shard or a table was changed, or if there is no such target.
    """

    def __init__(self, folder: str | Path, target: str = "") -> None:
        self.folder = folder = Path(folder)
        require_complete(folder, "prepare")
        try:
            self.manifest = from_stored(read_json(folder / MANIFEST), Manifest)
        except msgspec.ValidationError as error:
            raise InputError(
                f"{folder / MANIFEST} is not a valid manifest of this version ({error}). Run `ser-fop prepare` again."
            ) from error
        for shard in self.manifest.shards:
            _check_shard(folder / shard.name, shard)
        tables = [folder / name for name in CONTENT]
        if not all(path.is_file() for path in tables) or content_digest(folder, tables) != digest_of(folder):
            raise InputError(
                f"{folder} is damaged: one of {', '.join(CONTENT)} is missing or was changed."
                " Remove it and run `ser-fop prepare` again."
            )
        self._people_of: dict[str, set[str]] = {}
        self.unit = SPEAKER
        self.rows = read_rows(folder / UTTERANCES)
        if target and target != self.manifest.target:
            self.rows = with_target(self.rows, target, own=self.manifest.target, where=str(folder))
            self.manifest = dataclasses.replace(self.manifest, target=target, labels=labels_of(self.rows))
        if self.manifest.target == SPEAKER:
            self._divide_speakers()

    def _divide_speakers(self) -> None:
        """Let folds divide the recordings of each speaker."""
        if self.manifest.features.normalised_by == "speaker":
            raise InputError(
                f"--target speaker expected features that are not normalised by speaker, but those of {self.folder} are:"
                " they tell a speaker from his mean, which is not known in use. Prepare it with `--normalised-by none`."
            )
        self.unit, self.rows = with_units(self.rows)
        for row in self.rows:
            self._people_of.setdefault(row.unit, set()).add(row.speaker)

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return self.manifest.corpus

    @property
    def shard_paths(self) -> list[str]:
        """Paths of the shards that hold records, in order."""
        return [str(self.folder / shard.name) for shard in self.manifest.shards if shard.records]

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers, or of what folds divide instead, sorted."""
        return tuple(sorted({row.group for row in self.rows}))

    @functools.cached_property
    def statistics(self) -> MelStatistics:
        """Sums of each utterance's log-mel after normalisation, in the order of `rows`."""
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
        """Mean and standard deviation that normalise each utterance, two arrays (utterances, mels), or None."""
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
        std = np.sqrt(np.maximum(squares / count - np.square(mean), MIN_VARIANCE))
        if by == "utterance_mean":
            std = np.ones_like(std)
        return mean[group], std[group]

    @functools.cached_property
    def _stored_statistics(self) -> MelStatistics:
        with np.load(self.folder / STATISTICS, allow_pickle=False) as arrays:
            return MelStatistics(**{key: arrays[key] for key in ("count", "total", "squares")})

    def of_speakers(self, speakers: Collection[str]) -> list[Row]:
        """Return the rows of some speakers, or of what folds divide instead."""
        return [row for row in self.rows if row.group in speakers]

    def qualified_speaker_id(self, speaker: str) -> str:
        """Return the name of a speaker, or of what the folds divide instead, as `corpus:name`."""
        return f"{self.corpus}:{'' if self.unit == SPEAKER else UNIT_MARK}{speaker}"

    def names_to_record(self, speakers: Iterable[str]) -> set[str]:
        """Return the names by which a run records that it has heard some speakers.

        Args:
            speakers: Some of `speakers`. For units, their people are recorded too, as heard in part.
        """
        speakers = list(speakers)
        found = {self.qualified_speaker_id(one) for one in speakers}
        return found if self.unit == SPEAKER else found | {partly_heard(one) for one in self._people(speakers)}

    def heard_before(self, speakers: Iterable[str], recorded: Collection[str]) -> set[str]:
        """Return whom of some speakers a network has heard.

        Args:
            speakers: Some of `speakers`.
            recorded: What its runs recorded.

        Returns:
            Names as `corpus:name`: for units, those that it has heard, and the people whom it has heard whole.
        """
        names = {self.qualified_speaker_id(one) for one in speakers}
        if self.unit == SPEAKER:
            return {one for one in names if one in recorded or partly_heard(one) in recorded}
        return (names | self._people(speakers)).intersection(recorded)

    def _people(self, units: Iterable[str]) -> set[str]:
        """Return the people behind units as `corpus:speaker`."""
        return {f"{self.corpus}:{name}" for one in units for name in self._people_of.get(one, ())}


def mel_moments(parts: Iterable[tuple[Records, Collection[str]]]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each mel band over the frames of some utterances.

    Args:
        parts: Pairs of records and utterance ids.

    Returns:
        Two float32 arrays of shape (mels,).

    Raises:
        InputError: If no utterance is selected.
    """
    count, total, squares = 0.0, 0.0, 0.0
    for records, ids in parts:
        chosen = np.array([row.id in ids for row in records.rows])
        count += records.statistics.count[chosen].sum()
        total += records.statistics.total[chosen].sum(axis=0)
        squares += records.statistics.squares[chosen].sum(axis=0)
    if count == 0:
        raise InputError("mel statistics need at least one utterance, received none.")
    mean = total / count
    std = np.sqrt(np.maximum(squares / count - np.square(mean), 1e-8))
    return mean.astype(np.float32), std.astype(np.float32)


def require_same_features(named: Mapping[str, FeatureConfig]) -> FeatureConfig:
    """Return the feature config that all share.

    Args:
        named: Feature configs by the name of the folder that uses them; error messages contain the names.

    Raises:
        InputError: If two differ. The message contains the key and both values.
    """
    (first_name, first), *rest = named.items()
    for name, other in rest:
        for field in dataclasses.fields(FeatureConfig):
            one, two = getattr(first, field.name), getattr(other, field.name)
            if one != two:
                raise InputError(
                    f"{first_name} and {name} have different feature configs: {field.name} is {one} and {two}."
                    " Prepare both with the same options; `ser-fop prepare --features-of NETWORK` takes those of a network."
                )
    return first


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write `manifest.json`."""
    write_json(path, manifest)


def _check_shard(path: Path, shard: Shard) -> None:
    """Check a shard against its entry in the manifest."""
    if not path.is_file():
        raise InputError(f"shard {path} is missing. Run `ser-fop prepare` again into another folder.")
    if _cached_sha256(path, path.stat().st_size, path.stat().st_mtime_ns) != shard.sha256:
        raise InputError(
            f"shard {path} is damaged: its SHA-256 differs from the one in {MANIFEST} (expected {shard.records} records,"
            f" {shard.frames} frames). Remove {path.parent} and run `ser-fop prepare` again."
        )


@functools.lru_cache(maxsize=100_000)
def _cached_sha256(path: Path, _size: int, _modified_ns: int) -> str:
    """Return the SHA-256 of a file, computed once per process while size and modification time stay the same."""
    return sha256(path)
