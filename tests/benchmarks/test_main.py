import importlib.util
import subprocess
import sys

import pytest

from benchmarks import __main__ as command
from tests.benchmarks.made_up import comparison


@pytest.fixture
def stage(monkeypatch, tmp_path):
    """Replace the stages by `tiny`, which returns invented comparisons, and record to a temporary file."""
    received = []

    class Tiny:
        found = (comparison(peer=(5.0, 6.0, 5.5)),)

        @staticmethod
        def run(settings):
            received.append(settings)
            return list(Tiny.found)

    monkeypatch.setattr(command, "STAGES", {"tiny": "tiny"})
    monkeypatch.setitem(sys.modules, "tiny", Tiny)
    path = tmp_path / "results.json"
    monkeypatch.setattr(command.read_record, "__defaults__", (path,))
    monkeypatch.setattr(command.write_record, "__kwdefaults__", {"path": path})
    Tiny.received = received
    return Tiny


def test_every_stage_has_a_module():
    assert all(importlib.util.find_spec(module) for module in command.STAGES.values())


def test_command_line_imports_no_heavy_library():
    code = "import sys, benchmarks.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "tensorflow", "keras", "torch", "sklearn"} & set(loaded)


def test_guard_uses_recorded_ratios(stage, capsys):
    assert command.main(["--record", "--rounds", "3"]) == 0
    assert command.main(["--guard"]) == 0
    assert "1 ratios held" in capsys.readouterr().out
    stage.found = (comparison(ours=(5.0, 6.0, 5.5), peer=(5.0, 6.0, 5.5)),)
    assert command.main(["--guard"]) == 1
    assert "FAILED: speed, peer" in capsys.readouterr().err
    assert command.main(["--guard", "--guard-share", "0.4"]) == 0
    assert stage.received[0].rounds == 3


def test_guard_uses_record_from_before_run(stage):
    command.main(["--record"])
    stage.found = (comparison(ours=(5.0,), peer=(5.0,)),)
    assert command.main(["--record", "--guard"]) == 1


def test_quick_runs_have_own_keys(stage, capsys):
    command.main(["--record"])
    assert command.main(["--quick", "--guard"]) == 0
    assert "unguarded: speed-quick: not recorded" in capsys.readouterr().out
    assert set(command.read_record()) == {"speed"}


def test_recorded_command_has_no_local_path(stage, tmp_path):
    command.main(["tiny", "--record", "--corpus", "ravdess", "--audio-dir", str(tmp_path)])
    assert command.read_record()["speed"]["command"] == (
        "python -m benchmarks --rounds 5 --corpus ravdess --audio-dir DIR"
    )


def test_run_fails_if_ours_failed(stage):
    stage.found = (comparison(ours="ValueError: no"),)
    assert command.main([]) == 1


@pytest.mark.parametrize("wrong", [["unknown"], ["--corpus", "ravdess"], ["--rounds", "0"]])
def test_main_rejects_bad_options(wrong):
    with pytest.raises(SystemExit):
        command.main(wrong)
