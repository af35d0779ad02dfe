"""Pooled features, labels and weights of the parts of a fold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.base import ClassifierMixin

from ser_fop.config.stages import ClassifyConfig
from ser_fop.data.joined_records import JoinedRecords
from ser_fop.data.records import Records
from ser_fop.hypercolumns.answers import answers_among
from ser_fop.hypercolumns.classifiers import plain_accuracy
from ser_fop.hypercolumns.pooled_features import ARRAYS, PooledFeatures, join_pooled, read_pooled
from ser_fop.training.class_balance import corpus_balanced_weights
from ser_fop.training.known_classes import KnownClasses
from ser_fop.training.splits.finetuning import DataSplit


class PooledSplit:
    """Features, labels and weights of the training, validation and test utterances, joined by utterance id.

    Args:
        config: The config of `classify`.
        records: The labelled records.
        split: The three parts.

    Attributes:
        split: The three parts.
        pooled: Features of all utterances of the training corpora.
        labels: Names of the classes.
        x: Features (utterances, width) by part.
        y: Labels of the training and validation utterances, by part.
        known_classes: Classes that each corpus has; None for the records of one corpus.

    Raises:
        InputError: If the features cannot be read.
    """

    def __init__(self, config: ClassifyConfig, records: Records | JoinedRecords, split: DataSplit) -> None:
        self.split = split
        self._group_of = {row.id: row.group for row in records.rows}
        self.labels = np.array(records.manifest.labels)
        self.pooled = tested = _pooled_of(config.hypercolumns, records, config.feature)
        if config.test_hypercolumns:
            tested = _pooled_of([config.test_hypercolumns], split.tested, config.feature)
        self.x = {
            "train": self.pooled.of(config.feature, split.train),
            "validation": (self.pooled if split.validated is records else tested).of(config.feature, split.validation),
            "test": tested.of(config.feature, split.test),
        }
        self.y = {name: self.labels[list(getattr(split, name).values())] for name in ("train", "validation")}
        self.known_classes = KnownClasses(records, split) if isinstance(records, JoinedRecords) else None
        self._balanced = config.settings.class_weights == "corpus_balanced"

    def speakers(self, parts: Sequence[str]) -> np.ndarray:
        """Return what folds divide, mostly the speakers, of the rows of some parts, (utterances,)."""
        return np.array([self._group_of[key] for part in parts for key in getattr(self.split, part)])

    def weights(self, parts: Sequence[str]) -> np.ndarray | None:
        """Return the weights of the utterances of some parts, (utterances,); None if all have the same weight."""
        if not self._balanced:
            return None
        classes = {key: index for part in parts for key, index in getattr(self.split, part).items()}
        return np.array(list(corpus_balanced_weights(classes).values()))

    def answers(self, estimator: ClassifierMixin, features: np.ndarray, part: str) -> np.ndarray:
        """Return the predicted labels of a part, (utterances,), each among the classes that its corpus has.

        Args:
            estimator: Fitted classifier.
            features: Features of the part, (utterances, width).
            part: Name of the part.
        """
        if self.known_classes is None:
            return estimator.predict(features)
        known = np.array(list(self.known_classes.of(getattr(self.split, part)).values())) > 0
        return answers_among(estimator, features, self.labels, known)

    def validation_accuracy(self, estimator: ClassifierMixin, features: np.ndarray, labels: np.ndarray) -> float:
        """Return the accuracy of a fitted classifier on the validation part, judged and weighed like the other parts.

        Args:
            estimator: Fitted classifier.
            features: Features of the validation utterances, (utterances, width).
            labels: Their labels.
        """
        if self.known_classes is None:
            return plain_accuracy(estimator, features, labels)
        right = self.answers(estimator, features, "validation") == labels
        return float(np.average(right, weights=self.weights(["validation"])))


def _pooled_of(folders: Sequence[Path], records: Records | JoinedRecords, feature: str) -> PooledFeatures:
    """Return the features of all utterances of records, with their ids."""
    parts = [read_pooled(folder / ARRAYS) for folder in folders]
    if not isinstance(records, JoinedRecords):
        return parts[0]
    names = [part.corpus for part in records.parts]
    return join_pooled(dict(zip(names, parts, strict=True)), feature)
