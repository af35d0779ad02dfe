"""Folds of a pretraining on several records folders."""

from collections.abc import Sequence
from pathlib import Path

from ser_fop.corpora.folds import FoldFile
from ser_fop.data.records import Records
from ser_fop.training.splits.pretraining import folds_of_records, held_out_speakers


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
