"""Several trials at once: KerasTuner's chief in this process, its workers in processes of their own.

KerasTuner's own chief waits for ever for a worker that died, and loses its trial. Here a worker that ends badly is
replaced, its trial run again, and the chief ends with the last worker.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import keras_tuner
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from ser_fop.errors import InputError
from ser_fop.tuning.durable_oracle import FAILURE, DurableOracle
from ser_fop.tuning.stage_tuner import StageTuner

ADDRESS, PORT, NAME = "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID"
# Set for workers on the same machine: the process without which they must not go on.
SUPERVISOR = "SER_FOP_SUPERVISOR"
CHIEF = "chief"
# What dies so often will not do better the next time.
MOST_DEATHS = 3
_ASK_S = 0.5


def role() -> str:
    """Return this process's name in a search over several, as KerasTuner's variables say; empty for a search of its own."""
    return os.environ.get(NAME, "") if ADDRESS in os.environ else ""


def end_with_supervisor() -> None:
    """Let a worker end with the process that started it: by itself it would wait an hour for a chief that is gone."""
    if SUPERVISOR in os.environ:
        threading.Thread(target=_watch, args=(int(os.environ[SUPERVISOR]),), daemon=True).start()


def _watch(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(_ASK_S)
    os._exit(1)


def wait_for_chief(sign: Path, *, seconds: float = 3600.0) -> None:
    """Wait until the chief has claimed the folder and written what trials need.

    Args:
        sign: The file that it writes last.
        seconds: How long.

    Raises:
        InputError: If it does not come.
    """
    end = time.monotonic() + seconds
    while not sign.exists():
        if time.monotonic() > end:
            raise InputError(f"no chief has begun this search in {seconds / 60:.0f} minutes ({sign} is missing).")
        time.sleep(_ASK_S)


def serve_as_chief(tuner: StageTuner, *, told_s: float = 30.0, quiet_s: float = 3600.0) -> None:
    """Propose trials to workers on other machines until none is left and every worker knows it.

    Args:
        tuner: Whose oracle proposes.
        told_s: Seconds in which a worker that is at no trial must ask again, or counts as gone.
        quiet_s: Seconds without a question, and without a file written by a trial, after which nobody is there.

    Raises:
        InputError: If trial after trial failed, or all workers are gone.
    """
    oracle = tuner.oracle
    tuner.save()
    if _has_ended(oracle):
        return
    with _serving(oracle, f"{os.environ[ADDRESS]}:{os.environ[PORT]}") as (servicer, _):
        ended_at, stirred_at, seen = None, time.monotonic(), None
        while True:
            time.sleep(_ASK_S)
            _raise_what_broke(oracle)
            ended = (servicer.stop_triggered or oracle.gave_up) and not oracle.ongoing_trials
            ended_at = (ended_at or time.monotonic()) if ended else None
            if ended and (not oracle.tuner_ids or time.monotonic() - ended_at > told_s):
                break
            stirring = (servicer.calls, _newest(Path(tuner.project_dir)))
            if stirring != seen:
                stirred_at, seen = time.monotonic(), stirring
            if time.monotonic() - stirred_at > quiet_s:
                raise InputError(
                    f"no worker has asked or written anything for {quiet_s / 60:.0f} minutes. Start workers, and the same"
                    " command goes on."
                )
    if oracle.gave_up:
        raise InputError(oracle.gave_up)


def search_with_workers(tuner: StageTuner, command: list[str], *, workers: int, logs: Path) -> None:
    """Run a search with workers on this machine.

    Args:
        tuner: Whose oracle proposes.
        command: The command of a worker; what it is, its environment says.
        workers: How many.
        logs: Folder for what they print.

    Raises:
        InputError: If a worker cannot work at all, or trial after trial failed.
    """
    logs.mkdir(parents=True, exist_ok=True)
    oracle = tuner.oracle
    tuner.save()
    if _has_ended(oracle):
        return
    deaths: Counter[str] = Counter()
    running: dict[str, subprocess.Popen] = {}
    with _serving(oracle, "127.0.0.1:0") as (_, port):
        try:
            for number in range(workers):
                name = f"tuner{number}"
                running[name] = _started(command, name, port, log=logs / f"{name}.txt", of=workers)
            while running:
                time.sleep(_ASK_S)
                _raise_what_broke(oracle)
                for name in [name for name, process in running.items() if process.poll() is not None]:
                    status = running.pop(name).returncode
                    if status == 0 or oracle.gave_up:
                        continue
                    last = _last_line(logs / f"{name}.txt")
                    what = _taken_back(
                        oracle, name, deaths, f"its process died {MOST_DEATHS} times, the last with: {last}"
                    )
                    if deaths[name] >= MOST_DEATHS:
                        raise InputError(f"worker {name} died {MOST_DEATHS} times at no trial, the last with: {last}")
                    print(f"worker {name} died (status {status}) and is replaced; {what}.", flush=True)
                    running[name] = _started(command, name, port, log=logs / f"{name}.txt", of=workers)
        finally:
            for process in running.values():
                process.terminate()
            for process in running.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=30)
                process.kill()
            oracle.save()
    if oracle.gave_up:
        raise InputError(oracle.gave_up)


class _Servicer(OracleServicer):
    """Counts the questions, so that silence is noticed."""

    calls = 0

    def CreateTrial(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.calls += 1
        return super().CreateTrial(request, context)


@contextlib.contextmanager
def _serving(oracle: DurableOracle, address: str) -> Iterator[tuple[_Servicer, int]]:
    """Answer workers; KerasTuner knows neither users nor encryption, so the address should be a private one."""
    # Without the option two searches may share a port, and each other's workers.
    server = grpc.server(ThreadPoolExecutor(max_workers=1), options=(("grpc.so_reuseport", 0),))
    servicer = _Servicer(oracle)
    protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        port = 0
    if not port:
        raise InputError(f"{ADDRESS} and {PORT} expected a free address of this machine, received {address}.")
    server.start()
    try:
        yield servicer, port
    finally:
        server.stop(grace=1.0).wait()


def _started(command: list[str], name: str, port: int, *, log: Path, of: int) -> subprocess.Popen:
    environment = {**os.environ, ADDRESS: "127.0.0.1", PORT: str(port), NAME: name, SUPERVISOR: str(os.getpid())}
    environment["no_grpc_proxy"] = ",".join(filter(None, [environment.get("no_grpc_proxy"), "127.0.0.1"]))
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment.setdefault(variable, str(max(1, (os.cpu_count() or 1) // of)))
    with log.open("ab") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=file)


def _has_ended(oracle: DurableOracle) -> bool:
    """Tell whether there is no trial left to propose; one that is left will be proposed first."""
    trial = oracle.create_trial("probe")
    oracle.tuner_ids.discard("probe")
    if trial.status == "RUNNING":
        _again(oracle, "probe")
    return trial.status == "STOPPED" and not oracle.ongoing_trials


@keras_tuner.synchronized
def _again(oracle: DurableOracle, name: str) -> str:
    """Put the trial of a worker first in line, and return its number; empty if it had none."""
    trial = oracle.ongoing_trials.pop(name, None)
    oracle.tuner_ids.discard(name)
    if trial is None:
        return ""
    oracle._retry_queue.append(trial.trial_id)
    oracle.save()
    return trial.trial_id


def _taken_back(oracle: DurableOracle, name: str, deaths: Counter[str], reason: str) -> str:
    """Let a dead worker's trial be run again, or, where it killed process after process, end it as failed."""
    trial = oracle.ongoing_trials.get(name)
    key = f"trial {trial.trial_id}" if trial else name
    deaths[key] += 1
    if trial is None or deaths[key] < MOST_DEATHS:
        again = _again(oracle, name)
        return f"trial {again} is run again" if again else "it was at no trial"
    told = Path(oracle._get_trial_dir(trial.trial_id)) / FAILURE
    told.write_text(reason + "\n", encoding="utf-8")
    trial.status = "FAILED"
    oracle.end_trial(trial)
    return f"trial {trial.trial_id} has failed: {reason}"


def _raise_what_broke(oracle: DurableOracle) -> None:
    if oracle.broken is not None:
        raise oracle.broken


def _newest(folder: Path) -> float:
    """Return when a file below a folder was last written."""
    times = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times, default=0.0)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing was printed"


def worker_command(config: Path) -> list[str]:
    """Return the command of a worker.

    Args:
        config: The search's config as YAML.
    """
    return [sys.executable, "-m", "ser_fop.pipelines.tune", "--config", str(config)]
