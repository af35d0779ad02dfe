import dataclasses

import pytest

from ser_fop.config.augmentation_limits import check_augmentation
from ser_fop.config.settings import AugmentationSettings, FeatureConfig
from ser_fop.errors import InputError

VARIED = AugmentationSettings(freq_mask=8, time_mask=8, level_db=3.0, speed=0.1)


def test_log_mels_may_vary_in_all_ways():
    assert check_augmentation(VARIED, FeatureConfig()) is VARIED


@pytest.mark.parametrize("changes", [{"speed": 1.0}, {"speed": -0.1}, {"level_db": -1.0}, {"freq_mask": -1}])
def test_nonsense_is_refused(changes):
    with pytest.raises(InputError, match="augmentation"):
        check_augmentation(dataclasses.replace(VARIED, **changes), FeatureConfig())


def test_level_of_normalised_log_mels_is_not_varied():
    features = FeatureConfig(normalised_by="utterance")
    with pytest.raises(InputError, match="normalised by utterance: set it to 0"):
        check_augmentation(VARIED, features)
    check_augmentation(dataclasses.replace(VARIED, level_db=0.0), features)


@pytest.mark.parametrize("still", ["level_db", "speed"])
def test_other_frames_have_masks_alone(still):
    features = FeatureConfig(front_end="mfcc", coefficients=20)
    with pytest.raises(InputError, match="these are frames of mfcc: set both to 0"):
        check_augmentation(dataclasses.replace(VARIED, **{still: 0.0}), features)
    check_augmentation(AugmentationSettings(freq_mask=8, time_mask=8), features)
