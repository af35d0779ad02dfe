import pytest

from ser_fop.cli import parse
from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.presets import merged, preset, preset_names
from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, PretrainConfig
from ser_fop.errors import InputError
from ser_fop.experiments.reproduce_config import ReproduceConfig

STAGES = {
    "prepare": (PrepareConfig, ["--corpus", "c", "--audio-dir", "a", "--out", "o"]),
    "pretrain": (PretrainConfig, ["--records", "r", "--out", "o"]),
    "finetune": (FinetuneConfig, ["--records", "r", "--out", "o"]),
    "extract": (ExtractConfig, ["--records", "r", "--pretrained", "p", "--out", "o"]),
    "classify": (ClassifyConfig, ["--hypercolumns", "h", "--out", "o"]),
    "reproduce": (ReproduceConfig, ["--out", "o"]),
}


def parsed(stage, *options):
    config_type, required = STAGES[stage]
    return parse(stage, config_type, [*required, *options])


@pytest.mark.parametrize("stage", STAGES)
def test_preset_paper_equals_the_defaults(stage):
    assert parsed(stage, "--preset", "paper") == parsed(stage)


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("stage", STAGES)
def test_preset_is_valid_for_every_stage(name, stage):
    parsed(stage, f"--preset={name}")


def test_preset_is_the_same_in_stages_and_in_reproduce():
    whole = parsed("reproduce", "--preset", "recommended")
    assert whole != parsed("reproduce")
    assert parsed("prepare", "--preset", "recommended").trim_silence == whole.trim_silence
    assert parsed("extract", "--preset", "recommended").pooling == whole.pooling
    assert parsed("pretrain", "--preset", "recommended").training == whole.pretraining
    assert parsed("finetune", "--preset", "recommended").training == whole.finetuning
    assert parsed("finetune", "--preset", "recommended").model == whole.model
    assert parsed("classify", "--preset", "recommended").settings == whole.classifiers


def test_parse_options_override_the_file_and_the_file_the_preset(tmp_path):
    (tmp_path / "c.yaml").write_text("training: {epochs: 7, ahead: [9]}\n")
    config = parsed("pretrain", "--preset", "recommended", "--config", str(tmp_path / "c.yaml"), "--horizons", "5")
    assert config.training.epochs == 7
    assert config.training.horizons == (5,)
    assert config.training.schedule == parsed("pretrain", "--preset", "recommended").training.schedule == "cosine"
    assert config.model.stacked_frames == 4


def test_preset_of_the_command_line_replaces_that_of_the_file(tmp_path):
    (tmp_path / "c.yaml").write_text("preset: recommended\nmodel: {dropout: 0.4}\n")
    config = parsed("pretrain", "--config", str(tmp_path / "c.yaml"))
    assert (config.model.dropout, config.model.stacked_frames) == (0.4, 4)
    config = parsed("pretrain", "--config", str(tmp_path / "c.yaml"), "--preset", "paper")
    assert (config.model.dropout, config.model.stacked_frames) == (0.4, 1)


@pytest.mark.parametrize("value", ["recomended", "[recommended]", "3"])
def test_over_preset_rejects_an_unknown_preset_in_a_file(value, tmp_path):
    (tmp_path / "c.yaml").write_text(f"preset: {value}\n")
    with pytest.raises(InputError, match=r"c.yaml: preset expected one of paper, recommended"):
        parsed("pretrain", "--config", str(tmp_path / "c.yaml"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--preset", "recomended"], "Did you mean 'recommended'"),
        (["--preset"], "--preset expected a preset's name, received nothing"),
    ],
)
def test_parse_rejects_an_unknown_preset(options, message):
    with pytest.raises(InputError, match=message):
        parsed("pretrain", *options)


def test_preset_rejects_a_stage_without_settings():
    with pytest.raises(InputError, match="received 'folds'"):
        preset("paper", "folds")


def test_merged_overrides_key_by_key():
    assert merged({"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"y": 5}, "c": 4}) == {"a": {"x": 1, "y": 5}, "b": 3, "c": 4}
