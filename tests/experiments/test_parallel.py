import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ser_fop.errors import InputError
from ser_fop.experiments.jobs import Job
from ser_fop.experiments.parallel import run_in_parallel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """Config of a test job."""

    out: Path
    waits_for: Path | None = None


def work(task: Task) -> None:
    """Wait for another repeat, then write process id and number of threads."""
    print("working")
    deadline = time.monotonic() + 60
    while task.waits_for and not task.waits_for.exists():
        assert time.monotonic() < deadline, "the other repeat never ran"
        time.sleep(0.02)
    task.out.write_text(f"{os.getpid()} {os.environ['TF_NUM_INTRAOP_THREADS']}", encoding="utf-8")


def refuse(task: Task) -> None:
    """Reject the input."""
    raise InputError(f"{task.out.name} cannot be used.")


def die(task: Task) -> None:
    """End like a process that is out of memory."""
    os._exit(9)


def linger(task: Task) -> None:
    """Write the process id, then wait."""
    task.out.write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(120)


RUNNERS = {"linger": linger, "work": work, "refuse": refuse, "die": die}


def repeats_of(folder, *stages, meeting=False):
    """Return repeats of one job each; with `meeting`, each one waits until the other has a log file."""
    logs = [folder / "logs" / f"seed-{number}.txt" for number in range(len(stages))]
    others = logs[::-1] if meeting else [None] * len(logs)
    return [
        (log, [Job(name=f"job-{number}", stage=stage, config=Task(out=folder / f"out-{number}", waits_for=other))])
        for number, (stage, log, other) in enumerate(zip(stages, logs, others, strict=True))
    ]


def test_repeats_run_concurrently_in_separate_processes(tmp_path, capsys):
    run_in_parallel(repeats_of(tmp_path, "work", "work", meeting=True), RUNNERS, processes=2)
    found = [(tmp_path / f"out-{number}").read_text().split() for number in (0, 1)]
    assert len({process for process, _ in found} | {str(os.getpid())}) == 3
    assert {threads for _, threads in found} == {str(max(1, (os.cpu_count() or 1) // 2))}
    assert "[2/2 repeats]" in capsys.readouterr().out
    assert (tmp_path / "logs" / "seed-0.txt").read_text() == "[1/1] job-0\nworking\n"


def test_failing_repeat_raises_its_error(tmp_path):
    with pytest.raises(InputError, match="out-0 cannot be used"):
        run_in_parallel(repeats_of(tmp_path, "refuse", "work"), RUNNERS, processes=2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_repeats_end_with_their_parent_process(tmp_path, number):
    code = (
        "import pathlib, sys; from tests.experiments.test_parallel import *\n"
        "if __name__ == '__main__': run_in_parallel(repeats_of(pathlib.Path(sys.argv[1]), 'linger'), RUNNERS, processes=1)"
    )
    (tmp_path / "main.py").write_text(code, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    parent = subprocess.Popen([sys.executable, str(tmp_path / "main.py"), str(tmp_path)], env=environment)
    output = tmp_path / "out-0"
    assert _becomes_true(lambda: output.exists() and output.read_text())
    child = Path("/proc") / output.read_text()
    assert child.exists()
    parent.send_signal(number)
    parent.wait(timeout=30)
    assert _becomes_true(lambda: not child.exists() or "State:\tZ" in (child / "status").read_text())


def _becomes_true(condition):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_no_repeat_starts_after_a_failing_one(tmp_path):
    with pytest.raises(InputError, match="out-0 cannot be used"):
        run_in_parallel(repeats_of(tmp_path, "refuse", "work", "work"), RUNNERS, processes=1)
    assert not (tmp_path / "out-1").exists()
    assert not (tmp_path / "out-2").exists()


def test_dead_process_raises_input_error(tmp_path):
    with pytest.raises(InputError, match="died: it was killed or ran out of memory"):
        run_in_parallel(repeats_of(tmp_path, "die", "work"), RUNNERS, processes=2)
