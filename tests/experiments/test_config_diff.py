import dataclasses
from pathlib import Path

from ser_fop.config.augmentation_settings import AugmentationSettings
from ser_fop.config.settings import FinetuningSettings, ModelConfig
from ser_fop.experiments.config_diff import config_diff
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.run_folder import to_plain

PLAIN = ReproduceConfig(out=Path("somewhere"), corpus="ravdess", audio_dir=Path("a"), repeats=20, workers=2)


def test_config_diff_ignores_paths_and_repeats():
    assert config_diff(to_plain(PLAIN)) == {}


def test_config_diff_returns_both_values_of_each_setting():
    config = dataclasses.replace(
        PLAIN,
        trim_silence=True,
        model=ModelConfig(stacked_frames=4),
        finetuning=FinetuningSettings(learning_rates=(1e-3, 3e-4), augmentation=AugmentationSettings(speed=0.1)),
    )
    assert config_diff(to_plain(config)) == {
        "trim_silence": (True, False),
        "model.stacked_frames": (4, 1),
        "finetuning.learning_rates": ([1e-3, 3e-4], [1e-3]),
        "finetuning.augmentation.speed": (0.1, 0.0),
    }


def test_config_diff_ignores_unknown_settings():
    assert config_diff({**to_plain(PLAIN), "model": {"width": 9}}) == {}
