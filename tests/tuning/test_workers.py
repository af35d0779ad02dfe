"""Searches over several processes, with killed workers and a killed supervisor."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.tuning.test_tune import SMALL, SPACE

pytestmark = pytest.mark.slow


def command(work, out, *options, space=SPACE, epochs=2):
    out.parent.mkdir(parents=True, exist_ok=True)
    (out.parent / "space.yaml").write_text(space)
    arguments = ["--records", work / "records" / "ravdess", "--out", out, "--space", out.parent / "space.yaml", *SMALL]
    arguments += ["--finetuning.epochs", epochs, "--workers", "2", *options]
    return [sys.executable, "-m", "ser_fop.pipelines.tune", *map(str, arguments)]


def wait_for(condition, *, seconds=600):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"the condition was not met in {seconds} s")


def workers_of(supervisor):
    """Return the process ids of the workers that a supervisor started, by name of the worker."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            environment = (folder / "environ").read_bytes().split(b"\0")
        except (OSError, ValueError):
            continue
        names = [
            entry.partition(b"=")[2].decode() for entry in environment if entry.startswith(b"KERASTUNER_TUNER_ID=")
        ]
        if parent == supervisor and names:
            found[names[0]] = int(folder.name)
    return found


def trials_of(out):
    return json.loads((out / "trials.json").read_text())["all"]


def running_trials(out):
    """Return the folders of the trials whose training has started but not ended."""
    return [path.parent.name for path in (out / "search").glob("trial_*/run.partial")]


def test_search_with_workers_runs_all_trials(work, tmp_path):
    out = tmp_path / "out"
    run = subprocess.run(command(work, out, "--trials", "4"), capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 0, run.stderr
    assert {one["status"] for one in trials_of(out)} == {"completed"}
    assert len(trials_of(out)) == 4
    assert sorted(path.name for path in (out / "logs").iterdir()) == ["tuner0.txt", "tuner1.txt"]


def test_killed_worker_is_replaced_and_its_trial_runs_again(work, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(command(work, out, "--trials", "4", epochs=6), stdout=subprocess.PIPE, text=True)
    wait_for(lambda: running_trials(out))
    victim = workers_of(process.pid)["tuner0"]
    os.kill(victim, signal.SIGKILL)
    printed, _ = process.communicate(timeout=900)
    assert process.returncode == 0
    assert "worker tuner0 died (status -9) and is replaced" in printed
    assert [one["status"] for one in trials_of(out)] == ["completed"] * 4


def test_killed_supervisor_ends_its_workers_and_search_resumes(work, tmp_path):
    out = tmp_path / "out"
    arguments = command(work, out, "--trials", "4", epochs=6)
    process = subprocess.Popen(arguments)
    wait_for(lambda: len(list((out / "search").glob("trial_*/run/COMPLETED"))) >= 1 and running_trials(out))
    workers = workers_of(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers.values()), seconds=30)
    done = {path: path.stat().st_mtime_ns for path in (out / "search").glob("trial_*/run/COMPLETED")}
    assert subprocess.run(arguments, timeout=900, check=False).returncode == 0
    assert [one["status"] for one in trials_of(out)] == ["completed"] * 4
    assert all(path.stat().st_mtime_ns == when for path, when in done.items())


def test_failing_trials_end_the_search_with_one_line(work, tmp_path):
    space = "model.heads: {choice: [3, 5, 7, 9, 11, 13]}"
    arguments = command(work, tmp_path / "out", "--trials", "6", space=space)
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=900, check=False)
    assert run.returncode == 2
    assert "trials in a row failed" in run.stderr
    assert "Traceback" not in run.stderr
