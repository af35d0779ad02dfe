"""Check augmentation settings without TensorFlow, before training starts."""

from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.settings import FeatureConfig
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
    for name in ("freq_mask", "time_mask", "masks", "level_db", "filter_db", "pause_s"):
        if getattr(settings, name) < 0:
            raise InputError(f"augmentation.{name} expected 0 or more, received {getattr(settings, name):g}.")
    if not 0 <= settings.speed < 1:
        raise InputError(f"augmentation.speed expected 0 or more and less than 1, received {settings.speed:g}.")
    if not 0 <= settings.band_share <= 1:
        raise InputError(f"augmentation.band_share expected a share from 0 to 1, received {settings.band_share:g}.")
    for name in ("level_db", "filter_db", "pause_s", "band_share"):
        if (value := getattr(settings, name)) and features.normalised_by != "none":
            raise InputError(
                f"augmentation.{name} expected 0 for features normalised by {features.normalised_by}, received"
                f" {value:g}: it changes what normalisation has removed. Set it to 0."
            )
    if settings.level_db and features.level != "recorded":
        raise InputError(
            f"augmentation.level_db expected 0 for features without the level of recordings, received"
            f" {settings.level_db:g}: it would bring the level back. Set it to 0."
        )
    for name in ("level_db", "speed", "filter_db", "pause_s", "band_share"):
        if (value := getattr(settings, name)) and features.front_end != "log_mel":
            raise InputError(
                f"augmentation.{name} expected 0 for front end {features.front_end}, received {value:g}: it changes"
                " log-mels alone. Set it to 0."
            )
    return settings
