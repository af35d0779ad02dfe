"""Names of the features of a backbone: F, h1..hL, h_add and h_concat."""

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError, closest


def feature_names(config: ModelConfig) -> tuple[str, ...]:
    """Return the names of all features of a backbone of this size."""
    return ("F", *(f"h{number}" for number in range(1, config.layers + 1)), "h_add", "h_concat")


def check_feature(feature: str, names: tuple[str, ...]) -> str:
    """Return `feature` if it is one of `names`.

    Raises:
        InputError: If it is not; the message names the closest one.
    """
    if feature not in names:
        raise InputError(f"unknown feature {feature!r}: expected one of {', '.join(names)}.{closest(feature, names)}")
    return feature
