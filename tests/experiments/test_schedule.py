import dataclasses
from pathlib import Path

from ser_fop.experiments.jobs import Job
from ser_fop.experiments.schedule import Schedule

RATES = {"transformer": 1.0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """Config of a test job."""

    out: Path
    inputs: tuple[Path, ...] = ()
    pretrained: Path | None = None


def job(name, *inputs, cost=0.0, pretrained=None):
    task = Task(out=Path(name), inputs=tuple(map(Path, inputs)), pretrained=pretrained)
    return Job(name=name, stage="work", config=task, cost={"transformer": cost})


def names(schedule):
    """Return the names of all jobs that can start now."""
    found = []
    while one := schedule.next():
        found.append(one.name)
    return found


def test_job_starts_after_the_jobs_that_it_needs():
    first, second = job("a"), job("b", pretrained=Path("a"))
    schedule = Schedule([first, second, job("c", "a", "b"), job("d", "records")])
    assert names(schedule) == ["a", "d"]
    assert schedule
    schedule.finished(first)
    assert names(schedule) == ["b"]
    schedule.finished(second)
    assert names(schedule) == ["c"]
    assert not schedule


def test_longest_work_behind_a_job_comes_first():
    jobs = [job("short", cost=1), job("gate"), job("long", cost=5), job("behind", "gate", cost=9)]
    assert names(Schedule(jobs, RATES)) == ["gate", "long", "short"]
    assert names(Schedule(jobs)) == ["short", "gate", "long"]


def test_job_does_not_need_itself():
    assert names(Schedule([job("a", "a")])) == ["a"]
