"""Several labelled records folders as one."""

import dataclasses
import functools
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from ser_fop.corpora.label_map import LabelMap, plain_label, read_label_map
from ser_fop.corpora.schema import Row
from ser_fop.corpora.speaker_units import partly_heard
from ser_fop.corpora.targets import EMOTION, SPEAKER
from ser_fop.data.mel_statistics import MelStatistics
from ser_fop.data.records import Manifest, Records, require_same_features
from ser_fop.errors import InputError

_NAME = "joined"


class JoinedRecords:
    """Several labelled records folders as one, with common names of emotions.

    It has the attributes of `Records`. Ids and speakers begin with the name of their corpus: `ravdess:Actor_01`.

    Args:
        parts: Records folders, one for each corpus.
        label_map: Common names of emotions.

    Attributes:
        parts: The records folders.
        manifest: Common manifest. Its labels are the common names that occur, in the order of the map.
        rows: Rows of all parts.
        classes_of: Common names that occur in a corpus, by its name. A corpus without a class says nothing of it.

    Raises:
        InputError: If a corpus occurs twice, features or trimming differ, or a label is not in the map.
    """

    def __init__(self, parts: Sequence[Records], label_map: LabelMap) -> None:
        self.parts = tuple(parts)
        names = [part.corpus for part in parts]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InputError(
                f"expected each corpus once, received two records folders of corpus {twice!r}. Drop one, or prepare it"
                " with another --name."
            )
        targets = {part.manifest.target for part in parts}
        if len(targets) > 1 or SPEAKER in targets:
            raise InputError(
                f"expected records of one target other than `speaker`, received {', '.join(sorted(targets))}. Choose it by"
                " --target; identify the speakers of one corpus at a time."
            )
        features = require_same_features({str(part.folder): part.manifest.features for part in parts})
        if len({part.manifest.trim_below_db for part in parts}) > 1:
            raise InputError(
                "expected the same trimming of silence (trim_below_db) in all records folders, received several:"
                " prepare all records with the same setting."
            )
        common = {name: label_map.common(name) for part in parts for name in part.manifest.labels}
        self._rows_of = [tuple(_joined(row, part, common) for row in part.rows) for part in parts]
        self.rows: tuple[Row, ...] = tuple(row for rows in self._rows_of for row in rows)
        found = {part.corpus: {row.label for row in rows} for part, rows in zip(parts, self._rows_of, strict=True)}
        self.classes_of = {
            corpus: tuple(label for label in label_map.labels if label in held) for corpus, held in found.items()
        }
        self.manifest = Manifest(
            corpus=_NAME,
            title=", ".join(part.manifest.title for part in parts),
            licence="; ".join(f"{part.corpus}: {part.manifest.licence}" for part in parts),
            labels=tuple(
                label for label in label_map.labels if any(label in held for held in self.classes_of.values())
            ),
            dtype=parts[0].manifest.dtype,
            features=features,
            shards=(),
            trim_below_db=parts[0].manifest.trim_below_db,
            target=parts[0].manifest.target,
        )
        self.unit = SPEAKER

    @property
    def folder(self) -> Path:
        """Folder of the first corpus, for messages."""
        return self.parts[0].folder

    @property
    def corpus(self) -> str:
        """Names of the corpora, joined by `+`."""
        return "+".join(part.corpus for part in self.parts)

    @property
    def speakers(self) -> tuple[str, ...]:
        """Names of the speakers as `corpus:speaker`, sorted."""
        return tuple(sorted({row.speaker for row in self.rows}))

    @functools.cached_property
    def statistics(self) -> MelStatistics:
        """Sums of each utterance's log-mel after normalisation, in the order of `rows`."""
        return MelStatistics(
            **{
                field.name: np.concatenate([getattr(part.statistics, field.name) for part in self.parts])
                for field in dataclasses.fields(MelStatistics)
            }
        )

    def of_speakers(self, speakers: Collection[str]) -> list[Row]:
        """Return the rows of some speakers, which are named `corpus:speaker`."""
        return [row for row in self.rows if row.speaker in speakers]

    def qualified_speaker_id(self, speaker: str) -> str:
        """Return a speaker's name as `corpus:speaker`, which it already is."""
        return speaker

    def names_to_record(self, speakers: Iterable[str]) -> set[str]:
        """Return the names by which a run records that it has heard some speakers, `corpus:speaker`."""
        return set(speakers)

    def heard_before(self, speakers: Iterable[str], recorded: Collection[str]) -> set[str]:
        """Return which speakers a network has heard, of whom its runs recorded the names."""
        return {one for one in speakers if one in recorded or partly_heard(one) in recorded}

    def selection(self, ids: Collection[str]) -> list[tuple[Records, frozenset[str], str]]:
        """Return the records to read for some utterances.

        Args:
            ids: Ids of the joined records.

        Returns:
            For each part: the records, their own ids of the utterances, and what joined ids have before them.
        """
        chosen = set(ids)
        found = []
        for part, rows in zip(self.parts, self._rows_of, strict=True):
            own = frozenset(one.id for one, row in zip(part.rows, rows, strict=True) if row.id in chosen)
            found.append((part, own, f"{part.corpus}:"))
        return found


def labelled_records(
    folders: Sequence[Path], label_map: Path | None = None, *, target: str = ""
) -> Records | JoinedRecords:
    """Open the labelled records of a stage.

    Args:
        folders: Records folders.
        label_map: Label map; None for the published one of emotions, and for the names of the corpora of another target.
        target: Column with the labels; by default that of each folder.

    Returns:
        The records of one folder with its own labels, or joined records of several folders, or of one with a label map,
        with common names.

    Raises:
        InputError: If a folder is unusable, or if folders cannot be joined.
    """
    if not folders:
        raise InputError("--records expected at least one records folder, received none.")
    return joined_if_several([Records(folder, target) for folder in folders], label_map)


def joined_if_several(parts: Sequence[Records], label_map: Path | None = None) -> Records | JoinedRecords:
    """Join opened records folders under common names.

    Args:
        parts: At least one records folder.
        label_map: Label map; None for the published one of emotions, and for the names of the corpora of another target.

    Returns:
        The records of one folder with its own labels, or joined records of several folders, or of one with a label map.

    Raises:
        InputError: If folders cannot be joined.
    """
    return parts[0] if len(parts) == 1 and label_map is None else JoinedRecords(parts, label_map_of(parts, label_map))


def label_map_of(parts: Sequence[Records], path: Path | None) -> LabelMap:
    """Return the common names of the labels of several folders.

    Args:
        parts: The records folders.
        path: Label map; None for the published one of emotions, and for the names of the corpora of another target.

    Raises:
        InputError: If the file is missing or is not a label map.
    """
    if path is None and any(part.manifest.target != EMOTION for part in parts):
        spelled: dict[str, list[str]] = {}  # names that differ in case alone are one class
        for name in sorted({name for part in parts for name in part.manifest.labels}):
            spelled.setdefault(plain_label(name), []).append(name)
        return LabelMap({names[0]: names[1:] for names in spelled.values()}, source="the labels of the records")
    return read_label_map(path)


def corpora_of(parts: Iterable[Records | JoinedRecords]) -> list[dict[str, str]]:
    """Return name, title and licence of each corpus, for the config of a run.

    Args:
        parts: Records.
    """
    folders = [folder for part in parts for folder in (part.parts if isinstance(part, JoinedRecords) else (part,))]
    return [{"name": one.corpus, "title": one.manifest.title, "licence": one.manifest.licence} for one in folders]


def corpus_of(name: str) -> str:
    """Return the corpus of a joined id or of a qualified speaker, `corpus:name`."""
    return name.partition(":")[0]


def _joined(row: Row, part: Records, common: dict[str, str]) -> Row:
    return dataclasses.replace(
        row,
        id=f"{part.corpus}:{row.id}",
        speaker=part.qualified_speaker_id(row.speaker),
        session=f"{part.corpus}:{row.session}" if row.session else "",
        label=common[row.label] if row.label else "",
    )
