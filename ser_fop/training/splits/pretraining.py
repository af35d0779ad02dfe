"""Who is heard in training, who validates, and who must not be heard."""

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
        heard: Speakers of both, as `corpus:speaker`.
        validation_speakers: Speakers of the second, as `corpus:speaker`.
    """

    train: tuple[tuple[Records, frozenset[str]], ...]
    validation: tuple[tuple[Records, frozenset[str]], ...]
    heard: tuple[str, ...]
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
class LeftOut:
    """What pretraining must not know, by corpus.

    Attributes:
        unheard: Speakers that it must not hear: those whom the fold tests, and those that it does not use.
        untold: Speakers whose emotions it must not be told: those who validate.
    """

    unheard: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    untold: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Digest of who they are."""
        parts = [{name: sorted(who) for name, who in part.items()} for part in (self.unheard, self.untold)]
        return value_digest(parts)


def left_out(parts: Sequence[Records], *, fold: int, path: Path | None) -> LeftOut:
    """Return what pretraining must not know.

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
    unheard, untold = {}, {}
    for records in labelled:
        folds = folds_of_records(records, path=path)
        (number,) = chosen_folds(str(fold), folds)
        unheard[records.corpus] = (*folds.folds[number].test, *folds.folds[number].unused)
        untold[records.corpus] = folds.folds[number].validation
    return LeftOut(unheard=unheard, untold=untold)


def split_for_pretraining(
    parts: Sequence[Records], *, unheard: Mapping[str, Collection[str]], validation_share: float, seed: int
) -> PretrainingSplit:
    """Hold out a share of each corpus's speakers for early stopping.

    Args:
        parts: Records folders, one a corpus.
        unheard: Speakers to leave out, by corpus.
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
    train, validation, heard, validating = [], [], [], []
    for records in parts:
        speakers = [speaker for speaker in records.speakers if speaker not in unheard.get(records.corpus, ())]
        if len(speakers) < 2:
            raise InputError(
                f"pretraining needs at least two speakers, one of them for early stopping; {records.folder} leaves {len(speakers)}."
            )
        count = min(len(speakers) - 1, max(1, round(validation_share * len(speakers))))
        chosen = set(generator.choice(speakers, size=count, replace=False).tolist())
        heard += [records.known_as(speaker) for speaker in speakers]
        validating += [records.known_as(speaker) for speaker in sorted(chosen)]
        train.append((records, _ids(records, set(speakers) - chosen)))
        validation.append((records, _ids(records, chosen)))
    return PretrainingSplit(
        train=tuple(train), validation=tuple(validation), heard=tuple(heard), validation_speakers=tuple(validating)
    )


def told_classes(split: PretrainingSplit, *, untold: Mapping[str, Collection[str]]) -> tuple[dict[str, int], int]:
    """Return the class index by id of what is learned from, and the number of classes: of the first labelled records.

    Args:
        split: Who is heard.
        untold: Speakers whose emotions are not told, by corpus.

    Raises:
        InputError: If nobody's emotions are told, or an id of theirs is in other records too.
    """
    labelled = [(records, ids) for records, ids in split.train if records.manifest.labels]
    if not labelled:
        raise InputError("task `ladder` learns from labels too: none of the records has emotion labels.")
    (told, ids), others = labelled[0], [records for records, _ in split.train if records is not labelled[0][0]]
    labels, unknown = told.manifest.labels, untold.get(told.corpus, ())
    index = {label: number for number, label in enumerate(labels)}
    classes = {
        row.id: index[row.emotion] for row in told.rows if row.id in ids and row.emotion and row.speaker not in unknown
    }
    if not classes:
        raise InputError(f"no utterance of {told.folder} whose emotion may be told is left to learn from.")
    twice = next((row.id for records in others for row in records.rows if row.id in classes), None)
    if twice is not None:
        raise InputError(f"utterance {twice!r} is in {told.folder} and in other records: labels go by it.")
    return classes, len(labels)


def speakers_told(split: PretrainingSplit, told: Collection[str]) -> tuple[str, ...]:
    """Return the speakers of utterances whose class is told, as `corpus:speaker`.

    Args:
        split: Who is heard.
        told: Ids of those utterances.
    """
    named = {
        records.known_as(row.speaker)
        for records, ids in split.train
        for row in records.rows
        if row.id in ids and row.id in told
    }
    return tuple(sorted(named))


def _ids(records: Records, speakers: Collection[str]) -> frozenset[str]:
    return frozenset(row.id for row in records.of_speakers(speakers))
