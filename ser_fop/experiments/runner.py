"""Run jobs one after another, with their output in a log file."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ser_fop.experiments.job_cache import JobCache
from ser_fop.experiments.jobs import Job
from ser_fop.experiments.progress import JobProgress

Runner = Callable[[Any], Any]


def run_jobs(
    jobs: Sequence[Job],
    runners: Mapping[str, Runner],
    *,
    log: Path | None = None,
    progress: JobProgress | None = None,
    cache: JobCache | None = None,
) -> None:
    """Run jobs in order; the stages skip finished ones.

    Args:
        jobs: The jobs.
        runners: Functions of the stages, by name.
        log: File that receives what the jobs print; None prints it.
        progress: View of all jobs of the experiment.
        cache: Cache for finished jobs.
    """
    for number, job in enumerate(jobs, start=1):
        if progress:
            progress.running(job.name)
        with _printing_to(log):
            print(f"[{number}/{len(jobs)}] {job.name}", flush=True)
            runners[job.stage](job.config)
        if cache:
            cache.keep()
        if progress:
            progress.update(job.name)


@contextlib.contextmanager
def _printing_to(log: Path | None) -> Iterator[None]:
    if log is None:
        yield
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        yield
