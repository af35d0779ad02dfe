"""Runs jobs one after another, and tells how long is left."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ser_fop.experiments.job_cache import JobCache
from ser_fop.experiments.jobs import Job
from ser_fop.utils.run_folder import COMPLETED

Runner = Callable[[Any], Any]


def projected_s(jobs: list[Job], rates: Mapping[str, float]) -> float:
    """Return how long the unfinished jobs take at most, in seconds.

    Args:
        jobs: The jobs.
        rates: Frames per second that this machine trains, by kind of network.
    """
    pending = [job for job in jobs if not (job.config.out / COMPLETED).exists()]
    return sum(frames / rates[kind] for job in pending for kind, frames in job.cost.items())


def run_jobs(
    jobs: list[Job],
    runners: Mapping[str, Runner],
    *,
    rates: Mapping[str, float] | None = None,
    cache: JobCache | None = None,
) -> None:
    """Run the jobs in order; finished ones are skipped by their stages.

    Args:
        jobs: What to run.
        runners: The stages by name.
        rates: As for `projected_s`; prints how long is left after each job.
        cache: Where to keep them.
    """
    started = time.perf_counter()
    projected = projected_s(jobs, rates) if rates else 0.0
    for number, job in enumerate(jobs, start=1):
        print(f"[{number}/{len(jobs)}] {job.name}", flush=True)
        runners[job.stage](job.config)
        if cache:
            cache.keep()
        if rates and number < len(jobs):
            left = projected_s(jobs[number:], rates)
            done = projected - left
            pace = (time.perf_counter() - started) / done if done > 0 else 1.0
            print(f"[{number}/{len(jobs)}] at most {left * min(pace, 3.0) / 60:.0f} minutes left", flush=True)
