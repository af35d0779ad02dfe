import dataclasses
import os
import re
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import yaml

import ser_fop
from ser_fop.cli import STAGES, main, run_stage, script_stage
from ser_fop.config import stages as configs
from ser_fop.config.corpus_stages import DownloadConfig, FoldsConfig, InfoConfig, PrepareConfig
from ser_fop.config.inference_stages import (
    ExportConfig,
    PredictConfig,
    PublishConfig,
    ReportConfig,
    ServeConfig,
    StressConfig,
)
from ser_fop.config.parsing import parse
from ser_fop.config.settings import ModelConfig
from ser_fop.config.stages import ClassifyConfig, ExtractConfig, FinetuneConfig, FunctionalsConfig, PretrainConfig
from ser_fop.config.streaming import StreamConfig, StreamSettings
from ser_fop.errors import DataWarning, InputError
from ser_fop.experiments.reproduce_config import ReproduceConfig
from ser_fop.probing.probe_config import ProbeConfig
from ser_fop.testing.fake_corpora import fake_ravdess
from ser_fop.tuning.tune_config import TuneConfig
from ser_fop.utils.remote import location

CONFIGS = {
    "prepare": PrepareConfig,
    "folds": FoldsConfig,
    "pretrain": PretrainConfig,
    "finetune": FinetuneConfig,
    "extract": ExtractConfig,
    "functionals": FunctionalsConfig,
    "classify": ClassifyConfig,
    "probe": ProbeConfig,
    "stream": StreamConfig,
    "reproduce": ReproduceConfig,
    "report": ReportConfig,
    "download": DownloadConfig,
    "info": InfoConfig,
    "tune": TuneConfig,
    "stress": StressConfig,
    "predict": PredictConfig,
    "export": ExportConfig,
    "publish": PublishConfig,
    "serve": ServeConfig,
}
REQUIRED = {
    "download": ["--corpus", "ravdess", "--out", "corpora/ravdess"],
    "prepare": ["--corpus", "ravdess", "--audio-dir", "audio", "--out", "out"],
    "folds": ["--records", "a", "--out", "folds.json"],
    "pretrain": ["--records", "a", "--out", "out"],
    "finetune": ["--records", "a", "--out", "out"],
    "extract": ["--records", "a", "--pretrained", "b", "--out", "out"],
    "functionals": ["--records", "a", "--audio-dir", "audio", "--out", "out"],
    "classify": ["--hypercolumns", "a", "--out", "out"],
    "probe": ["--pretrained", "a", "--records", "b", "--out", "out"],
    "reproduce": ["--out", "out"],
    "report": ["--run", "out"],
    "info": ["--corpus", "ravdess", "--audio-dir", "audio"],
    "tune": ["--records", "a", "--out", "out"],
    "predict": ["a.wav"],
    "stream": [],
    "stress": ["--audio-dir", "audio", "--out", "out"],
    "export": ["--model", "runs/ft", "--out", "models/emotion"],
    "publish": ["--model", "runs/ft", "--licence", "CC BY 4.0", "--out", "models/emotion"],
    "serve": [],
}
_RUN = """
import sys
import warnings
from ser_fop.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as error:
    status = error.code
heavy = [name for name in ("tensorflow", "keras", "sklearn", "jax") if name in sys.modules]
sys.exit(f"imported {heavy}" if heavy else status)
"""


def options(config_type, *, prefixed, prefix=""):
    """Yield the options of all settings, also of nested groups."""
    for field in dataclasses.fields(config_type):
        name = field.name.replace("_", "-")
        if dataclasses.is_dataclass(field.type):
            yield from options(field.type, prefixed=prefixed, prefix=f"{prefix}{name}." if prefixed else "")
        else:
            yield f"--{prefix}{name}"


def help_of(stage, capsys):
    with pytest.raises(SystemExit) as stop:
        main([stage, "--help"])
    assert stop.value.code == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path_factory, monkeypatch):
    """Run each test in a temporary working directory."""
    monkeypatch.chdir(tmp_path_factory.mktemp("working"))


class TestHelp:
    @pytest.mark.parametrize("arguments", [["--help"], *([stage, "--help"] for stage in STAGES)], ids=" ".join)
    def test_help_takes_less_than_a_second_and_no_tensorflow(self, arguments):
        # CPU time, because wall time depends on other processes of the machine.
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run([sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run.returncode == 0, run.stderr
        assert "usage: ser-fop" in run.stdout
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1.0

    @pytest.mark.parametrize("stage", STAGES)
    def test_help_lists_every_setting(self, stage, capsys):
        text = help_of(stage, capsys)
        for option in options(CONFIGS[stage], prefixed=stage in ("reproduce", "tune", "probe")):
            if (stage, option) in (("predict", "--inputs"), ("serve", "--models"), ("stream", "--source")):
                continue  # positional arguments
            assert re.search(rf"(?<![\w.-]){re.escape(option)}(?![\w.-])", text), f"{option} is not in the help"

    def test_help_lists_every_stage(self, capsys):
        assert main(["--help"]) == 0
        text = capsys.readouterr().out
        for name, stage in STAGES.items():
            assert re.search(rf"^  {name} +{re.escape(stage.purpose)}$", text, re.MULTILINE)

    def test_config_docstrings_document_every_setting(self):
        for config_type in (
            *vars(configs).values(),
            PredictConfig,
            ExportConfig,
            PublishConfig,
            ReportConfig,
            ServeConfig,
            ProbeConfig,
            StreamConfig,
            StreamSettings,
        ):
            if dataclasses.is_dataclass(config_type):
                documented = re.findall(r"^ {8}(\w+): ", config_type.__doc__, re.MULTILINE)
                assert documented == [field.name for field in dataclasses.fields(config_type)], config_type.__name__

    def test_main_without_arguments_prints_the_usage_and_fails(self, capsys):
        assert main([]) == 2
        assert "usage: ser-fop STAGE" in capsys.readouterr().out

    def test_main_prints_the_version(self, capsys):
        assert main(["--version"]) == 0
        assert capsys.readouterr().out.strip() == ser_fop.__version__


class TestBadInput:
    def test_main_suggests_the_closest_stage(self, capsys):
        assert main(["pretrian", "--out", "x"]) == 2
        assert re.search(
            r"unknown stage 'pretrian': expected one of download, .*Did you mean 'pretrain'\?", capsys.readouterr().err
        )

    @pytest.mark.parametrize("stage", ["prepare", "info"])
    def test_main_suggests_the_closest_corpus(self, stage, tmp_path, capsys):
        arguments = ["--corpus", "ravdes", "--audio-dir", str(tmp_path)]
        out = ["--out", str(tmp_path / "out")] if stage == "prepare" else []
        assert main([stage, *arguments, *out]) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"ser-fop {stage}: error: unknown corpus 'ravdes'")
        assert "Did you mean 'ravdess'?" in error
        assert error.count("\n") == 1

    @pytest.mark.parametrize(
        "stage", [stage for stage in STAGES if stage not in ("predict", "serve", "stream")]
    )  # these have no required option
    def test_main_without_a_required_option_fails(self, stage, capsys):
        with pytest.raises(SystemExit) as stop:
            main([stage])
        assert stop.value.code not in (0, None)
        assert REQUIRED[stage][0] in capsys.readouterr().err

    @pytest.mark.parametrize(
        "extra", [["--seed", "many"], ["--loss", "l3"], ["--no-such-option", "1"], ["--horizons", "1.5"]]
    )
    def test_main_with_a_wrong_value_fails(self, extra, capsys):
        with pytest.raises(SystemExit) as stop:
            main(["pretrain", *REQUIRED["pretrain"], *extra])
        assert stop.value.code not in (0, None)
        assert extra[0] in capsys.readouterr().err

    def test_run_stage_with_a_closed_pipe_prints_nothing(self):
        code = (
            "import sys; from ser_fop.cli import run_stage; from ser_fop.config.corpus_stages import InfoConfig\n"
            "def run(_): raise BrokenPipeError\n"
            "sys.exit(run_stage('info', InfoConfig, run, ['--corpus', 'ravdess', '--audio-dir', 'x']))"
        )
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
        assert (found.returncode, found.stdout, found.stderr) == (141, b"", b"")

    def test_main_without_a_records_folder_prints_one_line(self, capsys):
        assert main(["pretrain", "--records", "--out", "out"]) == 2
        assert re.fullmatch(r"ser-fop pretrain: error: --records expected .*\n", capsys.readouterr().err)
        assert not list(Path().iterdir())

    def test_main_with_missing_records_prints_one_line(self, tmp_path, capsys):
        arguments = ["--records", str(tmp_path / "nothing"), "--pretrained", "x", "--out", str(tmp_path / "out")]
        assert main(["extract", *arguments]) == 2
        error = capsys.readouterr().err
        assert re.fullmatch(r"ser-fop extract: error: .*nothing does not exist\.\n", error)


class TestRunStage:
    ARGUMENTS = ("--run", "folder")

    def run(self, action):
        return run_stage("report", ReportConfig, action, list(self.ARGUMENTS))

    def test_run_stage_passes_the_config(self):
        seen = []
        assert self.run(seen.append) == 0
        assert seen == [ReportConfig(run=Path("folder"))]

    @pytest.mark.parametrize("error", [InputError("bad\n  input"), OSError("bad input")])
    def test_run_stage_with_bad_input_prints_one_line_and_returns_2(self, error, capsys):
        def action(_config):
            raise error

        assert self.run(action) == 2
        assert capsys.readouterr().err == "ser-fop report: error: bad input\n"

    def test_run_stage_does_not_catch_programming_errors(self):
        def action(_config):
            raise ValueError("our mistake")

        with pytest.raises(ValueError, match="our mistake"):
            self.run(action)

    def test_run_stage_after_an_interruption_explains_how_to_resume(self, capsys):
        def action(_config):
            raise KeyboardInterrupt

        assert self.run(action) == 130
        assert "Run the same command again to resume" in capsys.readouterr().err


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

    @pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "pipelines" / "experiments").glob("*.yaml")))
    def test_parse_accepts_the_experiments_of_the_package(self, path):
        assert parse("reproduce", ReproduceConfig, ["--config", str(path), "--out", "o"]).out == Path("o")

    @pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "pipelines" / "recipes").glob("*.yaml")))
    def test_parse_accepts_the_recipes_of_the_package(self, path):
        kind = path.stem.rpartition("_")[2]
        stage = {"finetuning": "finetune", "pretraining": "pretrain", "records": "prepare"}.get(kind, kind)
        required = REQUIRED[stage]
        assert parse(stage, CONFIGS[stage], ["--config", str(path), *required]) != parse(
            stage, CONFIGS[stage], required
        )


def test_program_prints_bad_input_and_returns_2(tmp_path):
    run = subprocess.run(
        ["ser-fop", "info", "--corpus", "nothing", "--audio-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"},
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("ser-fop info: error: unknown corpus 'nothing'")


def test_read_yaml_accepts_exponents_without_a_point(tmp_path):
    (tmp_path / "c.yaml").write_text("records: [a]\nout: b\ntraining: {learning_rate: 1e-3}\n")
    config = parse("pretrain", PretrainConfig, ["--config", str(tmp_path / "c.yaml")])
    assert config.training.learning_rate == 0.001


class TestScript:
    @pytest.mark.parametrize(
        ("arguments", "stage"),
        [
            (["python", "-m", "ser_fop.pipelines.prepare", "--out", "x"], "prepare"),
            (["python", "-u", "-m", "ser_fop.pipelines.tune"], "tune"),
            (["python", str(Path(__file__).parents[1] / "pipelines" / "pretrain.py")], "pretrain"),
            (["python", "-m", "pytest", "pipelines/pretrain.py"], ""),
            (["python", "-c", "import ser_fop.pipelines.prepare", "-m", "ser_fop.pipelines.prepare"], ""),
            (["python", "bin/ser-fop", "prepare"], ""),
            (["python", "elsewhere/prepare.py"], ""),
            (["python"], ""),
        ],
    )
    def test_script_stage_returns_the_stage_of_the_main_program(self, arguments, stage):
        assert script_stage(arguments) == stage

    def test_script_with_bad_input_prints_only_the_error(self, tmp_path):
        command = [sys.executable, "-m", "ser_fop.pipelines.folds", "--records", tmp_path, "--out", tmp_path / "f.json"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 2
        assert re.fullmatch(r"ser-fop folds: error: .*\n", done.stderr)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_name_outside_the_encoding_of_the_output_is_printed(tmp_path, encoding):
    root = fake_ravdess(tmp_path, actors=(1,), odd_cases=False)
    (root / "日本語.wav").write_bytes(b"x")
    command = [sys.executable, "-c", "import sys; from ser_fop.cli import main; sys.exit(main())", "info"]
    run = subprocess.run(
        [*command, "--corpus", "ravdess", "--audio-dir", str(root)],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert "日本語.wav" in run.stdout.decode("utf-8")


def test_warning_about_data_is_one_line(capsys):
    def run(_):
        warnings.warn("fold 2: a class is missing.", DataWarning, stacklevel=1)

    assert run_stage("info", InfoConfig, run, ["--corpus", "ravdess", "--audio-dir", "."]) == 0
    assert capsys.readouterr().err == "ser-fop info: warning: fold 2: a class is missing.\n"


def test_full_disk_is_one_line(capsys):
    def run(_):
        raise RuntimeError("/x/mel.tfrecord; No space left on device")

    assert run_stage("info", InfoConfig, run, ["--corpus", "ravdess", "--audio-dir", "."]) == 2
    assert re.fullmatch(r"ser-fop info: error: the disk is full.*\n", capsys.readouterr().err)


def test_programming_error_is_raised():
    def run(_):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run_stage("info", InfoConfig, run, ["--corpus", "ravdess", "--audio-dir", "."])
