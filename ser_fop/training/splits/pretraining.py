"""Training, validation and held-out speakers of a pretraining."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from ser_fop.corpora.folds import FoldFile, chosen_folds, folds_of, speaker_sessions
from ser_fop.corpora.speaker_units import unit_folds
from ser_fop.corpora.split_column import published_split
from ser_fop.corpora.targets import SPEAKER
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.utils.json_io import value_digest


@dataclasses.dataclass(frozen=True, kw_only=True)
class PretrainingSplit:
    """Speaker-disjoint utterances of one or more records folders.

    Attributes:
        train: Pairs of records and training utterance ids.
        validation: Pairs of records and validation utterance ids, for early stopping.
        seen_speakers: Training and validation speakers, as `corpus:speaker`.
        validation_speakers: Validation speakers, as `corpus:speaker`.
    """

    train: tuple[tuple[Records, frozenset[str]], ...]
    validation: tuple[tuple[Records, frozenset[str]], ...]
    seen_speakers: tuple[str, ...]
    validation_speakers: tuple[str, ...]


def folds_of_records(records: Records, *, path: Path | None = None) -> FoldFile:
    """Return the folds of a labelled records folder.

    Args:
        records: The labelled records.
        path: Fold file; None uses the corpus's default folds.

    Raises:
        InputError: If the records have no labels, or if no folds can be made.
    """
    if not records.manifest.labels:
        raise InputError(
            f"{records.folder} (corpus {records.corpus!r}) has no {records.manifest.target} labels, so it has no folds. Use"
            " labelled records."
        )
    if records.unit != SPEAKER:
        return unit_folds(records.corpus, records.rows, records.unit, path=path)
    split = published_split(records.corpus, records.rows)
    return folds_of(records.corpus, speaker_sessions(records.rows), path=path, split=split)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeldOutSpeakers:
    """Speakers whose speech or labels a pretraining must not see, by corpus.

    Attributes:
        excluded_speakers: Speakers whose speech must not be seen: the fold's test speakers and its unused speakers.
        unlabelled_speakers: Speakers whose labels must not be seen: the fold's validation speakers.
    """

    excluded_speakers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    unlabelled_speakers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of both sets of speakers."""
        parts = [
            {name: sorted(speakers) for name, speakers in part.items()}
            for part in (self.excluded_speakers, self.unlabelled_speakers)
        ]
        return value_digest(parts)


def held_out_speakers(parts: Sequence[Records], *, fold: int, path: Path | None) -> HeldOutSpeakers:
    """Return the speakers whose speech or labels a pretraining must not see.

    Args:
        parts: Records folders to pretrain on.
        fold: Number of the fold that is tested later.
        path: Fold file; None uses the corpus's default folds.

    Raises:
        InputError: If no records folder has labels, or if the fold does not exist.
    """
    labelled = [records for records in parts if records.manifest.labels]
    if not labelled:
        raise InputError(
            "--fold excludes the test speakers of a fold, but none of the records has emotion labels. Drop --fold."
        )
    excluded_speakers, unlabelled_speakers = {}, {}
    for records in labelled:
        folds = folds_of_records(records, path=path)
        (number,) = chosen_folds(str(fold), folds)
        excluded_speakers[records.corpus] = (*folds.folds[number].test, *folds.folds[number].unused)
        unlabelled_speakers[records.corpus] = folds.folds[number].validation
    return HeldOutSpeakers(excluded_speakers=excluded_speakers, unlabelled_speakers=unlabelled_speakers)


def split_for_pretraining(
    parts: Sequence[Records], *, excluded_speakers: Mapping[str, Collection[str]], validation_share: float, seed: int
) -> PretrainingSplit:
    """Hold out a share of the speakers of each corpus for early stopping.

    Args:
        parts: Records folders, one per corpus.
        excluded_speakers: Speakers in neither part, by corpus.
        validation_share: Share of the remaining speakers for validation; at least one speaker, and not all.
        seed: Seed of the random choice of the validation speakers.

    Raises:
        InputError: If a corpus occurs twice, or if fewer than two of its speakers remain.
    """
    names = [records.corpus for records in parts]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"expected each corpus once, received two records folders of corpus {name!r}. Drop one, or prepare it"
                " with another --name."
            )
    generator = np.random.default_rng(seed)
    train, validation, seen_speakers, validation_speakers = [], [], [], []
    for records in parts:
        speakers = [speaker for speaker in records.speakers if speaker not in excluded_speakers.get(records.corpus, ())]
        if len(speakers) < 2:
            raise InputError(
                f"pretraining expected at least two speakers in {records.folder}, one of them for early stopping,"
                f" received {len(speakers)}. Add speakers, or drop --fold."
            )
        count = min(len(speakers) - 1, max(1, round(validation_share * len(speakers))))
        chosen = set(generator.choice(speakers, size=count, replace=False).tolist())
        seen_speakers += sorted(records.names_to_record(speakers))
        validation_speakers += [records.qualified_speaker_id(speaker) for speaker in sorted(chosen)]
        train.append((records, _ids(records, set(speakers) - chosen)))
        validation.append((records, _ids(records, chosen)))
    return PretrainingSplit(
        train=tuple(train),
        validation=tuple(validation),
        seen_speakers=tuple(seen_speakers),
        validation_speakers=tuple(validation_speakers),
    )


def class_targets(
    split: PretrainingSplit, *, unlabelled_speakers: Mapping[str, Collection[str]]
) -> tuple[dict[str, int], int]:
    """Return the class index by id of the labelled training utterances, and the number of classes.

    The labels come from the first records folder with labels.

    Args:
        split: Training and validation utterances.
        unlabelled_speakers: Speakers whose labels are not used, by corpus.

    Raises:
        InputError: If no label can be used, or if other records contain the same utterance id.
    """
    labelled = [(records, ids) for records, ids in split.train if records.manifest.labels]
    if not labelled:
        raise InputError(
            "task `ladder` expected records with emotion labels, received none. Add labelled records, or choose"
            " another --task."
        )
    source, ids = labelled[0]
    excluded = unlabelled_speakers.get(source.corpus, ())
    index = {label: number for number, label in enumerate(source.manifest.labels)}
    classes = {
        row.id: index[row.label] for row in source.rows if row.id in ids and row.label and row.group not in excluded
    }
    if not classes:
        raise InputError(
            f"expected a training utterance with a usable label in {source.folder}, received none: labels of the fold's"
            " validation and test speakers are not used. Choose another fold or another --task."
        )
    others = [records for records, _ in split.train if records is not source]
    twice = next((row.id for records in others for row in records.rows if row.id in classes), None)
    if twice is not None:
        raise InputError(
            f"expected unique utterance ids, but {twice!r} is in {source.folder} and in other records. Drop one of the"
            " records folders."
        )
    return classes, len(index)


def speakers_with_labels(split: PretrainingSplit, labelled_speakers: Collection[str]) -> tuple[str, ...]:
    """Return the speakers of the labelled training utterances, as `corpus:speaker`.

    Args:
        split: Training and validation utterances.
        labelled_speakers: Ids of the labelled utterances.
    """
    named = [
        (records, {row.group for row in records.rows if row.id in ids and row.id in labelled_speakers})
        for records, ids in split.train
    ]
    return tuple(sorted(set().union(*(records.names_to_record(speakers) for records, speakers in named))))


def _ids(records: Records, speakers: Collection[str]) -> frozenset[str]:
    return frozenset(row.id for row in records.of_speakers(speakers))
