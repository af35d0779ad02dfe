"""The datasets of a fine-tuning, and what follows from its records."""

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
    """Three speaker-disjoint parts of labelled utterances; the test part is evaluated once.

    Args:
        config: The stage's config.
        records: The labelled records.
        fold: Which speakers train, validate and are tested; None trains on all of them.

    Attributes:
        split: The three parts.
        trained_ids: Class index by id of the utterances that are trained on.
        class_weight: Weight of an utterance of each class; None where all classes weigh the same.
        labels: Names of the classes.

    Raises:
        InputError: If a part is empty, or a speaker is both trained on and tested.
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
            backbone: The network's backbone, whose mel statistics fill masked regions.
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
        """Return the validation batches, or None where the validation speakers are trained on."""
        if self._config.training.train_on_validation:
            return None
        labels = self.dimensional_labels
        return labelled_batches(self.split.validated, self.split.validation, dimensional_labels=labels, **self._sizes)

    def known_dimensional_labels(self) -> list[str]:
        """Return the names of the dimensional labels that the network is trained on."""
        return known_dimensional_labels(self.dimensional_labels, self.trained_ids)
