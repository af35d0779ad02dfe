"""Training, validation and test utterances of a fine-tuning, checked before training."""

import dataclasses
import warnings
from collections.abc import Collection, Sequence
from typing import Literal

from ser_fop.corpora.folds import Fold
from ser_fop.corpora.schema import Row, is_unknown
from ser_fop.corpora.targets import SPEAKER
from ser_fop.data.records import Records, require_same_features
from ser_fop.errors import DataWarning, InputError, closest

Classes = dict[str, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSplit:
    """Labelled utterances in disjoint parts; class indices follow the labels of the training corpus.

    Attributes:
        train: Class index by id of the training utterances.
        validation: Class index by id of the validation utterances; equal to `test` with `--select-on test`.
        test: Class index by id of the test utterances.
        validated: Records with the validation utterances.
        tested: Records with the test utterances.
        test_rows: Rows of the test utterances, with the label names of the training corpus.
        trained_on: Speakers of the training and validation parts, as `corpus:speaker`. For the target `speaker` they are
            what the folds divide instead.
        to_record: The names by which a run records that it has heard them.
        unmatched_utterances: Number of utterances of the test corpus whose label is no class of the training corpus.
    """

    train: Classes
    validation: Classes
    test: Classes
    validated: Records
    tested: Records
    test_rows: tuple[Row, ...]
    trained_on: tuple[str, ...]
    to_record: tuple[str, ...]
    unmatched_utterances: int = 0

    def is_transductive(self, seen_speakers: Collection[str]) -> bool:
        """Return whether the network or the normalisation has seen test speakers.

        Args:
            seen_speakers: Speakers that the network has seen, as `corpus:speaker`.
        """
        if self.tested.manifest.features.normalised_by == "speaker":
            return True
        return bool(self._heard_before(seen_speakers))

    def check_no_label_leakage(self, labelled_speakers: Collection[str]) -> None:
        """Check that a network has not seen labels of the test speakers.

        Args:
            labelled_speakers: Speakers whose labels the network has seen, as `corpus:speaker`.

        Raises:
            InputError: If a test speaker is among them.
        """
        if known := sorted(self._heard_before(labelled_speakers)):
            raise InputError(
                f"expected a network without labels of the test speakers, of any target, but the network has seen the"
                f" labels of {', '.join(known)}. Start from a network that was pretrained with --fold, or without labels."
            )

    def _heard_before(self, recorded: Collection[str]) -> set[str]:
        return self.tested.heard_before({row.group for row in self.test_rows}, recorded)


def split_fold(
    records: Records,
    fold: Fold,
    *,
    select_on: Literal["validation", "test"] = "validation",
    styles: Collection[str] = (),
    test_records: Records | None = None,
    test_labels: Sequence[str] = (),
    name: str = "this fold",
) -> DataSplit:
    """Return the parts of a fold, which share no speaker; or no unit, if the speaker is the target.

    Args:
        records: The labelled records to train on.
        fold: The training, validation and test speakers.
        select_on: `test` uses the test speakers for validation, which shows the effect of this selection.
        styles: Speaking styles to keep; empty for all.
        test_records: Another corpus to test on, with all its speakers. The fold's test speakers are then added to the
            training speakers.
        test_labels: Renamings of the labels of this corpus to those of the training corpus, as THEIRS=OURS.
        name: Name of the fold, for messages.

    Warns:
        DataWarning: If the test part has a class that the training part lacks.

    Raises:
        InputError: If a part is empty, if the training part has one class only or none of the test part, if a test
            speaker is also a training or validation speaker, or if a label is unknown. For the target `speaker`, if a
            tested speaker is not in training.
    """
    if test_labels and test_records is None:
        raise InputError(
            "--test-labels expected --test-records, the corpus whose labels it renames, received none. Add it, or drop"
            " --test-labels."
        )
    training = (*fold.train, *fold.test) if test_records else fold.train
    train = _classes(records, _rows(records, training, styles))
    validation = _classes(records, _rows(records, fold.validation, styles))
    tested = test_records or records
    speakers = [one for one in tested.speakers if not is_unknown(one)] if test_records else fold.test
    rows = _rows(tested, speakers, styles)
    named = _renamed(rows, records.manifest.labels, test_labels) if test_records else rows
    test = _classes(records, named)
    for part_name, part, folder in (
        ("training", train, records.folder),
        ("validation", validation, records.folder),
        ("test", test, tested.folder),
    ):
        if not part:
            style = f" of style {', '.join(styles)}" if styles else ""
            raise InputError(
                f"the {part_name} speakers of {name} have no labelled utterance{style} in {folder}. Choose other folds"
                " or other styles."
            )
    _require_classes(train, records)
    _require_shared_class(train, test, records, name)
    _warn_of_missing_classes(train, test, records.manifest.labels, name)
    trained_on = tuple(records.qualified_speaker_id(speaker) for speaker in (*training, *fold.validation))
    shared = sorted({tested.qualified_speaker_id(row.group) for row in named}.intersection(trained_on))
    if shared:
        raise InputError(
            f"expected test speakers outside the training and validation parts, but speaker {shared[0]!r} is in"
            " both. Test on other speakers, or prepare each corpus with a different --name."
        )
    return DataSplit(
        train=train,
        validation=test if select_on == "test" else validation,
        test=test,
        validated=tested if select_on == "test" else records,
        tested=tested,
        test_rows=tuple(named),
        trained_on=trained_on,
        to_record=tuple(sorted(records.names_to_record((*training, *fold.validation)))),
        unmatched_utterances=len(rows) - len(named),
    )


def train_on_all(records: Records, *, styles: Collection[str] = ()) -> DataSplit:
    """Return all labelled utterances as the training part, without validation and test parts.

    Args:
        records: The labelled records.
        styles: Speaking styles to keep; empty for all.

    Raises:
        InputError: If there is no labelled utterance, or one class only.
    """
    train = _classes(records, _rows(records, records.speakers, styles))
    if not train:
        raise InputError(
            f"{records.folder} has no labelled utterance to train on. Check --styles, and the labels of the records."
        )
    _require_classes(train, records)
    trained_on = tuple(records.qualified_speaker_id(speaker) for speaker in records.speakers)
    return DataSplit(
        train=train,
        validation={},
        test={},
        validated=records,
        tested=records,
        test_rows=(),
        trained_on=trained_on,
        to_record=tuple(sorted(records.names_to_record(records.speakers))),
    )


def _require_classes(train: Classes, records: Records) -> None:
    found = sorted({records.manifest.labels[index] for index in train.values()})
    if len(found) < 2:
        raise InputError(
            f"expected training utterances of two or more classes in {records.folder}, received {found[0]!r} only."
            " Choose other folds, styles or records."
        )


def _require_shared_class(train: Classes, test: Classes, records: Records, name: str) -> None:
    """Refuse a target that equals what the folds separate, and speakers who are tested without being in training."""
    labels = records.manifest.labels
    if records.unit != SPEAKER and (
        missing := sorted({labels[index] for index in set(test.values()) - set(train.values())})
    ):
        raise InputError(
            f"--target speaker expected every tested speaker in training, but {name} tests {missing[0]!r} without it. Choose"
            " other folds or styles."
        )
    if set(train.values()).isdisjoint(test.values()):
        raise InputError(
            f"{name} separates every class of the target `{records.manifest.target}`: no class of the test part is in"
            " training, so nothing can be learned of it. Choose another target, or folds that do not separate it."
        )


def _warn_of_missing_classes(train: Classes, test: Classes, labels: Sequence[str], name: str) -> None:
    """Warn of classes that only the test speakers have, not the training speakers."""
    missing = sorted(set(test.values()) - set(train.values()))
    if missing:
        classes = ", ".join(repr(labels[index]) for index in missing)
        warnings.warn(
            f"{name}: no training speaker has the class {classes}, so its recall on the test speakers is 0. Add"
            " speakers with it, leave it out with `prepare --labels`, or choose other folds.",
            DataWarning,
            stacklevel=3,
        )


def _rows(records: Records, speakers: Collection[str], styles: Collection[str]) -> list[Row]:
    return [row for row in records.of_speakers(speakers) if row.label and (not styles or row.style in styles)]


def _classes(records: Records, rows: Sequence[Row]) -> Classes:
    index = {label: number for number, label in enumerate(records.manifest.labels)}
    return {row.id: index[row.label] for row in rows}


def _renamed(rows: Sequence[Row], labels: Sequence[str], renamings: Sequence[str]) -> list[Row]:
    """Return the rows whose label is a class of the training corpus, with the name of that class."""
    found = {row.label for row in rows}
    names = {label: label for label in labels}
    for renaming in renamings:
        theirs, equals, ours = renaming.partition("=")
        if not equals or ours not in labels or theirs not in found:
            raise InputError(
                f"--test-labels expected THEIRS=OURS with one of {', '.join(sorted(found))} on the left and one of"
                f" {', '.join(labels)} on the right, received {renaming!r}.{closest(theirs, sorted(found))}"
            )
        names[theirs] = ours
    return [dataclasses.replace(row, label=names[row.label]) for row in rows if row.label in names]


def require_comparable(records: Records, tested: Records | None) -> None:
    """Check that the training and the test corpus have the same features.

    Args:
        records: Records of the training corpus.
        tested: Records of the test corpus; None without another corpus.

    Raises:
        InputError: If a feature setting differs.
    """
    if tested is not None:
        require_same_features({str(part.folder): part.manifest.features for part in (records, tested)})
