"""Check that every corpus of a cross-corpus comparison can be left out, before any training."""

import warnings
from collections.abc import Sequence

from ser_fop.corpora.label_map import LabelMap, read_label_map
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.records import Records
from ser_fop.errors import DataWarning, InputError
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.labelled_folds import finetuning_folds


def check_left_out(parts: Sequence[Records]) -> int:
    """Check that each corpus can be tested by a classifier that is trained on all others.

    Args:
        parts: Labelled records folders, one for each corpus.

    Returns:
        The number of folds of all corpora side by side.

    Raises:
        InputError: If a corpus has no labels, or labels without common names; if the corpora cannot be joined; or if a
            training or test part is empty.
    """
    label_map = read_label_map(None)
    for part in parts:
        _check_labels(part, label_map)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # the jobs print these warnings
        for tested in parts:
            joined = JoinedRecords([part for part in parts if part is not tested], label_map)
            try:
                fold = finetuning_folds(joined, path=None).folds[0]
                split = split_fold(joined, fold, test_records=JoinedRecords([tested], label_map), name="fold 0")
                if len(set(split.test.values())) < 2:
                    raise InputError("the tested corpus has one class only.")
            except InputError as error:
                raise InputError(
                    "--cross-corpus expected corpora with classes in common, and three known speakers in one of the"
                    f" others: training on {joined.corpus} and testing on {tested.corpus} fails: {error} Drop one of"
                    " these corpora."
                ) from error
    return len(finetuning_folds(JoinedRecords(parts, label_map), path=None).folds)


def _check_labels(part: Records, label_map: LabelMap) -> None:
    if not part.manifest.labels:
        raise InputError(
            f"--cross-corpus expected corpora with emotion labels, received {part.corpus!r}, which has none. Drop it, or"
            " give it as --unlabelled."
        )
    for label in part.manifest.labels:
        try:
            label_map.common(label)
        except InputError as error:
            raise InputError(
                f"--cross-corpus expected labels of the published label map, received {label!r} of corpus"
                f" {part.corpus!r}. Rename it in the corpus, to one of {', '.join(label_map.labels)}; or to `other`, which"
                " is left out."
            ) from error
