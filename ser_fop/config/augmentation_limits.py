"""What augmentation may be asked for, told without TensorFlow: before anything is trained."""

from ser_fop.config.settings import AugmentationSettings, FeatureConfig
from ser_fop.errors import InputError


def check_augmentation(settings: AugmentationSettings, features: FeatureConfig) -> AugmentationSettings:
    """Return `settings`, or raise `InputError` where they make no sense, or none for frames of this front end."""
    if min(settings.freq_mask, settings.time_mask, settings.masks) < 0 or settings.level_db < 0:
        raise InputError("augmentation: freq_mask, time_mask, masks and level_db must not be negative.")
    if not 0 <= settings.speed < 1:
        raise InputError(f"augmentation.speed expected a share from 0 to 1 (exclusive), received {settings.speed:g}.")
    if settings.level_db and features.normalised_by != "none":
        raise InputError(
            f"level_db varies log-mels in decibels, and these are normalised by {features.normalised_by}: set it to 0."
        )
    if (settings.level_db or settings.speed) and features.front_end != "log_mel":
        raise InputError(
            f"level_db and speed vary log-mels, and these are frames of {features.front_end}: set both to 0."
        )
    return settings
