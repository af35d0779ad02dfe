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

pytestmark = pytest.mark.slow  # starts processes with TensorFlow


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """Config of a test job."""

    out: Path
    waits_for: Path | None = None


def work(task: Task) -> None:
    """Wait for another job, then write process id and number of threads."""
    print("working")
    deadline = time.monotonic() + 60
    while task.waits_for and not task.waits_for.exists():
        assert time.monotonic() < deadline, "the other job never ran"
        time.sleep(0.02)
    task.out.write_text(f"{os.getpid()} {os.environ['TF_NUM_INTRAOP_THREADS']}", encoding="utf-8")


def refuse(task: Task) -> None:
    """Reject the input."""
    raise InputError(f"{task.out.name} cannot be used.")


def die(task: Task) -> None:
    """End like a process that is out of memory."""
    os._exit(9)


def linger_a_little(task: Task) -> None:
    """Write nothing but the end."""
    time.sleep(0.5)
    task.out.write_text("done", encoding="utf-8")


def require(task: Task) -> None:
    """Reject a job that starts before the file that it needs is there."""
    if not task.waits_for.exists():
        raise InputError(f"{task.waits_for.name} is missing.")


def linger(task: Task) -> None:
    """Write the process id, then wait."""
    task.out.write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(120)


RUNNERS = {
    "linger": linger,
    "linger_a_little": linger_a_little,
    "require": require,
    "work": work,
    "refuse": refuse,
    "die": die,
}


def jobs_of(folder, *stages, meeting=False):
    """Return one job for each stage; with `meeting`, each of two waits until the other has a log file."""
    others = [folder / "logs" / f"job-{1 - number}.txt" if meeting else None for number in range(len(stages))]
    return [
        Job(name=f"runs/job-{number}", stage=stage, config=Task(out=folder / f"out-{number}", waits_for=other))
        for number, (stage, other) in enumerate(zip(stages, others, strict=True))
    ]


def run_all(folder, *stages, processes=2, **options):
    """Run one job for each stage."""
    run_in_parallel(jobs_of(folder, *stages, **options), RUNNERS, processes=processes, logs=folder / "logs")


def test_jobs_run_concurrently_in_separate_processes(tmp_path):
    run_all(tmp_path, "work", "work", meeting=True)
    found = [(tmp_path / f"out-{number}").read_text().split() for number in (0, 1)]
    assert len({process for process, _ in found} | {str(os.getpid())}) == 3
    assert {threads for _, threads in found} == {str(max(1, (os.cpu_count() or 1) // 2))}
    assert (tmp_path / "logs" / "job-0.txt").read_text() == "[1/1] runs/job-0\nworking\n"


def test_failing_job_raises_its_error(tmp_path):
    with pytest.raises(InputError, match="out-0 cannot be used"):
        run_all(tmp_path, "refuse", "work")


def test_job_waits_for_the_jobs_that_it_needs(tmp_path):
    first, second = jobs_of(tmp_path, "linger_a_little", "require")
    needing = dataclasses.replace(second, config=dataclasses.replace(second.config, waits_for=first.config.out))
    run_in_parallel([first, needing], RUNNERS, processes=2, logs=tmp_path / "logs")
    first.config.out.unlink()
    unrelated = dataclasses.replace(second, config=dataclasses.replace(second.config, waits_for=tmp_path / "none"))
    with pytest.raises(InputError, match="none is missing"):
        run_in_parallel([first, unrelated], RUNNERS, processes=2, logs=tmp_path / "logs")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_jobs_end_with_their_parent_process(tmp_path, number):
    code = (
        "import pathlib, sys; from tests.experiments.test_parallel import *\n"
        "if __name__ == '__main__': run_all(pathlib.Path(sys.argv[1]), 'linger', processes=1)"
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


def test_no_job_starts_after_a_failing_one(tmp_path):
    with pytest.raises(InputError, match="out-0 cannot be used"):
        run_all(tmp_path, "refuse", "work", "work", processes=1)
    assert not (tmp_path / "out-1").exists()
    assert not (tmp_path / "out-2").exists()


def test_dead_process_raises_input_error(tmp_path):
    with pytest.raises(InputError, match="died: it was killed or ran out of memory"):
        run_all(tmp_path, "die", "work")
