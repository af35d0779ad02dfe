"""Records, split into speaker-disjoint parts."""

import dataclasses
from pathlib import Path

import tensorflow as tf

from ser_fop.data import records as data
from ser_fop.data.datasets import labelled_batches
from ser_fop.errors import InputError
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.pretraining import folds_of_records


@dataclasses.dataclass(frozen=True)
class Part:
    """Labelled utterances of some speakers.

    Attributes:
        records: The records that hold them.
        classes: Class index by utterance id.
    """

    records: data.Records
    classes: dict[str, int]

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.classes)

    def batches(self, batch_size: int = 32, *, batch_frames: int = 16384, seed: int | None = None) -> tf.data.Dataset:
        """Return batches `(inputs, class index)`, as `fit` and `evaluate` take them.

        Args:
            batch_size: Utterances in a batch, at most.
            batch_frames: Frames in a batch, padding included, at most.
            seed: Shuffles anew each epoch; None keeps a fixed order.

        Returns:
            Inputs `mel` (batch, frames, mels) and `mask` (batch, frames), and the class index (batch,).
        """
        return labelled_batches(self.records, self.classes, batch_size=batch_size, batch_frames=batch_frames, seed=seed)


@dataclasses.dataclass(frozen=True)
class Split:
    """Speaker-disjoint parts of a fold.

    Attributes:
        train: Utterances to train on.
        validation: Utterances that choose epochs and settings.
        test: Utterances to test once.
        labels: Names of the classes.
    """

    train: Part
    validation: Part
    test: Part
    labels: tuple[str, ...]


class Records(data.Records):
    """A records folder of `ser-fop prepare`: see `ser_fop.data.records.Records`.

    Example:
        ```python
        split = ser_fop.Records("records/ravdess").split(fold=0)
        classifier.fit(split.train.batches(seed=0), validation_data=split.validation.batches(), shuffle=False)
        ```
    """

    def split(self, fold: int = 0, *, folds: Path | None = None) -> Split:
        """Return the speaker-disjoint parts of a fold.

        Args:
            fold: Number of the fold.
            folds: Fold file of your own; the corpus's published folds by default.

        Raises:
            InputError: If the records have no labels, or there is no such fold.
        """
        found = folds_of_records(self, path=folds).folds
        if not 0 <= fold < len(found):
            raise InputError(f"fold expected 0 to {len(found) - 1}, received {fold}.")
        parts = split_fold(self, found[fold])
        train, validation, test = (Part(self, getattr(parts, name)) for name in ("train", "validation", "test"))
        return Split(train=train, validation=validation, test=test, labels=self.manifest.labels)
