from pathlib import Path

import pytest

from ser_fop.errors import InputError
from ser_fop.tuning.space import settings_of, space_of, with_values
from ser_fop.tuning.tune_config import TuneConfig


def config_of(tmp_path, text="", **options):
    path = None
    if text:
        path = tmp_path / "space.yaml"
        path.write_text(text)
    return TuneConfig(records=(Path("r"),), out=Path("o"), space=path, **options)


class TestSpace:
    @pytest.mark.parametrize("task", ["finetuning", "pretraining"])
    def test_packaged_spaces_contain_settings_of_their_task(self, tmp_path, task):
        space = space_of(config_of(tmp_path, task=task))
        assert {one.name for one in space.space} <= set(settings_of(config_of(tmp_path, task=task)))
        assert len(space.space) >= 9

    def test_space_with_pretrained_network_excludes_its_size(self, tmp_path):
        space = space_of(config_of(tmp_path, pretrained=Path("p")))
        assert not [one.name for one in space.space if one.name.startswith("model.")]
        with pytest.raises(InputError, match="is fixed by the pretrained network"):
            space_of(config_of(tmp_path, "model.layers: {int: [1, 2]}", pretrained=Path("p")))

    def test_space_supports_all_kinds_of_hyperparameters(self, tmp_path):
        text = """
        model.layers: {int: [1, 4]}
        model.backbone: {choice: [transformer, lstm]}
        finetuning.learning_rates: {float: [1e-4, 1e-2], log: true}
        finetuning.finetuning_dropout: {float: [0.0, 0.4], step: 0.2}
        finetuning.train_on_validation: {bool: true}
        """
        space = {one.name: one for one in space_of(config_of(tmp_path, text)).space}
        assert {name: type(one).__name__ for name, one in space.items()} == {
            "model.layers": "Int",
            "model.backbone": "Choice",
            "finetuning.learning_rates": "Float",
            "finetuning.finetuning_dropout": "Float",
            "finetuning.train_on_validation": "Boolean",
        }
        assert space["finetuning.learning_rates"].sampling == "log"
        assert space["model.layers"].default == 2  # the config's own value
        drawn = {space["finetuning.finetuning_dropout"].random_sample(seed) for seed in range(40)}
        assert {round(value, 6) for value in drawn} == {0.0, 0.2, 0.4}

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "model.layrs: {int: [1, 2]}",
                "expected settings of finetuning, received 'model.layrs'. Did you mean 'model.layers'",
            ),
            ("pretraining.ahead: {int: [1, 2]}", "expected settings of finetuning"),
            ("model.layers: [1, 2]", "expected one of"),
            ("model.layers: {int: [1, 2], choice: [1]}", "expected one of"),
            ("model.layers: {int: [1, 2], steps: 1}", "expected one of"),
            ("model.layers: {int: [1]}", "model.layers: not enough values"),
            ("model.layers: {int: [4, 1]}", "model.layers: "),
            ("model.layers: {choice: [two]}", r"layers: Expected `int`, got `str`, received 'two'"),
            ("model.backbone: {choice: [rnn]}", "Invalid enum value 'rnn'"),
            ("{}", "expected settings to search, received none"),
        ],
    )
    def test_space_rejects_invalid_settings(self, tmp_path, text, message):
        with pytest.raises(InputError, match=message):
            space_of(config_of(tmp_path, text))


def test_with_values_replaces_nested_settings(tmp_path):
    config = config_of(tmp_path)
    found = with_values(
        config, {"model.layers": 3, "finetuning.learning_rates": 0.01, "finetuning.augmentation.speed": 0.1}
    )
    assert (found.model.layers, found.finetuning.learning_rates, found.finetuning.augmentation.speed) == (
        3,
        (0.01,),
        0.1,
    )
    assert with_values(config, {}) == config
