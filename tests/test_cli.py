import dataclasses
import os
import re
import resource
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import ser_fop
from ser_fop.cli import STAGES, main, run_stage, script_stage
from ser_fop.config import stages as configs
from ser_fop.config.corpus_stages import InfoConfig
from ser_fop.config.inference_stages import (
    ExportConfig,
    PredictConfig,
    PublishConfig,
    ReportConfig,
    ServeConfig,
)
from ser_fop.config.streaming import StreamConfig, StreamSettings
from ser_fop.errors import DataWarning, InputError
from ser_fop.probing.probe_config import ProbeConfig
from ser_fop.testing.fake_corpora import fake_ravdess
from tests.stage_options import CONFIGS, REQUIRED

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
