"""Repeats in parallel, each in a separate process with its share of the cores."""

import contextlib
import functools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from ser_fop.errors import InputError
from ser_fop.experiments.job_cache import JobCache
from ser_fop.experiments.jobs import Job
from ser_fop.experiments.progress import JobProgress
from ser_fop.experiments.runner import Runner, run_jobs

_UPDATE_S = 1.0


def run_in_parallel(
    repeats: Sequence[tuple[Path, Sequence[Job]]],
    runners: Mapping[str, Runner],
    *,
    processes: int,
    progress: JobProgress | None = None,
    cache: JobCache | None = None,
) -> None:
    """Run several repeats in parallel.

    Processes with one thread each are more efficient than one process with several threads on small batches. After
    a repeat has failed, running repeats finish and no other one starts.

    Args:
        repeats: Log file and jobs of each repeat; the log file receives the output of the jobs.
        runners: Functions of the stages, by name; they must be importable.
        processes: Number of repeats at a time.
        progress: View of all jobs of the experiment.
        cache: Cache for finished jobs.

    Raises:
        InputError: If a repeat raised it, or a process died.
    """
    started = time.perf_counter()
    say = progress.say if progress else functools.partial(print, flush=True)
    threads = max(1, (os.cpu_count() or 1) // processes)
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(threads, os.getpid()),
    )
    try:
        pending, running, finished = list(repeats), {}, 0
        while pending or running:
            while pending and len(running) < processes:  # the pool could not cancel a repeat in its queue
                log, jobs = pending.pop(0)
                own_cache = cache.of(jobs) if cache else None
                running[pool.submit(_run, log, list(jobs), dict(runners), os.getpid(), own_cache)] = log
                say(f"{log.stem} started; its output is in {log}")
            ended = wait(running, timeout=_UPDATE_S if progress else None, return_when=FIRST_COMPLETED).done
            if progress:
                progress.update()
            for done in ended:
                log = running.pop(done)
                done.result()
                finished += 1
                minutes = (time.perf_counter() - started) / 60
                say(f"[{finished}/{len(repeats)} repeats] {log.stem} done after {minutes:.1f} minutes")
    except BrokenProcessPool as error:
        raise InputError(
            f"a process of --workers {processes} died: it was killed or ran out of memory. Run the same command again"
            " to resume, with fewer --workers if memory was short."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(threads: int, parent: int) -> None:
    """Limit the threads of TensorFlow, and end this process when its parent ends."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    while True:
        os.kill(os.getpid(), signal.SIGTERM)  # pretraining writes a checkpoint, then `_run` exits
        time.sleep(5)


def _run(log: Path, jobs: list[Job], runners: dict[str, Runner], parent: int, cache: JobCache | None) -> None:
    """Run the jobs of a repeat, with their output in a log file."""
    try:
        _run_jobs(log, jobs, runners, cache)
    finally:
        if os.getppid() != parent:  # no process waits for the result
            os._exit(1)


def _run_jobs(log: Path, jobs: list[Job], runners: dict[str, Runner], cache: JobCache | None) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        for descriptor in (1, 2):  # TensorFlow does not print through Python's streams
            os.dup2(file.fileno(), descriptor)
        run_jobs(jobs, runners, cache=cache)
