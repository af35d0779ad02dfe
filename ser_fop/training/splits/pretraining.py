"""The training, validation and held-out speakers of a pretraining."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from ser_fop.corpora.folds import FoldFile, chosen_folds, folds_of
from ser_fop.data.records import Records
from ser_fop.errors import InputError
from ser_fop.utils.json_io import value_digest


@dataclasses.dataclass(frozen=True, kw_only=True)
class PretrainingSplit:
    """Speaker-disjoint utterances of one or more records folders.

    Attributes:
        train: Records, each with the ids to learn from.
        validation: Records, each with the ids that decide when to stop.
        seen_speakers: Speakers of both, as `corpus:speaker`.
        validation_speakers: Speakers of the second, as `corpus:speaker`.
    """

    train: tuple[tuple[Records, frozenset[str]], ...]
    validation: tuple[tuple[Records, frozenset[str]], ...]
    seen_speakers: tuple[str, ...]
    validation_speakers: tuple[str, ...]


def folds_of_records(records: Records, *, path: Path | None = None) -> FoldFile:
    """Return the folds of a labelled records folder.

    Raises:
        InputError: If it has no labels, or no folds can be made.
    """
    if not records.manifest.labels:
        raise InputError(
            f"{records.folder} (corpus {records.corpus!r}) has no emotion labels, so it has no folds to test on."
        )
    return folds_of(records.corpus, {row.speaker: row.session for row in records.rows}, path=path)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HeldOutSpeakers:
    """The speakers that pretraining must not see, by corpus.

    Attributes:
        excluded_speakers: Speakers whose speech it must not see: the fold's test speakers and its unused speakers.
        unlabelled_speakers: Speakers whose labels it must not see: the validation speakers.
    """

    excluded_speakers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    unlabelled_speakers: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of these speakers."""
        parts = [
            {name: sorted(who) for name, who in part.items()}
            for part in (self.excluded_speakers, self.unlabelled_speakers)
        ]
        return value_digest(parts)


def held_out_speakers(parts: Sequence[Records], *, fold: int, path: Path | None) -> HeldOutSpeakers:
    """Return the speakers that pretraining must not see.

    Args:
        parts: The records to pretrain on.
        fold: The fold that is tested later.
        path: Fold file of the user's own.

    Raises:
        InputError: If none of the records has labels, or there is no such fold.
    """
    labelled = [records for records in parts if records.manifest.labels]
    if not labelled:
        raise InputError(
            "--fold leaves out a fold's test speakers, but none of the records has emotion labels. Drop --fold."
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
    """Hold out a share of each corpus's speakers for early stopping.

    Args:
        parts: Records folders, one a corpus.
        excluded_speakers: Speakers to leave out, by corpus.
        validation_share: Share of the remaining speakers, at least one of them.
        seed: Which speakers.

    Raises:
        InputError: If fewer than two speakers remain.
    """
    names = [records.corpus for records in parts]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"two of the records folders hold corpus {name!r}: give each corpus once, or a --name of its own."
            )
    generator = np.random.default_rng(seed)
    train, validation, seen_speakers, validating = [], [], [], []
    for records in parts:
        speakers = [speaker for speaker in records.speakers if speaker not in excluded_speakers.get(records.corpus, ())]
        if len(speakers) < 2:
            raise InputError(
                f"pretraining needs at least two speakers, one of them for early stopping; {records.folder} leaves {len(speakers)}."
            )
        count = min(len(speakers) - 1, max(1, round(validation_share * len(speakers))))
        chosen = set(generator.choice(speakers, size=count, replace=False).tolist())
        seen_speakers += [records.qualified_speaker_id(speaker) for speaker in speakers]
        validating += [records.qualified_speaker_id(speaker) for speaker in sorted(chosen)]
        train.append((records, _ids(records, set(speakers) - chosen)))
        validation.append((records, _ids(records, chosen)))
    return PretrainingSplit(
        train=tuple(train),
        validation=tuple(validation),
        seen_speakers=tuple(seen_speakers),
        validation_speakers=tuple(validating),
    )


def class_targets(
    split: PretrainingSplit, *, unlabelled_speakers: Mapping[str, Collection[str]]
) -> tuple[dict[str, int], int]:
    """Return the class index by id of the labelled training utterances, and the number of classes.

    The labels are those of the first labelled records.

    Args:
        split: The training and validation speakers.
        unlabelled_speakers: Speakers whose labels are not used, by corpus.

    Raises:
        InputError: If no labels are left to use, or a labelled id is in other records too.
    """
    labelled = [(records, ids) for records, ids in split.train if records.manifest.labels]
    if not labelled:
        raise InputError("task `ladder` learns from labels too: none of the records has emotion labels.")
    source, ids = labelled[0]
    excluded = unlabelled_speakers.get(source.corpus, ())
    index = {label: number for number, label in enumerate(source.manifest.labels)}
    classes = {
        row.id: index[row.emotion]
        for row in source.rows
        if row.id in ids and row.emotion and row.speaker not in excluded
    }
    if not classes:
        raise InputError(f"no utterance of {source.folder} with a label that may be used is left to learn from.")
    others = [records for records, _ in split.train if records is not source]
    twice = next((row.id for records in others for row in records.rows if row.id in classes), None)
    if twice is not None:
        raise InputError(f"utterance {twice!r} is in {source.folder} and in other records: labels go by it.")
    return classes, len(index)


def speakers_with_labels(split: PretrainingSplit, labelled_speakers: Collection[str]) -> tuple[str, ...]:
    """Return the speakers of labelled training utterances, as `corpus:speaker`.

    Args:
        split: The training and validation speakers.
        labelled_speakers: Ids of those utterances.
    """
    named = {
        records.qualified_speaker_id(row.speaker)
        for records, ids in split.train
        for row in records.rows
        if row.id in ids and row.id in labelled_speakers
    }
    return tuple(sorted(named))


def _ids(records: Records, speakers: Collection[str]) -> frozenset[str]:
    return frozenset(row.id for row in records.of_speakers(speakers))
