"""Records with speaker-disjoint splits."""

import dataclasses
from pathlib import Path

import tensorflow as tf

from ser_fop.data import records as data
from ser_fop.data.labelled_batches import labelled_batches
from ser_fop.errors import InputError
from ser_fop.training.splits.finetuning import split_fold
from ser_fop.training.splits.pretraining import folds_of_records


@dataclasses.dataclass(frozen=True)
class Part:
    """One part of a split: labelled utterances of some speakers.

    Attributes:
        records: Records that contain the utterances.
        classes: Class index of each utterance, by utterance id.
    """

    records: data.Records
    classes: dict[str, int]

    def __len__(self) -> int:
        """Return the number of utterances."""
        return len(self.classes)

    def batches(self, batch_size: int = 32, *, batch_frames: int = 16384, seed: int | None = None) -> tf.data.Dataset:
        """Return a dataset of batches for `fit` and `evaluate`.

        Args:
            batch_size: Maximum number of utterances in a batch.
            batch_frames: Maximum number of frames in a batch, with padding.
            seed: Seed of the shuffling in each epoch. With None, the order is fixed.

        Returns:
            A dataset of pairs: the inputs, `mel` (batch, frames, mels) and `mask` (batch, frames), and the class
            indices (batch,).
        """
        return labelled_batches(self.records, self.classes, batch_size=batch_size, batch_frames=batch_frames, seed=seed)


@dataclasses.dataclass(frozen=True)
class Split:
    """Speaker-disjoint split of one fold.

    Attributes:
        train: Utterances of the training speakers.
        validation: Utterances of the validation speakers, for the selection of epochs and settings.
        test: Utterances of the test speakers.
        labels: Names of the classes.
    """

    train: Part
    validation: Part
    test: Part
    labels: tuple[str, ...]


class Records(data.Records):
    """Records folder that `ser-fop prepare` wrote.

    The base class, `ser_fop.data.records.Records`, documents the arguments.

    Example:
        ```python
        split = ser_fop.Records("records/ravdess").split(fold=0)
        classifier.fit(split.train.batches(seed=0), validation_data=split.validation.batches(), shuffle=False)
        ```
    """

    def split(self, fold: int = 0, *, folds: Path | None = None) -> Split:
        """Return the speaker-disjoint split of a fold.

        Args:
            fold: Number of the fold.
            folds: Your own fold file; the corpus's published folds by default.

        Raises:
            InputError: If the records have no labels, or the corpus has no fold of that number.
        """
        found = folds_of_records(self, path=folds).folds
        if not 0 <= fold < len(found):
            raise InputError(f"fold expected 0 to {len(found) - 1}, received {fold}.")
        parts = split_fold(self, found[fold])
        train, validation, test = (Part(self, getattr(parts, name)) for name in ("train", "validation", "test"))
        return Split(train=train, validation=validation, test=test, labels=self.manifest.labels)
