"""Jobs in parallel, each in a process with its share of the cores."""

import contextlib
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from ser_fop.errors import InputError
from ser_fop.experiments.job_cache import JobCache
from ser_fop.experiments.job_process import start_job_process
from ser_fop.experiments.jobs import Job
from ser_fop.experiments.progress import JobProgress
from ser_fop.experiments.runner import Runner, run_jobs
from ser_fop.experiments.schedule import Schedule

_UPDATE_S = 1.0
# Each process takes more than a gigabyte of memory.
_MOST_WORKERS = 4


def worker_count(requested: int, *, has_gpu: bool) -> int:
    """Return the number of jobs that run at the same time.

    Args:
        requested: Their number; 0 means one for each core, at most four.
        has_gpu: Whether the jobs share a GPU, which serves one of them.
    """
    return requested or (1 if has_gpu else min(os.cpu_count() or 1, _MOST_WORKERS))


def run_in_parallel(
    jobs: Sequence[Job],
    runners: Mapping[str, Runner],
    *,
    processes: int,
    logs: Path,
    rates: Mapping[str, float] | None = None,
    progress: JobProgress | None = None,
    cache: JobCache | None = None,
) -> None:
    """Run jobs in parallel; each starts when the jobs that it needs have finished.

    Processes with one thread each are more efficient than one process with several threads on small batches. After
    a job has failed, running jobs finish and no other one starts.

    Args:
        jobs: The jobs; each comes after the jobs that it needs.
        runners: Functions of the stages, by name; they must be importable.
        processes: Number of jobs at a time.
        logs: Folder of the log files. The output of job `runs/seed-0/x` is in `seed-0/x.txt`.
        rates: Training speed in frames per second, by kind of network: long jobs start first.
        progress: View of all jobs of the experiment.
        cache: Cache for finished jobs.

    Raises:
        InputError: If a job raised it, or a process died.
    """
    schedule, running = Schedule(jobs, rates), {}
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=start_job_process,
        initargs=(max(1, (os.cpu_count() or 1) // processes), os.getpid()),
    )
    try:
        while schedule or running:
            # The pool could not cancel a job in its queue, so it gets no more than it can run.
            while len(running) < processes and (job := schedule.next()):
                running[pool.submit(_run, logs / log_name(job), job, dict(runners), os.getpid())] = job
                if progress:
                    progress.running(", ".join(one.name for one in running.values()))
            ended = wait(running, timeout=_UPDATE_S if progress else None, return_when=FIRST_COMPLETED).done
            for done in ended:
                job = running.pop(done)
                done.result()
                schedule.finished(job)
                if cache:
                    cache.keep()
                if progress:
                    progress.update(job.name)
    except BrokenProcessPool as error:
        raise InputError(
            f"a process of --workers {processes} died: it was killed or ran out of memory. Run the same command again"
            " to resume, with fewer --workers if memory was short."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def log_name(job: Job) -> str:
    """Return the path of a job's log file in the folder of the logs."""
    return f"{job.name.removeprefix('runs/')}.txt"


def _run(log: Path, job: Job, runners: dict[str, Runner], parent: int) -> None:
    """Run a job, with its output in a log file."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with (
            log.open("a", encoding="utf-8") as file,
            contextlib.redirect_stdout(file),
            contextlib.redirect_stderr(file),
        ):
            for descriptor in (1, 2):  # TensorFlow does not print through Python's streams
                os.dup2(file.fileno(), descriptor)
            run_jobs([job], runners)
    finally:
        if os.getppid() != parent:  # no process waits for the result
            os._exit(1)
