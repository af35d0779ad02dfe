"""Side-by-side measurement: contenders in processes of their own take turns, and ratios are taken round by round.

These figures are only worth something as ratios: machines differ, and one machine differs from minute to minute.
A contender never shares a process (thread pools, allocators) with another, and never runs while another does.
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
        name: Its name in the table.
        setup: Top-level function of `options`; called once in the contender's own process, imports included. It
            returns a function without arguments that does one round and returns the useful units of it; or those
            and what they cost, where that is something else than seconds.
        options: What `setup` is called with.
        environment: Environment variables of its process.
        warmups: Rounds that are not counted.
    """

    name: str
    setup: Callable[..., Callable[[], float]]
    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    warmups: int = 1


@dataclass(kw_only=True)
class Measurement:
    """What was measured of one contender.

    Attributes:
        name: Its name.
        rates: Useful units per second (or what else they cost), one a round.
        peak_gib: Largest resident memory of its process, and of each process that works for it, added up.
        missing: Why it was not measured; empty if it was.
    """

    name: str
    rates: list[float] = field(default_factory=list)
    peak_gib: float = 0.0
    missing: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One table: the first measurement is ours, the others are peers.

    Attributes:
        key: Short name, unique over all stages: the regression guard looks ratios up by it.
        title: What was compared, with sizes.
        unit: Unit of the rates.
        measurements: In the order of the contenders.
        whole: Units whose time is worth a column of its own (the whole work, or one call); 0 for none.
    """

    key: str
    title: str
    unit: str
    measurements: list[Measurement]
    whole: float = 0.0

    def ratios(self, peer: Measurement) -> list[float]:
        """Return our rate over the peer's, round by round."""
        return [ours / theirs for ours, theirs in zip(self.measurements[0].rates, peer.rates, strict=False)]


def compare(
    key: str, title: str, contenders: Sequence[Contender], *, unit: str, rounds: int, whole: float = 0.0
) -> Comparison:
    """Measure contenders in turn.

    Args:
        key: Short name of the comparison.
        title: What is compared.
        contenders: Ours first.
        unit: Unit of the rates.
        rounds: Rounds that count.
        whole: Units whose time the table gives too; 0 for none.
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
            measurement.missing = _answer(line)
        for _ in range(rounds):
            for line, measurement in zip(lines, found, strict=True):
                if not measurement.missing:
                    _measure(line, measurement)
    finally:
        for line in lines:
            line.close()
        for process in processes:
            # One that is told so ends by itself, and ends the processes that work for it.
            process.join(timeout=30)
            process.kill()
    return Comparison(key=key, title=title, unit=unit, measurements=found, whole=whole)


def _start(contender: Contender) -> tuple[Connection, multiprocessing.Process]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # No daemon: those may not have worker processes of their own, and some contenders need them.
    process = context.Process(target=_serve, args=(theirs, contender))
    process.start()
    theirs.close()
    return ours, process


def _measure(line: Connection, measurement: Measurement) -> None:
    """Let one contender do one round."""
    try:
        line.send("run")
        answer = _answer(line)
    except OSError:
        answer = _DIED
    if isinstance(answer, str):
        measurement.missing = answer
        return
    units, cost, measurement.peak_gib = answer
    measurement.rates.append(units / cost)


def _answer(line: Connection) -> Any:
    try:
        return line.recv()
    except EOFError:
        return _DIED


def _serve(line: Connection, contender: Contender) -> None:
    """Set a contender up in this process, then run it whenever the other end says so."""
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1", "KERAS_BACKEND": "tensorflow"}
    os.environ.update({**quiet, **contender.environment})
    sys.stdout = sys.stderr  # tables alone go to the standard output
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
    """Return the largest resident memory of this process and of its workers, added up."""
    peaks = []
    for pid in (os.getpid(), *(worker.pid for worker in multiprocessing.active_children())):
        status = Path(f"/proc/{pid}/status")
        lines = status.read_text(encoding="utf-8").splitlines() if status.exists() else []
        peaks += [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return sum(peaks) / 2**20


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, smallest and largest value."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}
