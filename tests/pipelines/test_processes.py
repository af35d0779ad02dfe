"""Tests that need their own processes: determinism, other backends, the wheel, killed runs."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from ser_fop.pipelines import export

from ser_fop.hub.networks import load_network
from tests.pipelines.test_reproduce import CONFIG as SMALL
from tests.stages import MODEL, run

TIMEOUT_S = 900  # of a process that hangs, also on a slow machine


def ser_fop(*arguments, **environment):
    command = [sys.executable, "-m", "ser_fop.pipelines." + str(arguments[0]), *map(str, arguments[1:])]
    subprocess.run(command, check=True, env={**os.environ, **environment}, capture_output=True, timeout=TIMEOUT_S)


@pytest.mark.slow
def test_finetune_from_run_and_saved_model_gives_equal_weights(work, tmp_path):
    common = ["--records", work / "records" / "ravdess", "--fold", "0", "--epochs", "2", "--deterministic"]
    assert export.main(["--model", str(work / "inductive"), "--out", str(tmp_path / "alone")]) == 0
    for name, source in {"a": work / "inductive", "b": tmp_path / "alone"}.items():
        ser_fop("finetune", *common, "--pretrained", source, "--out", tmp_path / name)
    ser_fop("finetune", *common, "--pretrained", work / "inductive", "--seed", "1", "--out", tmp_path / "c")
    one, other, third = (load_network(tmp_path / name)[0].get_weights() for name in "abc")
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not all(np.array_equal(a, c) for a, c in zip(one, third, strict=True))


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed (extra `jax`)")
def test_network_pretrained_with_jax_works_with_tensorflow(work, tmp_path):
    records = work / "records" / "ravdess"
    ser_fop(
        "pretrain",
        "--records",
        records,
        "--fold",
        "0",
        *MODEL,
        "--epochs",
        "1",
        "--out",
        tmp_path / "jax",
        KERAS_BACKEND="jax",
    )
    network, _ = load_network(tmp_path / "jax")
    assert np.isfinite(network.get_weights()[2]).all()
    assert export.main(["--model", str(tmp_path / "jax"), "--out", str(tmp_path / "exported")]) == 0
    run("extract", "--records", records, "--pretrained", tmp_path / "jax", "--out", tmp_path / "hyper")
    run(
        "finetune",
        "--records",
        records,
        "--pretrained",
        tmp_path / "jax",
        "--fold",
        "0",
        "--epochs",
        "1",
        "--out",
        tmp_path / "ft",
    )


@pytest.mark.slow
def test_wheel_is_complete(tmp_path):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", tmp_path / "wheel", root]
    subprocess.run(build, check=True, capture_output=True, timeout=TIMEOUT_S)
    (wheel,) = (tmp_path / "wheel").glob("*.whl")
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", tmp_path / "site", wheel], check=True
    )
    code = (
        "import pathlib, ser_fop.cli, ser_fop.corpora.folds\n"
        f"assert pathlib.Path(ser_fop.cli.__file__).is_relative_to({str(tmp_path / 'site')!r})\n"
        "assert ser_fop.corpora.folds.published_folds('ravdess') is not None\n"
        "raise SystemExit(ser_fop.cli.main(['pretrain', '--help']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stderr
    assert "--records" in done.stdout


@pytest.mark.slow
def test_parallel_repeats_fill_same_tables(work, tmp_path):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(SMALL), encoding="utf-8")
    common = ["--config", tmp_path / "c.yaml", "--corpus", "ravdess", "--audio-dir", work / "audio" / "ravdess"]
    out = tmp_path / "out"
    ser_fop("reproduce", *common, "--repeats", "2", "--workers", "2", "--out", out)
    tables = json.loads((out / "report" / "tables.json").read_text())
    assert [row["repeats"] for row in tables["table1"] if "wa" in row] == [2, 2]
    assert (out / "logs" / "seed-1" / "pretrain-in_corpus.txt").read_text().count("[1/1]") == 1
    before = {path: path.stat().st_mtime_ns for path in sorted(out.glob("runs/*/*/metrics.json"))}
    ser_fop("reproduce", *common, "--repeats", "2", "--workers", "1", "--out", out)  # all is complete
    assert before == {path: path.stat().st_mtime_ns for path in sorted(out.glob("runs/*/*/metrics.json"))}


class TestKilledPretraining:
    """SIGKILL at random times, also while a checkpoint is written, does not change the trained weights."""

    KILLS = 8
    EPOCHS = 6  # of 24 steps, with a checkpoint after each: more than the kills take

    def options(self, work, out):
        records = ["--records", work / "records" / "ravdess", *MODEL, "--batch-size", "8", "--time-mask", "9"]
        return [*records, "--deterministic", "--epochs", self.EPOCHS, "--checkpoint-minutes", "0", "--out", out]

    def begin(self, work, out):
        command = [sys.executable, "-m", "ser_fop.pipelines.pretrain", *map(str, self.options(work, out))]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def after_checkpoints(self, process, out, number):
        """Wait for `number` new checkpoints; return whether the process is still running."""
        folder, seen = out.with_name(out.name + ".partial") / "checkpoints", set()
        before = set(folder.glob("*.npz"))
        while len(seen - before) < number and process.poll() is None:
            seen |= set(folder.glob("*.npz"))
            time.sleep(0.002)
        return process.poll() is None

    @pytest.mark.slow
    def test_killed_run_ends_with_same_weights(self, work, tmp_path):
        ser_fop("pretrain", *self.options(work, tmp_path / "whole"))
        generator = np.random.default_rng(0)
        for _ in range(self.KILLS):
            process = self.begin(work, tmp_path / "killed")
            assert self.after_checkpoints(process, tmp_path / "killed", int(generator.integers(1, 6)))
            time.sleep(generator.uniform(0, 0.03))
            process.kill()
            process.communicate()
        assert not (tmp_path / "killed").exists()
        ser_fop("pretrain", *self.options(work, tmp_path / "killed"))
        one, other = (load_network(tmp_path / name)[0].get_weights() for name in ("whole", "killed"))
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
        histories = [
            json.loads((tmp_path / name / "metrics.json").read_text())["history"] for name in ("whole", "killed")
        ]
        for history in histories:
            assert len(history.pop("useful_frames_per_s")) == self.EPOCHS
        assert histories[0] == histories[1]
        assert not (tmp_path / "killed" / "checkpoints").exists()

    @pytest.mark.slow
    def test_sigterm_stops_run_with_one_line(self, work, tmp_path):
        process = self.begin(work, tmp_path / "stopped")
        assert self.after_checkpoints(process, tmp_path / "stopped", 2)
        process.terminate()
        _, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 128 + 15
        assert "Traceback" not in errors
        (line,) = [line for line in errors.splitlines() if line.startswith("ser-fop")]
        assert "stopped by SIGTERM after epoch" in line
        assert "Run the same command again to resume" in line
        # A mistyped option must not discard hours of training.
        options = self.options(work, tmp_path / "stopped")
        other = subprocess.run(
            [sys.executable, "-m", "ser_fop.pipelines.pretrain", *map(str, options), "--horizons", "2"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert other.returncode == 2
        assert "stopped.partial holds another run: its training.horizons is [1], now [2]" in other.stderr


@pytest.mark.slow
def test_memory_of_long_training_stays_flat(work, tmp_path):
    """The memory after 150 epochs is within 5 % of the memory after ten."""
    options = ["--records", work / "records" / "ravdess", *MODEL, "--batch-size", "64", "--epochs", "150"]
    command = [sys.executable, "-m", "ser_fop.pipelines.pretrain", *map(str, options), "--patience", "150"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "long")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    found = {}
    for line in process.stdout:
        if line.startswith(("Epoch 11/", "Epoch 150/")):
            status = Path(f"/proc/{process.pid}/status").read_text()
            found[line.split()[1]] = int(status.partition("VmRSS:")[2].split()[0])
    assert process.wait() == 0
    assert found["150/150"] < 1.05 * found["11/150"]
