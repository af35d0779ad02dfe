"""Classes that the corpus of an utterance has."""

from collections.abc import Iterable, Mapping

import numpy as np

from ser_fop.data.joined_records import JoinedRecords, corpus_of
from ser_fop.training.splits.finetuning import DataSplit


class KnownClasses:
    """The classes that the corpus of an utterance has, in the order of the labels of the training records.

    A corpus without a class says nothing about it: its utterances neither train nor receive this class.

    Args:
        records: The training records.
        split: Training, validation and test utterances; the test utterances may be those of another corpus.
    """

    def __init__(self, records: JoinedRecords, split: DataSplit) -> None:
        held = {corpus: set(labels) for corpus, labels in (records.classes_of | split.tested.classes_of).items()}
        for row in split.test_rows:  # --test-labels may have given them other names than the label map
            held[corpus_of(row.id)].add(row.label)
        self._known = {
            corpus: tuple(float(label in labels) for label in records.manifest.labels)
            for corpus, labels in held.items()
        }

    def of(self, ids: Iterable[str]) -> dict[str, tuple[float, ...]]:
        """Return, by utterance id, 1 for the classes of the utterance's corpus and 0 for others.

        Args:
            ids: Joined ids of utterances.
        """
        return {key: self._known[corpus_of(key)] for key in ids}

    def among(self, probabilities: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return probabilities given that the class is one that the utterance's corpus has.

        Args:
            probabilities: Probabilities (classes,) by joined id.

        Returns:
            Probabilities by id. Where all known classes have probability 0, as a forest may give them, they are equal.
        """
        found = {}
        for key, known in self.of(probabilities).items():
            masked = probabilities[key] * np.array(known)
            found[key] = masked / masked.sum() if masked.sum() else np.array(known) / sum(known)
        return found
