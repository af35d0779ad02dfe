"""The datasets of a pretraining, and what follows from its records."""

import time
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from ser_fop.config.stages import PretrainConfig
from ser_fop.data.augmentation import compose, input_masking
from ser_fop.data.datasets import pad_to_batch_count, unlabelled_batches, unlabelled_frames
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
    """Utterances of like length in one batch; whole speakers held out for early stopping.

    Args:
        config: The stage's config.
        records: Records folders, one a corpus.
        held_out: The speakers whose speech or labels the network must not see.
        distribution: The machines and devices that train together.

    Attributes:
        train: One epoch's batches, as `fit` takes them. Their order follows `epoch`.
        validation: Validation batches, as `fit` takes them.
        epoch: Number of the running epoch, from 0: a run can resume at any of them.
        features: The front end of the records.
        mean: Mean of each mel band over the training speakers, (mels,).
        std: Standard deviation of each mel band over the training speakers, (mels,).
        objective: What the network learns.
        steps_per_epoch: Batches of an epoch.
        steps: Batches of all epochs.
        batches_layout: Among how many machines an epoch's batches are dealt out; None where no checkpoint can resume
            within an epoch.

    Raises:
        InputError: If the records were prepared in different ways, or leave too few speakers.
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
            raise InputError("some of the records were trimmed of silence and some not: prepare them alike.")
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
            **share.sizes,
        )
        self.train = self.objective.batches(pad_to_batch_count(read, share.steps))
        # Validation has no labels and no masks; a denoising objective gets corrupted inputs here too.
        self.unmapped_validation = unlabelled_batches(
            self.split.validation, classes=targets, corruption_fn=corruption_fn, **self._sizes
        )
        self.validation = self.objective.batches(self.unmapped_validation)

    @property
    def frames(self) -> int:
        """Frames of the training utterances."""
        return sum(row.frames for part, ids in self.split.train for row in part.rows if row.id in ids)

    def frames_per_epoch(self) -> tuple[int, float]:
        """Return the useful frames of an epoch, and the share of padding in its batches."""
        return unlabelled_frames(self.split.train, **self._sizes)
