"""The labelled utterances that train, validate and test, checked before anything is fitted."""

import dataclasses
from collections.abc import Collection, Sequence
from typing import Literal

from ser_fop.corpora.folds import Fold
from ser_fop.corpora.schema import Row
from ser_fop.data.records import Records, require_same_features
from ser_fop.errors import InputError, closest

Classes = dict[str, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSplit:
    """Speaker-disjoint labelled utterances; class indices follow the labels of the training corpus.

    Attributes:
        train: Class index by id of the training utterances.
        validation: The same of the utterances that choose epochs and settings; equal to `test` with `--select-on test`.
        test: The same of the test utterances, ids of `tested`.
        validated: The records that hold the validation utterances.
        tested: The records that hold the test utterances.
        test_rows: Their rows, emotions named as in the training corpus.
        trained_on: Speakers of the training and validation parts, as `corpus:speaker`.
        unmatched_utterances: Utterances of the tested corpus whose label has no class here.
    """

    train: Classes
    validation: Classes
    test: Classes
    validated: Records
    tested: Records
    test_rows: tuple[Row, ...]
    trained_on: tuple[str, ...]
    unmatched_utterances: int = 0

    def is_transductive(self, seen_speakers: Collection[str]) -> bool:
        """Tell whether the test speakers were seen by a network (as `corpus:speaker`) or in normalisation."""
        if self.tested.manifest.features.normalised_by == "speaker":
            return True
        return not set(seen_speakers).isdisjoint(
            self.tested.qualified_speaker_id(row.speaker) for row in self.test_rows
        )

    def check_no_label_leakage(self, labelled_speakers: Collection[str]) -> None:
        """Raise `InputError` where a network has seen labels of the test speakers.

        Args:
            labelled_speakers: The speakers, as `corpus:speaker`.
        """
        tested = {self.tested.qualified_speaker_id(row.speaker) for row in self.test_rows}
        if known := sorted(tested & set(labelled_speakers)):
            raise InputError(
                f"the network has seen the labels of {', '.join(known)}, and would be tested on them."
                " Pretrain it with --fold."
            )


def split_fold(
    records: Records,
    fold: Fold,
    *,
    select_on: Literal["validation", "test"] = "validation",
    styles: Collection[str] = (),
    test_records: Records | None = None,
    test_labels: Sequence[str] = (),
) -> DataSplit:
    """Return the speaker-disjoint parts of a fold.

    Args:
        records: The labelled records to train on.
        fold: The training, validation and test speakers.
        select_on: `test` puts the test speakers in the place of those who validate, to show what that is worth.
        styles: Styles to keep; empty for all.
        test_records: Another corpus to test on, all of its speakers; those that the fold would test are trained on.
        test_labels: Names of its labels here, as THEIRS=OURS.

    Raises:
        InputError: If a part is empty, the training part has one class alone, a speaker is both trained on and tested, or a label is unknown.
    """
    if test_labels and test_records is None:
        raise InputError("--test-labels renames the labels of another corpus to test on: name that corpus too.")
    training = (*fold.train, *fold.test) if test_records else fold.train
    train = _classes(records, _rows(records, training, styles))
    validation = _classes(records, _rows(records, fold.validation, styles))
    tested = test_records or records
    speakers = tested.speakers if test_records else fold.test
    rows = _rows(tested, speakers, styles)
    named = _renamed(rows, records.manifest.labels, test_labels) if test_records else rows
    test = _classes(records, named)
    for name, part, folder in (
        ("train", train, records.folder),
        ("validation", validation, records.folder),
        ("test", test, tested.folder),
    ):
        if not part:
            of = f" of style {', '.join(styles)}" if styles else ""
            raise InputError(f"the {name} speakers of this fold have no labelled utterance{of} in {folder}.")
    _require_classes(train, records)
    trained_on = tuple(records.qualified_speaker_id(speaker) for speaker in (*training, *fold.validation))
    shared = sorted({tested.qualified_speaker_id(row.speaker) for row in named}.intersection(trained_on))
    if shared:
        raise InputError(
            f"speaker {shared[0]!r} would be trained on and tested. Test on other speakers, or give each corpus a --name"
            " of its own."
        )
    return DataSplit(
        train=train,
        validation=test if select_on == "test" else validation,
        test=test,
        validated=tested if select_on == "test" else records,
        tested=tested,
        test_rows=tuple(named),
        trained_on=trained_on,
        unmatched_utterances=len(rows) - len(named),
    )


def train_on_all(records: Records, *, styles: Collection[str] = ()) -> DataSplit:
    """Return all labelled utterances as the training part, without validation and test.

    Args:
        records: The labelled records.
        styles: Styles to keep; empty for all.

    Raises:
        InputError: If there is none, or they are of one class.
    """
    train = _classes(records, _rows(records, records.speakers, styles))
    if not train:
        raise InputError(f"{records.folder} has no labelled utterance to train on.")
    _require_classes(train, records)
    trained_on = tuple(records.qualified_speaker_id(speaker) for speaker in records.speakers)
    return DataSplit(
        train=train, validation={}, test={}, validated=records, tested=records, test_rows=(), trained_on=trained_on
    )


def _require_classes(train: Classes, records: Records) -> None:
    found = sorted({records.manifest.labels[index] for index in train.values()})
    if len(found) < 2:
        raise InputError(
            f"there is nothing to tell apart: the training speakers of {records.folder} have utterances of {found[0]!r} alone."
        )


def _rows(records: Records, speakers: Collection[str], styles: Collection[str]) -> list[Row]:
    return [row for row in records.of_speakers(speakers) if row.emotion and (not styles or row.style in styles)]


def _classes(records: Records, rows: Sequence[Row]) -> Classes:
    index = {label: number for number, label in enumerate(records.manifest.labels)}
    return {row.id: index[row.emotion] for row in rows}


def _renamed(rows: Sequence[Row], labels: Sequence[str], renamings: Sequence[str]) -> list[Row]:
    """Return the rows whose label has a class here, under its name here."""
    found = {row.emotion for row in rows}
    names = {label: label for label in labels}
    for renaming in renamings:
        theirs, equals, ours = renaming.partition("=")
        if not equals or ours not in labels or theirs not in found:
            raise InputError(
                f"--test-labels expected THEIRS=OURS with one of {', '.join(sorted(found))} on the left and one of"
                f" {', '.join(labels)} on the right, received {renaming!r}.{closest(theirs, sorted(found))}"
            )
        names[theirs] = ours
    return [dataclasses.replace(row, emotion=names[row.emotion]) for row in rows if row.emotion in names]


def require_comparable(records: Records, tested: Records | None) -> None:
    """Raise `InputError` unless both corpora were prepared alike; None is alike to all."""
    if tested is not None:
        require_same_features({str(one.folder): one.manifest.features for one in (records, tested)})
