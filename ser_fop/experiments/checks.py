"""Checks of all jobs before the first one runs."""

from collections.abc import Iterable

from ser_fop.config.augmentation_limits import check_augmentation
from ser_fop.config.settings import FeatureConfig
from ser_fop.config.stages import FinetuneConfig, PretrainConfig
from ser_fop.errors import InputError
from ser_fop.experiments.jobs import Job
from ser_fop.models.backbone import check_attention, check_model
from ser_fop.training.optimizers.factory import check_code, check_pretraining
from ser_fop.training.strategies import check_strategy


def check_jobs(jobs: Iterable[Job], features: FeatureConfig) -> None:
    """Check the settings of all jobs, before the first one runs for hours.

    Args:
        jobs: The jobs.
        features: Front end of their records.

    Raises:
        InputError: If the settings of a job are invalid.
    """
    for job in jobs:
        config = job.config
        try:
            if isinstance(config, PretrainConfig):
                check_model(config.model)
                check_pretraining(config.training, config.model)
                check_code(config.training, config.model, width=features.width)
            elif isinstance(config, FinetuneConfig):
                check_strategy(config.training, layers=config.model.layers)
                check_attention(config.model, config.training.attention)
                check_augmentation(config.training.augmentation, features)
        except InputError as error:
            raise InputError(f"{job.name}: {error}") from error
