import dataclasses

import pytest

from ser_fop.config.augmentation_limits import check_augmentation
from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.settings import FeatureConfig
from ser_fop.errors import InputError

VARIED = AugmentationSettings(freq_mask=8, time_mask=8, level_db=3.0, speed=0.1)


def test_check_augmentation_accepts_all_kinds_for_log_mels():
    assert check_augmentation(VARIED, FeatureConfig()) is VARIED


@pytest.mark.parametrize(
    "changes", [{"speed": 1.0}, {"speed": -0.1}, {"level_db": -1.0}, {"freq_mask": -1}, {"band_share": 1.5}]
)
def test_check_augmentation_rejects_values_out_of_range(changes):
    with pytest.raises(InputError, match="augmentation"):
        check_augmentation(dataclasses.replace(VARIED, **changes), FeatureConfig())


def test_check_augmentation_rejects_level_of_normalised_log_mels():
    features = FeatureConfig(normalised_by="utterance")
    with pytest.raises(InputError, match="expected 0 for features normalised by utterance"):
        check_augmentation(VARIED, features)
    check_augmentation(dataclasses.replace(VARIED, level_db=0.0), features)


@pytest.mark.parametrize("changed", ["level_db", "speed", "filter_db", "band_share"])
def test_check_augmentation_accepts_only_masks_for_other_front_ends(changed):
    features = FeatureConfig(front_end="mfcc", coefficients=20)
    with pytest.raises(InputError, match=f"augmentation.{changed} expected 0 for front end mfcc, received 0.5"):
        check_augmentation(AugmentationSettings(**{changed: 0.5}), features)
    check_augmentation(AugmentationSettings(freq_mask=8, time_mask=8), features)


def test_check_augmentation_rejects_level_of_log_mels_without_level():
    features = FeatureConfig(level="speech")
    with pytest.raises(InputError, match="bring the level back"):
        check_augmentation(VARIED, features)
    check_augmentation(dataclasses.replace(VARIED, level_db=0.0), features)
