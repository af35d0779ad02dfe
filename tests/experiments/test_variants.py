import dataclasses
from pathlib import Path

import pytest
import yaml

from ser_fop.config.settings import ModelConfig
from ser_fop.errors import InputError
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.experiments.variants import variant_experiments

PLAIN = ReproduceConfig(
    out=Path("out"), corpus="ravdess", audio_dir=Path("a"), unlabelled="librispeech=b", repeats=4, seed=7
)


def variants(*names, **changes):
    return variant_experiments(dataclasses.replace(PLAIN, compare_with=names, **changes))


def write_settings(tmp_path, values):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    return str(tmp_path / "mine.yaml")


def test_variant_by_preset_has_same_corpora_and_repeats():
    (found,) = variants("recommended")
    assert found.out == Path("out/presets/recommended")
    assert (found.audio_dir, found.unlabelled, found.repeats, found.seed) == (Path("a"), "librispeech=b", 4, 7)
    assert found.model.stacked_frames == 4
    assert found.compare_with == ()


def test_default_experiment_has_recommended_variant():
    (found,) = variant_experiments(PLAIN)
    assert found == variants("recommended")[0]


def test_variant_with_same_settings_is_excluded():
    assert variants("paper") == []
    (found,) = variants("paper", model=ModelConfig(layers=3))
    assert found.model.layers == 2


def test_variant_by_file_sets_settings_and_repeats(tmp_path):
    path = write_settings(tmp_path, {"model": {"layers": 5}, "repeats": 1, "repeats_of": {"finetuning": 1}})
    (found,) = variants(path, model=ModelConfig(d_model=64))
    assert found.out == Path("out/presets/mine")
    assert (found.model.layers, found.model.d_model, found.repeats, found.repeats_of.finetuning) == (5, 256, 1, 1)


def test_variant_by_file_extends_preset(tmp_path):
    (found,) = variants(write_settings(tmp_path, {"preset": "recommended", "pretraining": {"epochs": 3}}))
    assert (found.pretraining.epochs, found.model.stacked_frames) == (3, 4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"corpus": "emodb"}, "unknown key 'corpus'"),
        ({"model": {"layer": 2}}, r"unknown key 'model\.layer'.*Did you mean 'layers'"),
        ({"model": {"layers": "two"}}, r"model\.layers: Expected `int`"),
        ({"preset": "papre"}, "preset expected one of paper"),
    ],
)
def test_variant_rejects_invalid_file(tmp_path, values, message):
    with pytest.raises(InputError, match=message):
        variants(write_settings(tmp_path, values))


def test_variant_rejects_unknown_preset():
    with pytest.raises(InputError, match="expected one of paper, recommended, received 'papre'"):
        variants("papre")
