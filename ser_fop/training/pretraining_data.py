"""Datasets of a pretraining."""

import time
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ser_fop.config.stages import PretrainConfig
from ser_fop.data.augmentation import compose, input_masking
from ser_fop.data.datasets import pad_to_batch_count, unlabelled_batches, unlabelled_frames
from ser_fop.data.drawing import check_rendition_share, draw_by_epoch
from ser_fop.data.readers import DrawFn
from ser_fop.data.records import Records, mel_moments, require_same_features
from ser_fop.errors import InputError
from ser_fop.training.distribute.distribution import Distribution
from ser_fop.training.distribute.worker_shard import worker_shard
from ser_fop.training.objectives.registry import needs_classes, objective_of
from ser_fop.training.optimizers.factory import check_code
from ser_fop.training.splits.pretraining import (
    HeldOutSpeakers,
    class_targets,
    speakers_with_labels,
    split_for_pretraining,
)


class PretrainingData:
    """Training and validation batches of a pretraining; early stopping uses held-out speakers.

    Args:
        config: The stage's config.
        records: Records folders, one per corpus.
        held_out: Speakers whose speech or labels the network must not see.
        distribution: The machines and devices that train together.

    Attributes:
        train: Training batches of one epoch, for `fit`. Their order depends on `epoch`.
        validation: Validation batches, for `fit`.
        epoch: Number of the current epoch, from 0.
        features: Feature settings of the records.
        mean: Mean of each mel band over the training speakers, (mels,).
        std: Standard deviation of each mel band over the training speakers, (mels,).
        objective: The pretraining objective.
        steps_per_epoch: Number of batches in an epoch.
        steps: Number of batches in all epochs.
        batches_layout: Number of machines that the batches of an epoch are divided among; None if a checkpoint cannot
            resume within an epoch.

    Raises:
        InputError: If the records were prepared with different settings, or if too few speakers remain.
    """

    def __init__(
        self,
        config: PretrainConfig,
        records: Sequence[Records],
        held_out: HeldOutSpeakers,
        distribution: Distribution,
    ) -> None:
        self.started = time.perf_counter()
        settings = config.training
        self.features = require_same_features({str(part.folder): part.manifest.features for part in records})
        check_code(settings, config.model, width=self.features.width)
        if len({part.manifest.trim_below_db for part in records}) > 1:
            raise InputError(
                "expected records with the same trimming of silence (trim_below_db), received several: prepare all"
                " records with the same setting."
            )
        self.trim_below_db = records[0].manifest.trim_below_db
        self.split = split_for_pretraining(
            records,
            excluded_speakers=held_out.excluded_speakers,
            validation_share=settings.validation_share,
            seed=config.seed,
        )
        targets, classes = None, 0
        if needs_classes(settings):
            targets, classes = class_targets(self.split, unlabelled_speakers=held_out.unlabelled_speakers)
        self.labelled_speakers = speakers_with_labels(self.split, targets or ())
        with tf.device("CPU:0"):
            self.epoch = tf.Variable(0, dtype=tf.int64)
        self.mean, self.std = mel_moments(self.split.train)
        self.objective = objective_of(settings, config.model, mean=self.mean, std=self.std, classes=classes)
        self._sizes: dict[str, Any] = {
            name: getattr(settings, name) for name in ("batch_size", "batch_frames", "chunk_frames")
        }
        self._sizes["horizons"] = self.objective.horizons
        share = worker_shard(self.split.train, distribution, by=config.shard_by, **self._sizes)
        self.steps_per_epoch = share.steps
        self.steps = share.steps * settings.epochs
        self.per_worker_batches = share.per_worker_batches
        self.batches_layout = None
        if not config.data_service:
            self.batches_layout = distribution.workers if share.per_worker_batches else 1
        masking = input_masking(
            freq_mask=settings.freq_mask, time_mask=settings.time_mask, masks=settings.masks, mean=self.mean
        )
        corruption_fn = self.objective.input_corruption()
        read = unlabelled_batches(
            share.parts,
            seed=config.seed,
            epoch=self.epoch,
            corruption_fn=compose(corruption_fn, masking),
            classes=targets,
            service=config.data_service,
            draw_fn=self._draw_fn(config),
            **share.sizes,
        )
        self.train = self.objective.batches(pad_to_batch_count(read, share.steps))
        # Validation has no labels and no masks; a denoising objective gets corrupted inputs here too.
        self.unmapped_validation = unlabelled_batches(
            self.split.validation, classes=targets, corruption_fn=corruption_fn, **self._sizes
        )
        self.validation = self.objective.batches(self.unmapped_validation)

    def _draw_fn(self, config: PretrainConfig) -> DrawFn | None:
        """Return the function that draws renditions; None without them."""
        share = config.training.renditions
        check_rendition_share(share, [records for records, _ in self.split.train], service=config.data_service)
        return draw_by_epoch(share, seed=config.seed, epoch=self.epoch) if share else None

    @property
    def frames(self) -> int:
        """Number of frames of the training utterances."""
        return sum(row.frames for part, ids in self.split.train for row in part.rows if row.id in ids)

    def frames_per_epoch(self) -> tuple[int, float]:
        """Return the number of useful (not padded) frames in an epoch, and the share of padding, 0 to 1."""
        return unlabelled_frames(self.split.train, **self._sizes)
