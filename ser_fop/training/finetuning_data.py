"""Datasets of a fine-tuning."""

import time
from typing import Any

import tensorflow as tf

from ser_fop.config.stages import FinetuneConfig
from ser_fop.corpora.folds import Fold
from ser_fop.data.augmentation import augmentation
from ser_fop.data.datasets import labelled_batches
from ser_fop.data.records import Records
from ser_fop.models.backbone import Backbone
from ser_fop.training.classification import balanced_weights
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
        labels: Names of the classes.

    Raises:
        InputError: If a part is empty, or if a test speaker is also a training or validation speaker.
    """

    def __init__(self, config: FinetuneConfig, records: Records, fold: Fold | None) -> None:
        self.started = time.perf_counter()
        settings = config.training
        self._config, self.records = config, records
        self.labels = records.manifest.labels
        test_records = Records(config.test_records) if config.test_records else None
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
        self._sizes: dict[str, Any] = {"batch_size": settings.batch_size, "batch_frames": settings.batch_frames}

    def train(self, backbone: Backbone) -> tf.data.Dataset:
        """Return the training batches, shuffled and augmented.

        Args:
            backbone: Backbone of the network; the mean of its mel statistics fills masked regions.
        """
        features, mean = self.records.manifest.features, backbone.normalization.mean.numpy()
        return labelled_batches(
            self.records,
            self.trained_ids,
            seed=self._config.seed,
            augment_fn=augmentation(self._config.training.augmentation, features, mean),
            dimensional_labels=self.dimensional_labels,
            **self._sizes,
        )

    def validation(self) -> tf.data.Dataset | None:
        """Return the validation batches, or None if the training uses the validation speakers too."""
        if self._config.training.train_on_validation:
            return None
        labels = self.dimensional_labels
        return labelled_batches(self.split.validated, self.split.validation, dimensional_labels=labels, **self._sizes)

    def known_dimensional_labels(self) -> list[str]:
        """Return the names of the dimensional labels that the training uses."""
        return known_dimensional_labels(self.dimensional_labels, self.trained_ids)
