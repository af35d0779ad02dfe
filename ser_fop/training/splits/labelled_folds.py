"""Folds of several records folders."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ser_fop.corpora.folds import Fold, FoldFile, check_folds, folds_of, speaker_sessions
from ser_fop.corpora.schema import is_unknown
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.records import Records
from ser_fop.training.splits.pretraining import folds_of_records, held_out_speakers

# Fewer known speakers of a corpus cannot be divided into training, validation and test speakers.
_FEWEST_SPEAKERS = 3


def labelled_folds(records: Sequence[Records], *, path: Path | None) -> FoldFile:
    """Return the folds of the first records folder with emotion labels.

    Args:
        records: Records folders to pretrain on.
        path: Fold file; None uses the corpus's default folds.

    Raises:
        InputError: If no records folder has labels, or if no folds can be made.
    """
    labelled = next((part for part in records if part.manifest.labels), None)
    if labelled is None:
        held_out_speakers(records, fold=0, path=path)  # raises an InputError with the reason
    return folds_of_records(labelled, path=path)


def finetuning_folds(records: Records | JoinedRecords, *, path: Path | None) -> FoldFile:
    """Return the folds of a fine-tuning or of a classifier on features.

    Joined records have the folds of all corpora side by side: fold 0 tests the speakers of each corpus's fold 0. A
    corpus with fewer folds has no test speakers in the others. A corpus with fewer than three known speakers is
    trained on and never tested.

    Args:
        records: The labelled records.
        path: Fold file; None uses the default folds of each corpus. Joined records have speakers `corpus:speaker`.

    Raises:
        InputError: If the records have no labels, or if no folds can be made.
    """
    if not isinstance(records, JoinedRecords):
        return folds_of_records(records, path=path)
    if path:
        return folds_of(records.corpus, speaker_sessions(records.rows), path=path)
    divided = {part: folds_of_records(part) for part in records.parts if _can_be_divided(part)}
    folds = tuple(
        _side_by_side(records, divided, number)
        for number in range(max((len(one.folds) for one in divided.values()), default=0))
    )
    description = "; ".join(f"{part.corpus}: {one.protocol}" for part, one in divided.items())
    return check_folds(
        FoldFile(corpus=records.corpus, protocol="folds of each corpus", description=description, folds=folds),
        name=f"the folds of {records.corpus}",
    )


def _can_be_divided(part: Records) -> bool:
    return sum(not is_unknown(speaker) for speaker in part.speakers) >= _FEWEST_SPEAKERS


def _side_by_side(records: JoinedRecords, divided: dict[Records, FoldFile], number: int) -> Fold:
    """Return fold `number` of all corpora, with speakers as `corpus:speaker`."""
    parts: dict[str, list[str]] = {field.name: [] for field in dataclasses.fields(Fold)}
    for part in records.parts:
        for name, speakers in _fold_of(part, divided.get(part), number).items():
            parts[name] += [part.qualified_speaker_id(speaker) for speaker in speakers]
    return Fold(**{name: tuple(speakers) for name, speakers in parts.items()})


def _fold_of(part: Records, folds: FoldFile | None, number: int) -> dict[str, tuple[str, ...]]:
    """Return the speakers of one corpus by part of the fold."""
    if folds is None:
        return {"train": part.speakers}
    fold = folds.folds[number % len(folds.folds)]
    if number < len(folds.folds):
        return vars(fold)
    return {**vars(fold), "train": (*fold.train, *fold.test), "test": ()}
