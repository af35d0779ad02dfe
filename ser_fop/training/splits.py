"""Who is heard in training, who validates, and who must not be heard."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from ser_fop.errors import InputError
from ser_fop.folds import FoldFile, chosen_folds, folds_of
from ser_fop.records import Records


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


def left_out(parts: Sequence[Records], *, fold: int | None, path: Path | None) -> dict[str, tuple[str, ...]]:
    """Return, by corpus, the speakers that pretraining must not hear.

    Args:
        parts: The records to pretrain on.
        fold: Whose test speakers, and those that it does not use; None leaves nobody out.
        path: Fold file of the user's own.
    """
    if fold is None:
        return {}
    labelled = [records for records in parts if records.manifest.labels]
    if not labelled:
        raise InputError(
            "--fold leaves out a fold's test speakers, but none of the records has emotion labels. Drop --fold."
        )
    unheard = {}
    for records in labelled:
        folds = folds_of_records(records, path=path)
        (number,) = chosen_folds(str(fold), folds)
        unheard[records.corpus] = (*folds.folds[number].test, *folds.folds[number].unused)
    return unheard


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


def _ids(records: Records, speakers: Collection[str]) -> frozenset[str]:
    return frozenset(row.id for row in records.of_speakers(speakers))
