import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from ser_fop.cli import STAGES, main
from ser_fop.config.corpus_stages import PrepareConfig
from ser_fop.config.parsing import parse
from ser_fop.config.settings import ModelConfig
from ser_fop.config.stages import FinetuneConfig, PretrainConfig
from ser_fop.errors import InputError
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.utils.remote import location
from tests.stage_options import CONFIGS, REQUIRED


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory, monkeypatch):
    """Run each test in a temporary working directory."""
    monkeypatch.chdir(tmp_path_factory.mktemp("working"))


class TestParse:
    def test_parse_accepts_several_records_folders(self):
        config = parse("pretrain", PretrainConfig, ["--records", "a", "b", "--out", "o"])
        assert config.records == (Path("a"), Path("b"))

    def test_parse_accepts_urls_of_audio(self):
        arguments = ["--corpus", "csv", "--audio-dir", "s3://b/c", "--manifest", "memory://d/m.csv", "--out", "o"]
        config = parse("prepare", PrepareConfig, [*arguments, "--staging", "gs://e/f"])
        assert str(config.audio_dir) == "s3://b/c"
        assert str(config.manifest) == "memory://d/m.csv"
        assert str(config.staging) == "gs://e/f"
        assert type(config.out) is type(Path("o"))
        assert config.audio_dir / "x.wav" == location("s3://b/c/x.wav")

    @pytest.mark.parametrize(
        ("stage", "option"),
        [("prepare", "--out"), ("pretrain", "--records"), ("pretrain", "--folds"), ("reproduce", "--out")],
    )
    def test_main_with_a_url_of_other_input_prints_one_line(self, stage, option, capsys):
        assert main([stage, *REQUIRED[stage], option, "s3://b/c"]) == 2
        error = capsys.readouterr().err
        assert re.fullmatch(rf"ser-fop {stage}: error: {option} expected .*the URL s3://b/c\..*\n", error)

    @pytest.mark.filterwarnings("error")
    def test_parse_accepts_urls_in_a_file_without_a_warning(self, tmp_path):
        values = {"corpus": "csv", "audio_dir": "s3://b/c", "manifest": "s3://b/m.csv", "staging": "gs://e"}
        config = parse("prepare", PrepareConfig, [*write_yaml(tmp_path / "c.yaml", values), "--out", "o"])
        assert (str(config.audio_dir), str(config.manifest)) == ("s3://b/c", "s3://b/m.csv")
        assert config.staging == location("gs://e")

    def test_main_with_a_url_of_unknown_protocol_prints_one_line(self, capsys):
        assert main(["info", "--corpus", "ravdess", "--audio-dir", "foo://x"]) == 2
        assert re.fullmatch(r"ser-fop info: error: foo://x: expected .*\n", capsys.readouterr().err)

    def test_parse_accepts_beam_options_with_and_without_dashes(self, tmp_path):
        config = parse(
            "prepare", PrepareConfig, [*REQUIRED["prepare"], "--beam-options", "runner=F", "a=b", "--jobs", "2"]
        )
        assert (config.beam_options, config.jobs) == (("runner=F", "a=b"), 2)
        file = write_yaml(tmp_path / "c.yaml", {"beam_options": ["--runner=F", "a=b"]})
        assert parse("prepare", PrepareConfig, [*REQUIRED["prepare"], *file]).beam_options == ("--runner=F", "a=b")

    @pytest.mark.parametrize("stage", STAGES)
    def test_parse_keeps_the_defaults_of_the_config(self, stage):
        found = parse(stage, CONFIGS[stage], REQUIRED[stage])
        for field in dataclasses.fields(CONFIGS[stage]):
            if field.default is not dataclasses.MISSING and f"--{field.name.replace('_', '-')}" not in REQUIRED[stage]:
                assert getattr(found, field.name) == field.default
            if field.default_factory is not dataclasses.MISSING:
                assert getattr(found, field.name) == field.default_factory()

    def test_parse_sets_nested_groups_without_a_prefix(self):
        arguments = [
            *REQUIRED["pretrain"],
            "--d-model",
            "64",
            "--horizons",
            "3",
            "--residual-width",
            "input",
            "--deterministic",
        ]
        config = parse("pretrain", PretrainConfig, arguments)
        assert config.model == ModelConfig(d_model=64, residual_width="input")
        assert config.training.horizons == (3,)
        assert config.deterministic

    def test_parse_of_reproduce_needs_prefixes(self):
        arguments = ["--out", "o", "--pretraining.epochs", "3", "--finetuning.epochs", "4", "--no-cross-validation"]
        config = parse("reproduce", ReproduceConfig, arguments)
        assert (config.pretraining.epochs, config.finetuning.epochs) == (3, 4)
        assert not config.cross_validation


def write_yaml(path, values):
    path.write_text(values if isinstance(values, str) else yaml.safe_dump(values))
    return ["--config", str(path)]


class TestYaml:
    @pytest.mark.parametrize("stage", STAGES)
    def test_print_config_can_be_parsed_again(self, stage, tmp_path, capsys):
        changes = {
            "prepare": ["--labels", "happy", "sad", "--floor", "1e-6", "--manifest", "m.csv", "--trim-silence"],
            "info": ["--audio-dir", "s3://bucket/corpus", "--manifest", "memory://d/m.csv"],
            "pretrain": ["--records", "a", "b", "--loss", "huber", "--layers", "3"],
            "finetune": ["--pretrained", "p", "--learning-rates", "1e-3", "1e-4"],
            "reproduce": [
                "--model.residual-width",
                "input",
                "--classifiers.svm-c",
                "1",
                "2.5",
                "--unlabelled",
                "vctk=x",
            ],
        }.get(stage, [])
        arguments = [*REQUIRED[stage], *changes]
        expected = parse(stage, CONFIGS[stage], arguments)
        assert main([stage, *arguments, "--print_config"]) == 0
        printed = capsys.readouterr().out
        assert set(yaml.safe_load(printed)) == {field.name for field in dataclasses.fields(CONFIGS[stage])}
        found = parse(stage, CONFIGS[stage], write_yaml(tmp_path / "c.yaml", printed))
        assert found == expected

    def test_options_override_the_file_and_the_file_the_defaults(self, tmp_path):
        file = write_yaml(tmp_path / "c.yaml", {"seed": 5, "records": ["x"], "model": {"layers": 4, "heads": 2}})
        config = parse("pretrain", PretrainConfig, [*file, "--layers", "3", "--out", "o"])
        assert config.records == (Path("x"),)
        assert (config.seed, config.model.layers, config.model.heads) == (5, 3, 2)
        assert config.model.d_model == 256

    @pytest.mark.parametrize("spelling", ["joined", "last"])
    def test_parse_accepts_the_file_at_any_position(self, tmp_path, spelling):
        _, path = write_yaml(tmp_path / "c.yaml", {"seed": 5})
        extra = [f"--config={path}"] if spelling == "joined" else ["--config", path]
        assert parse("pretrain", PretrainConfig, [*REQUIRED["pretrain"], *extra]).seed == 5

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"sed": 1}, r"unknown key 'sed': expected one of records, .*Did you mean 'seed'\?"),
            ({"model": {"layer": 1}}, r"unknown key 'model\.layer': .*Did you mean 'layers'\?"),
            ({"epochs": 1}, r"unknown key 'epochs': .* Write it as 'training\.epochs', inside its group"),
            ({"training": {"batch-size": 1}}, r"unknown key 'training\.batch-size': .*Did you mean 'batch_size'\?"),
            ({"seed": "many"}, r"seed: Expected `int`, got `str`, received 'many'"),
            ({"seed": 1.5}, "seed: Expected `int`"),
            ({"deterministic": "perhaps"}, "deterministic: Expected `bool`"),
            ({"records": 1}, "records: Expected `array`"),
            ({"records": [1]}, "records: Expected"),
            ({"training": {"loss": "l3"}}, r"training\.loss: Invalid enum value 'l3'"),
            ({"model": [1]}, r"model expected a mapping, received \[1\]"),
            ([1, 2], "expected a mapping of keys to values, received a list"),
            ("a: [", "is not valid YAML"),
        ],
    )
    def test_parse_rejects_invalid_files(self, tmp_path, values, message, capsys):
        file = write_yaml(tmp_path / "c.yaml", values)
        with pytest.raises(InputError, match=rf"c\.yaml.*{message}"):
            parse("pretrain", PretrainConfig, [*REQUIRED["pretrain"], *file])
        assert main(["pretrain", *REQUIRED["pretrain"], *file]) == 2
        assert re.match(r"ser-fop pretrain: error: .*c\.yaml", capsys.readouterr().err)

    @pytest.mark.parametrize(("written", "text"), [("0", "0"), ("010", "010"), ("1:30", "1:30")])
    def test_parse_accepts_a_number_for_text(self, tmp_path, written, text):
        (tmp_path / "c.yaml").write_text(f"fold: {written}\nseed: 3\n")
        found = parse("finetune", FinetuneConfig, [*REQUIRED["finetune"], "--config", str(tmp_path / "c.yaml")])
        assert (found.fold, found.seed) == (text, 3)

    def test_parse_rejects_a_missing_file(self, tmp_path):
        with pytest.raises(InputError, match=r"nothing\.yaml does not exist"):
            parse("pretrain", PretrainConfig, ["--config", str(tmp_path / "nothing.yaml")])
        with pytest.raises(InputError, match="--config expected a YAML file, received nothing"):
            parse("pretrain", PretrainConfig, ["--config"])

    def test_parse_with_an_empty_file_keeps_the_defaults(self, tmp_path):
        file = write_yaml(tmp_path / "c.yaml", "# nothing yet\n")
        arguments = REQUIRED["pretrain"]
        assert parse("pretrain", PretrainConfig, [*arguments, *file]) == parse("pretrain", PretrainConfig, arguments)


def test_read_yaml_accepts_exponents_without_a_point(tmp_path):
    (tmp_path / "c.yaml").write_text("records: [a]\nout: b\ntraining: {learning_rate: 1e-3}\n")
    config = parse("pretrain", PretrainConfig, ["--config", str(tmp_path / "c.yaml")])
    assert config.training.learning_rate == 0.001
