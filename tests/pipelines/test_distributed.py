"""Training on several devices and in several processes, and the loss of a worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from ser_fop.hub.networks import load_network
from ser_fop.testing.toy_records import toy_utterances, write_toy_records
from ser_fop.utils.run_folder import CHECKPOINTS, METRICS

pytestmark = pytest.mark.slow

# Splits the CPU into several virtual devices, all of which the strategy uses.
DEVICES = """
import sys, tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[1]))
from ser_fop.cli import main
raise SystemExit(main(sys.argv[2:]))
"""
# Gradients are clipped and batch sizes are uneven. Only the order of the data is random, and the seed fixes it.
SIZES = {"layers": 1, "d-model": 16, "heads": 2, "feed-forward": 16, "batch-size": 5, "batch-frames": 200}
SMALL = [*(f"--{name}={value}" for name, value in SIZES.items()), "--dropout=0", "--clip-norm=0.3"]
EPOCHS = 3
LONG = 10
TIMEOUT_S = 900  # of a process that hangs, also on a slow machine


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    speakers = [f"speaker-{number}" for number in range(8)]
    mels = toy_utterances(speakers=speakers, per_speaker=9, frames=(20, 60))
    return write_toy_records(tmp_path_factory.mktemp("toy") / "records", mels, shards=4).folder


def arguments(records, out, *options, epochs=EPOCHS):
    chosen = ["--records", records, "--out", out, "--epochs", epochs, "--patience", epochs, *SMALL, *options]
    return [*map(str, chosen)]


def on_devices(count, *options):
    subprocess.run(
        [sys.executable, "-c", DEVICES, str(count), "pretrain", *options],
        check=True,
        capture_output=True,
        timeout=TIMEOUT_S,
    )


def workers(*commands):
    """Start one process per worker on loopback, each time on new ports: old ports may still be in use."""
    probes = [socket.socket() for _ in commands]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    addresses = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    for probe in probes:
        probe.close()
    started = []
    for index, command in enumerate(commands):
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(cluster)}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        program = [sys.executable, "-m", "ser_fop.pipelines.pretrain", *command]
        started.append(subprocess.Popen(program, env=environment, **pipes))
    return started


def ended(process):
    out, err = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, out, err


def all_ended(started):
    found = [ended(process) for process in started]
    assert [code for code, *_ in found] == [0] * len(found), found
    return found


def training_curves(folder):
    history = json.loads((folder / METRICS).read_text())["history"]
    return {key: history[key] for key in ("loss", "error", "val_loss", "val_error", "gradient_norm")}


def largest_relative_difference(one, other):
    return max(np.abs(np.array(one[key]) / np.array(other[key]) - 1).max() for key in one)


def weights(folder):
    return load_network(folder)[0].get_weights()


@pytest.fixture(scope="module")
def alone(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone") / "run"
    on_devices(1, *arguments(records, folder))
    return folder


def test_two_devices_match_one(records, alone, tmp_path):
    on_devices(2, *arguments(records, tmp_path / "two", "--strategy", "mirrored"))
    assert json.loads((tmp_path / "two" / METRICS).read_text())["replicas"] == 2
    assert largest_relative_difference(training_curves(tmp_path / "two"), training_curves(alone)) < 1e-4
    for a, b in zip(weights(tmp_path / "two"), weights(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
    on_devices(2, *arguments(records, tmp_path / "other", "--strategy", "mirrored", "--clip-norm", "1000"))
    assert largest_relative_difference(training_curves(tmp_path / "other"), training_curves(alone)) > 1e-3


def test_two_workers_match_one(records, alone, tmp_path):
    command = arguments(records, tmp_path / "two", "--strategy", "multiworker")
    (_, first, _), (_, second, _) = all_ended(workers(command, command))
    assert "skill" in first
    assert "worker 1 of 2 has finished" in second
    assert largest_relative_difference(training_curves(tmp_path / "two"), training_curves(alone)) < 1e-4
    for a, b in zip(weights(tmp_path / "two"), weights(alone), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
    # A complete run is found by one worker alone.
    assert "is complete" in all_ended(workers(command))[0][1]


def test_workers_with_own_shard_files_learn(records, alone, tmp_path):
    command = arguments(records, tmp_path / "two", "--strategy", "multiworker", "--shard-by", "file")
    all_ended(workers(command, command))
    found, one = (json.loads((folder / METRICS).read_text()) for folder in (tmp_path / "two", alone))
    assert found["skill"] > 0.5 * one["skill"] > 0


def test_multiworker_rejects_unsupported_options(records, tmp_path):
    for options, message in (
        (("--fold", "all"), "give --fold a number"),
        (("--shard-by", "file", "--batch-size", "1"), "expected at least one utterance for each of 2 workers"),
    ):
        command = arguments(records, tmp_path / "out", "--strategy", "multiworker", *options)
        for code, _, err in map(ended, workers(command, command)):
            assert code == 2
            assert message in err.strip().splitlines()[-1]
            assert "Traceback" not in err


@pytest.fixture(scope="module")
def long(records, tmp_path_factory):
    folder = tmp_path_factory.mktemp("long") / "run"
    on_devices(1, *arguments(records, folder, epochs=LONG))
    return folder


@pytest.mark.parametrize("killed", [0, 1])
def test_killed_worker_stops_others_and_run_resumes(records, long, tmp_path, killed):
    out = tmp_path / "out"
    command = arguments(records, out, "--strategy", "multiworker", epochs=LONG)
    started = workers(command, command)
    checkpoints = out.with_name("out.partial") / CHECKPOINTS
    end = time.monotonic() + TIMEOUT_S
    while len(list(checkpoints.glob("epoch-*"))) < 2:
        assert time.monotonic() < end
        assert all(process.poll() is None for process in started)
        time.sleep(0.05)
    started[killed].send_signal(signal.SIGKILL)
    code, _, err = ended(started[1 - killed])
    ended(started[killed])
    assert code == 2
    assert (
        err.strip()
        .splitlines()[-1]
        .startswith(f"ser-fop pretrain: error: worker {1 - killed} of 2 has lost the connection to another worker")
    )
    assert "Traceback" not in err
    assert not out.exists()
    (_, printed, _), _ = all_ended(workers(command, command))
    assert "resuming from the checkpoint after epoch" in printed
    assert len(training_curves(out)["loss"]) == LONG
    assert largest_relative_difference(training_curves(out), training_curves(long)) < 1e-3


def test_workers_with_different_out_folders_are_rejected(records, tmp_path):
    command = arguments(records, tmp_path / "out", "--strategy", "multiworker", epochs=LONG)
    started = workers(command, command)
    checkpoints = tmp_path / "out.partial" / CHECKPOINTS
    end = time.monotonic() + TIMEOUT_S
    while not list(checkpoints.glob("epoch-*")):
        assert time.monotonic() < end
        assert all(process.poll() is None for process in started)
        time.sleep(0.05)
    for process in started:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    elsewhere = arguments(records, tmp_path / "elsewhere", "--strategy", "multiworker", epochs=LONG)
    for code, _, err in map(ended, workers(command, elsewhere)):
        assert code == 2
        assert "the workers see different checkpoints" in err
