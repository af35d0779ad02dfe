"""Repeats side by side, each in a process of its own with its share of the cores."""

import contextlib
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
from ser_fop.experiments.runner import Runner, run_jobs


def run_in_parallel(
    repeats: Sequence[tuple[Path, Sequence[Job]]],
    runners: Mapping[str, Runner],
    *,
    processes: int,
    cache: JobCache | None = None,
) -> None:
    """Run repeats, several at once.

    One thread a process loses less than several threads on one small batch. Where a repeat fails, those that run
    are finished, the others are not begun.

    Args:
        repeats: Cells of each, with the file that takes what they print.
        runners: The stages by name, functions of modules.
        processes: How many at once.
        cache: Where to keep what is finished.

    Raises:
        InputError: What the first failing repeat raised, or that a process died.
    """
    started = time.perf_counter()
    threads = max(1, (os.cpu_count() or 1) // processes)
    pool = ProcessPoolExecutor(
        processes,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(threads, os.getpid()),
    )
    try:
        pending, running, ended = list(repeats), {}, 0
        while pending or running:
            while pending and len(running) < processes:  # one that waits in the pool could not be called back
                log, jobs = pending.pop(0)
                keeping = cache.of(jobs) if cache else None
                running[pool.submit(_run, log, list(jobs), dict(runners), os.getpid(), keeping)] = log
                print(f"what is printed goes to {log}", flush=True)
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                log = running.pop(done)
                done.result()
                ended += 1
                minutes = (time.perf_counter() - started) / 60
                print(f"[{ended}/{len(repeats)} repeats] {log.stem} done after {minutes:.1f} minutes", flush=True)
    except BrokenProcessPool as error:
        raise InputError(
            f"a process of --workers {processes} died, killed or out of memory; the same command goes on from"
            " what is finished, with fewer side by side if memory was short."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare(threads: int, parent: int) -> None:
    """Limit TensorFlow to so many threads, and end with the parent: a repeat must not go on by itself."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = str(threads)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    while True:
        os.kill(os.getpid(), signal.SIGTERM)  # a pretraining saves where it is, and `_run` leaves
        time.sleep(5)


def _run(log: Path, jobs: list[Job], runners: dict[str, Runner], parent: int, cache: JobCache | None) -> None:
    """Run a repeat's jobs, all that is printed going to a file."""
    try:
        _run_jobs(log, jobs, runners, cache)
    finally:
        if os.getppid() != parent:  # nobody waits for the result
            os._exit(1)


def _run_jobs(log: Path, jobs: list[Job], runners: dict[str, Runner], cache: JobCache | None) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        for descriptor in (1, 2):  # what TensorFlow prints knows nothing of Python's streams
            os.dup2(file.fileno(), descriptor)
        run_jobs(jobs, runners, cache=cache)
