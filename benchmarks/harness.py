"""Comparative measurement: contenders in separate processes take turns, and ratios are computed per round.

Only ratios are meaningful, because the speed differs between machines, and on one machine from minute to minute.
Contenders never share a process (thread pools, allocators) and never run at the same time.
"""

import multiprocessing
import os
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_DIED = "its process died"


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One program to measure.

    Attributes:
        name: Name in the table.
        setup: Top-level function, called once in the contender's process, which also does the imports there. It
            returns a function without arguments that runs one round and returns its useful units, or a tuple of
            the units and their cost if the cost is not the time in seconds.
        options: Keyword arguments of `setup`.
        environment: Environment variables of the process.
        warmups: Number of rounds before the measured ones.
    """

    name: str
    setup: Callable[..., Callable[[], float]]
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    warmups: int = 1


@dataclass(kw_only=True)
class Measurement:
    """Measured figures of one contender.

    Attributes:
        name: Name of the contender.
        rates: Useful units per second (or per other cost), one per round.
        peak_gib: Sum of the peak resident memory of its process and of its worker processes, in GiB.
        missing: Reason why it was not measured; empty if it was.
    """

    name: str
    rates: list[float] = field(default_factory=list)
    peak_gib: float = 0.0
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One table: the first measurement is that of ser_fop, the others are those of its peers.

    Attributes:
        key: Short name, unique over all stages; the regression guard finds recorded ratios by it.
        title: Description of the compared work, with sizes.
        unit: Unit of the rates.
        measurements: Measurements in the order of the contenders.
        whole: Number of units whose time has its own column (the whole work, or one call); 0 for no column.
    """

    key: str
    title: str
    unit: str
    measurements: list[Measurement]
    whole: float = 0.0

    def ratios(self, peer: Measurement) -> list[float]:
        """Return the ratio of our rate to the peer's, for each round."""
        return [ours / theirs for ours, theirs in zip(self.measurements[0].rates, peer.rates, strict=False)]


def compare(
    key: str, title: str, contenders: Sequence[Contender], *, unit: str, rounds: int, whole: float = 0.0
) -> Comparison:
    """Measure contenders in turn.

    Args:
        key: Short name of the comparison.
        title: Description of the compared work.
        contenders: Contenders, with that of ser_fop first.
        unit: Unit of the rates.
        rounds: Number of measured rounds.
        whole: Number of units whose time the table also gives; 0 for none.
    """
    found = [Measurement(name=contender.name) for contender in contenders]
    lines: list[Connection] = []
    processes = []
    try:
        for contender, measurement in zip(contenders, found, strict=True):
            print(f"  {key}: setting up {contender.name}", file=sys.stderr, flush=True)
            line, process = _start(contender)
            lines.append(line)
            processes.append(process)
            measurement.missing = _receive(line)
        for _ in range(rounds):
            for line, measurement in zip(lines, found, strict=True):
                if not measurement.missing:
                    _measure(line, measurement)
    finally:
        for line in lines:
            line.close()
        for process in processes:
            # A process whose line is closed exits by itself, and stops its worker processes.
            process.join(timeout=30)
            process.kill()
    return Comparison(key=key, title=title, unit=unit, measurements=found, whole=whole)


def _start(contender: Contender) -> tuple[Connection, multiprocessing.Process]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # A daemon process may not start worker processes, which some contenders need.
    process = context.Process(target=_serve, args=(theirs, contender))
    process.start()
    theirs.close()
    return ours, process


def _measure(line: Connection, measurement: Measurement) -> None:
    """Run one round of one contender."""
    try:
        line.send("run")
        answer = _receive(line)
    except OSError:
        answer = _DIED
    if isinstance(answer, str):
        measurement.missing = answer
        return
    units, cost, measurement.peak_gib = answer
    measurement.rates.append(units / cost)


def _receive(line: Connection) -> Any:
    try:
        return line.recv()
    except EOFError:
        return _DIED


def _serve(line: Connection, contender: Contender) -> None:
    """Set a contender up in this process, then run a round for every message of the parent process."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1", "KERAS_BACKEND": "tensorflow"}
    os.environ.update({**quiet, **contender.environment})
    sys.stdout = sys.stderr  # only tables go to standard output
    try:
        run = contender.setup(**contender.options)
        for _ in range(contender.warmups):
            run()
        line.send("")
        while line.recv():
            started = time.perf_counter()
            answer = run()
            seconds = time.perf_counter() - started
            units, cost = answer if isinstance(answer, tuple) else (answer, seconds)
            line.send((units, cost, peak_gib()))
    except EOFError:
        return
    except ImportError as error:
        line.send(f"not installed: {error.name}")
    except Exception as error:
        traceback.print_exc()
        line.send(f"{type(error).__name__}: {error}")


def peak_gib() -> float:
    """Return the sum of the peak resident memory of this process and of its workers, in GiB."""
    peaks = []
    for pid in (os.getpid(), *(worker.pid for worker in multiprocessing.active_children())):
        status = Path(f"/proc/{pid}/status")
        lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
        peaks += [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return sum(peaks) / 2**20


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, minimum and maximum of the values."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
