"""Utterances, and the columns of the files that describe them. Nothing here imports TensorFlow."""

import csv
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """One stretch of speech by one speaker, as a corpus lists it.

    Attributes:
        id: Unique within the corpus; joins features, labels and predictions.
        speaker: Speaker's name within the corpus.
        session: Recording session, or an empty string.
        gender: `"F"`, `"M"` or an empty string.
        style: `"improvised"`, `"scripted"`, `"read"` or an empty string.
        label: Class of the target, such as the emotion; an empty string if it is not in the label set. Pretraining uses
            the utterance all the same.
        annotation: The corpus's own label, before labels are merged.
        file: Audio file, relative to the corpus folder, with forward slashes.
        start_s: Start in the file, in seconds.
        end_s: End in the file, in seconds; None is the end of the file.
        arousal: Rated arousal on the corpus's own scale; None without a rating.
        valence: Rated valence on the corpus's own scale; None without a rating.
        columns: Name and value of everything else that the corpus tells, such as the spoken text.
    """

    id: str
    speaker: str
    session: str = ""
    gender: str = ""
    style: str = ""
    label: str = ""
    annotation: str = ""
    file: str
    start_s: float = 0.0
    end_s: float | None = None
    arousal: float | None = None
    valence: float | None = None
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row(Utterance):
    """One line of `utterances.csv`: an utterance in the shards. Unknown numbers are empty strings.

    Attributes:
        shard: Index of the shard.
        frames: Length in frames.
        duration_s: Duration in seconds.
        unit: What folds divide instead of the speaker, if the speaker is the target; an empty string otherwise.
    """

    shard: int
    frames: int
    duration_s: float
    file: str = ""
    end_s: float | str = ""
    arousal: float | str = ""
    valence: float | str = ""
    unit: str = ""

    @property
    def group(self) -> str:
        """What folds divide: the unit, or else the speaker."""
        return self.unit or self.speaker


# Name of speakers that nobody knows: they may be trained on, and never tested.
UNKNOWN_SPEAKER = "unknown"

# Columns of `utterances.csv` in a records folder, in order.
UTTERANCES = "utterances.csv"
_ID, *_DESCRIBED, _COLUMNS = (field.name for field in dataclasses.fields(Utterance))
UTTERANCE_COLUMNS = (_ID, "shard", "frames", "duration_s", *_DESCRIBED)
# What precedes the name of each further column of the corpus in `utterances.csv`.
COLUMN_PREFIX = "column:"
# Name of the column `label` in records of older versions.
_OLDER_LABEL = "emotion"

# Features of a `tf.train.Example`: the id (UTF-8), the little-endian log-mels (frames, mels), the number of frames.
RECORD_ID, RECORD_MEL, RECORD_FRAMES = "id", "mel", "frames"

# Ratings of an utterance, in the order of the network's outputs.
DIMENSIONAL_LABELS = ("arousal", "valence")

# Columns of `quarantine.csv` in a records folder, in order.
QUARANTINE_COLUMNS = ("id", "file", "problem")

# Leading columns of a classifier's `predictions.csv`. A probability column for each class follows.
PREDICTION_COLUMNS = ("id", "speaker", "fold", "seed", "label", "predicted")
PROBABILITY_PREFIX = "p_"


def is_unknown(speaker: str) -> bool:
    """Return whether nobody knows who a speaker is.

    Args:
        speaker: Name, or `corpus:name`.
    """
    return speaker.rpartition(":")[2] == UNKNOWN_SPEAKER


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write `utterances.csv`."""
    rows = list(rows)
    further = dict.fromkeys(COLUMN_PREFIX + name for row in rows for name, _ in row.columns)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, (*UTTERANCE_COLUMNS, *further), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows({**vars(row), **{COLUMN_PREFIX + name: text for name, text in row.columns}} for row in rows)


def read_rows(path: Path) -> tuple[Row, ...]:
    """Read `utterances.csv`."""
    with path.open(newline="", encoding="utf-8") as file:
        return tuple(_row(line) for line in csv.DictReader(file))


def _row(line: dict[str, Any]) -> Row:
    typed = {"shard": int(line["shard"]), "frames": int(line["frames"])}
    typed |= {"duration_s": float(line["duration_s"]), "start_s": float(line["start_s"])}
    own = {name: text for name, text in line.items() if not name.startswith(COLUMN_PREFIX)}
    if _OLDER_LABEL in own:
        own["label"] = own.pop(_OLDER_LABEL)
    further = (
        (name.removeprefix(COLUMN_PREFIX), text) for name, text in line.items() if name.startswith(COLUMN_PREFIX)
    )
    return Row(**{**own, **typed}, columns=tuple(further))
