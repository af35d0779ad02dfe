"""Datasets of a fine-tuning."""

import time
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ser_fop.config.stages import FinetuneConfig
from ser_fop.corpora.folds import Fold
from ser_fop.data.augmentation import augmentation
from ser_fop.data.drawing import check_rendition_share, draw_each_time
from ser_fop.data.joined_records import JoinedRecords, label_map_of
from ser_fop.data.labelled_batches import labelled_batches
from ser_fop.data.records import Records
from ser_fop.models.backbone import Backbone
from ser_fop.training.class_balance import balanced_weights, corpus_balanced_weights
from ser_fop.training.known_classes import KnownClasses
from ser_fop.training.splits.dimensional_labels import known_dimensional_labels, wanted_dimensional_labels
from ser_fop.training.splits.finetuning import require_comparable, split_fold, train_on_all


class FinetuningData:
    """Training, validation and test utterances of a fine-tuning; no speaker is in two parts.

    Args:
        config: The stage's config.
        records: The labelled records.
        fold: The training, validation and test speakers; None trains on all speakers.

    Attributes:
        split: The three parts.
        trained_ids: Class index by id of all training utterances.
        class_weight: Weight of an utterance of each class; None if all classes have the same weight.
        more_inputs: Further inputs of the network in training, by name: values by utterance id.
        labels: Names of the classes.
        known_classes: Classes that each corpus has; None for the records of one corpus.

    Raises:
        InputError: If a part is empty, or if a test speaker is also a training or validation speaker.
    """

    def __init__(self, config: FinetuneConfig, records: Records | JoinedRecords, fold: Fold | None) -> None:
        self.started = time.perf_counter()
        settings = config.training
        self._config, self.records = config, records
        self.labels = records.manifest.labels
        test_records = _test_records(config, records) if config.test_records else None
        require_comparable(records, test_records)
        if fold is None:
            self.split = train_on_all(records, styles=config.styles)
        else:
            self.split = split_fold(
                records,
                fold,
                select_on=config.select_on,
                styles=config.styles,
                test_records=test_records,
                test_labels=config.test_labels,
                name=f"fold {config.fold}",
            )
        self.trained_ids = dict(self.split.train)
        if settings.train_on_validation:
            self.trained_ids |= self.split.validation
        weights = balanced_weights(self.trained_ids.values(), count=len(self.labels))
        self.class_weight = weights if settings.class_weights == "balanced" else None
        self.dimensional_labels = wanted_dimensional_labels(settings, records, self.trained_ids, self.split.validation)
        self.more_inputs = {"dimensional_labels": self.dimensional_labels} if self.dimensional_labels else {}
        self.known_classes = KnownClasses(records, self.split) if isinstance(records, JoinedRecords) else None
        if self.known_classes:
            self.more_inputs["known_classes"] = self.known_classes.of([*self.split.train, *self.split.validation])
        self._sizes: dict[str, Any] = {"batch_size": settings.batch_size, "batch_frames": settings.batch_frames}

    def train(self, backbone: Backbone) -> tf.data.Dataset:
        """Return the training batches, shuffled and augmented.

        Args:
            backbone: Backbone of the network; the mean of its mel statistics fills masked regions.
        """
        features, mean = self.records.manifest.features, backbone.normalization.mean.numpy()
        share = self._config.training.augmentation.renditions
        check_rendition_share(share, [self.records])
        return labelled_batches(
            self.records,
            self.trained_ids,
            seed=self._config.seed,
            augment_fn=augmentation(self._config.training.augmentation, features, mean),
            more_inputs=self.more_inputs,
            weights=self._weights(self.trained_ids),
            draw_fn=draw_each_time(share) if share else None,
            **self._sizes,
        )

    def validation(self) -> tf.data.Dataset | None:
        """Return the validation batches, or None if the training uses the validation speakers too."""
        if self._config.training.train_on_validation:
            return None
        options = {"more_inputs": self.more_inputs, "weights": self._weights(self.split.validation)}
        return labelled_batches(self.split.validated, self.split.validation, **options, **self._sizes)

    def known_dimensional_labels(self) -> list[str]:
        """Return the names of the dimensional labels that the training uses."""
        return known_dimensional_labels(self.dimensional_labels, self.trained_ids)

    def _weights(self, classes: Mapping[str, int]) -> dict[str, float] | None:
        """Return the weight of each utterance; None if all have the same weight."""
        if self._config.training.class_weights != "corpus_balanced":
            return None
        return corpus_balanced_weights(classes)


def _test_records(config: FinetuneConfig, records: Records | JoinedRecords) -> Records | JoinedRecords:
    """Return the records of another corpus to test on, with common names if the training records have them."""
    if isinstance(records, JoinedRecords):
        tested = Records(config.test_records, records.manifest.target)
        return JoinedRecords([tested], label_map_of([tested], config.label_map))
    return Records(config.test_records, records.manifest.target)
