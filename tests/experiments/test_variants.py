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


def beside(*also, **changes):
    return variant_experiments(dataclasses.replace(PLAIN, compare_with=also, **changes))


def written(tmp_path, values):
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(values))
    return str(tmp_path / "mine.yaml")


def test_a_preset_has_the_same_corpora_folds_and_repeats():
    (found,) = beside("recommended")
    assert found.out == Path("out/presets/recommended")
    assert (found.audio_dir, found.unlabelled, found.repeats, found.seed) == (Path("a"), "librispeech=b", 4, 7)
    assert found.model.stacked_frames == 4
    assert found.compare_with == ()


def test_the_default_is_paper_with_recommended_beside_it():
    (found,) = variant_experiments(PLAIN)
    assert found == beside("recommended")[0]


def test_the_experiments_own_settings_are_not_run_twice():
    assert beside("paper") == []
    (found,) = beside("paper", model=ModelConfig(layers=3))
    assert found.model.layers == 2


def test_a_file_says_what_differs_from_paper_and_how_often(tmp_path):
    path = written(tmp_path, {"model": {"layers": 5}, "repeats": 1, "repeats_of": {"finetuning": 1}})
    (found,) = beside(path, model=ModelConfig(d_model=64))
    assert found.out == Path("out/presets/mine")
    assert (found.model.layers, found.model.d_model, found.repeats, found.repeats_of.finetuning) == (5, 256, 1, 1)


def test_a_file_can_start_from_a_preset(tmp_path):
    (found,) = beside(written(tmp_path, {"preset": "recommended", "pretraining": {"epochs": 3}}))
    assert (found.pretraining.epochs, found.model.stacked_frames) == (3, 4)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"corpus": "emodb"}, "unknown key 'corpus'"),
        ({"model": {"layer": 2}}, r"unknown key 'model\.layer'.*Did you mean 'layers'"),
        ({"model": {"layers": "two"}}, r"model\.layers: Expected `int`"),
        ({"preset": "papre"}, "preset expected one of paper"),
    ],
)
def test_what_cannot_be_run(tmp_path, values, said):
    with pytest.raises(InputError, match=said):
        beside(written(tmp_path, values))


def test_an_unknown_preset():
    with pytest.raises(InputError, match="expected one of paper, recommended, received 'papre'"):
        beside("papre")
