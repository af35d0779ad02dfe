import dataclasses
import io
from pathlib import Path

import pytest

from ser_fop.experiments.jobs import Job
from ser_fop.experiments.progress import JobProgress
from ser_fop.experiments.runner import run_jobs
from ser_fop.utils.run_folder import COMPLETED


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """Config of a test job."""

    out: Path


def finish(task):
    """Print a line and complete the job."""
    print("Epoch 1/1")
    task.out.mkdir()
    (task.out / COMPLETED).touch()


RUNNERS = {"finish": finish}


@pytest.fixture
def jobs(tmp_path):
    return [
        Job(name=f"job-{number}", stage="finish", config=Task(out=tmp_path / str(number)), cost={"lstm": 60.0})
        for number in range(3)
    ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_each_finished_job_gives_one_line(jobs, tmp_path, capsys):
    with JobProgress(jobs, {"lstm": 0.01}) as progress:
        run_jobs(jobs, RUNNERS, log=tmp_path / "logs" / "seed-0.txt", progress=progress)
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(",")[0] for line in lines] == [f"[{number}/3 jobs] job-{number - 1}" for number in (1, 2, 3)]
    assert "minutes left" in lines[0]
    assert "minutes left" not in lines[2]
    assert (tmp_path / "logs" / "seed-0.txt").read_text().count("Epoch 1/1") == 3


def test_without_log_the_output_of_jobs_is_printed(jobs, capsys):
    run_jobs(jobs, RUNNERS)
    assert capsys.readouterr().out.splitlines()[:2] == ["[1/3] job-0", "Epoch 1/1"]


def test_finished_jobs_count_from_the_start(jobs, capsys):
    finish(jobs[0].config)
    capsys.readouterr()
    with JobProgress(jobs) as progress:
        progress.update()
        finish(jobs[1].config)
        progress.update("job-1")
    assert "[2/3 jobs] job-1\n" in capsys.readouterr().out


def test_terminal_shows_a_live_line(jobs, tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    with JobProgress(jobs) as progress:
        run_jobs(jobs, RUNNERS, log=tmp_path / "log.txt", progress=progress)
        progress.say("a line above")
    shown = terminal.getvalue()
    assert "3/3" in shown
    assert "a line above" in shown
    assert "Epoch" not in shown


def test_terminal_without_live_line_gets_lines(jobs, tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    with JobProgress(jobs, live=False) as progress:
        run_jobs(jobs, RUNNERS, log=tmp_path / "log.txt", progress=progress)
    assert terminal.getvalue().splitlines() == [f"[{number}/3 jobs] job-{number - 1}" for number in (1, 2, 3)]


def test_error_of_a_job_ends_the_live_line(jobs, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)

    def fail(task):
        raise ValueError(task.out.name)

    progress = JobProgress(jobs)
    with pytest.raises(ValueError, match="0"), progress:
        run_jobs(jobs, {"finish": fail}, progress=progress)
    assert progress._live.finished or not progress._live.live.is_started
