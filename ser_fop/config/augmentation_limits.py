"""Check augmentation settings without TensorFlow, before training starts."""

from ser_fop.config.settings import AugmentationSettings, FeatureConfig
from ser_fop.errors import InputError


def check_augmentation(settings: AugmentationSettings, features: FeatureConfig) -> AugmentationSettings:
    """Check the settings of augmentation against the front end.

    Args:
        settings: Settings of augmentation.
        features: Settings of the front end.

    Returns:
        The same settings.

    Raises:
        InputError: If a value is out of range, or the front end does not support an augmentation.
    """
    if min(settings.freq_mask, settings.time_mask, settings.masks) < 0 or settings.level_db < 0:
        raise InputError(
            "augmentation: expected freq_mask, time_mask, masks and level_db of 0 or more, received"
            f" {settings.freq_mask}, {settings.time_mask}, {settings.masks} and {settings.level_db:g}."
        )
    if not 0 <= settings.speed < 1:
        raise InputError(f"augmentation.speed expected 0 or more and less than 1, received {settings.speed:g}.")
    if settings.level_db and features.normalised_by != "none":
        raise InputError(
            f"augmentation.level_db expected 0 for features normalised by {features.normalised_by}, received"
            f" {settings.level_db:g}: it changes the level of log-mels that are not normalised. Set it to 0."
        )
    if settings.level_db and features.level != "recorded":
        raise InputError(
            f"augmentation.level_db expected 0 for features without the level of recordings, received"
            f" {settings.level_db:g}: it would bring the level back. Set it to 0."
        )
    if (settings.level_db or settings.speed) and features.front_end != "log_mel":
        raise InputError(
            f"augmentation: expected level_db and speed 0 for front end {features.front_end}, received"
            f" {settings.level_db:g} and {settings.speed:g}: both change log-mels alone. Set both to 0."
        )
    return settings
