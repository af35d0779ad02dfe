"""Parallel trials: KerasTuner's chief runs in this process, its workers run in separate processes.

The chief of KerasTuner waits forever for a worker that died, and loses its trial. Here a worker that dies is
replaced, its trial runs again, and the chief ends when the last worker ends.
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
# Set for workers on the same machine: id of the process with which they must end.
SUPERVISOR = "SER_FOP_SUPERVISOR"
CHIEF = "chief"
# After this many deaths at one trial, the trial counts as failed.
MOST_DEATHS = 3
_POLL_S = 0.5


def role() -> str:
    """Return the name of this process from KerasTuner's environment variables; empty if the search has one process."""
    return os.environ.get(NAME, "") if ADDRESS in os.environ else ""


def end_with_supervisor() -> None:
    """End this worker when the process that started it ends; otherwise it would wait an hour for the chief."""
    if SUPERVISOR in os.environ:
        threading.Thread(target=_watch, args=(int(os.environ[SUPERVISOR]),), daemon=True).start()


def _watch(supervisor: int) -> None:
    while os.getppid() == supervisor:
        time.sleep(_POLL_S)
    os._exit(1)


def wait_for_chief(sign: Path, *, seconds: float = 3600.0) -> None:
    """Wait until the chief has claimed the folder and written the inputs of the trials.

    Args:
        sign: File that the chief writes last.
        seconds: Time limit in seconds.

    Raises:
        InputError: If the file does not exist after that time.
    """
    end = time.monotonic() + seconds
    while not sign.exists():
        if time.monotonic() > end:
            raise InputError(
                f"expected a chief to start this search within {seconds / 60:.0f} minutes, but {sign} is missing."
                " Start the chief with the same --out."
            )
        time.sleep(_POLL_S)


def serve_as_chief(tuner: StageTuner, *, shutdown_s: float = 30.0, idle_s: float = 3600.0) -> None:
    """Propose trials to workers on other machines until none is left and every worker has been informed.

    Args:
        tuner: Tuner whose oracle proposes the trials.
        shutdown_s: After the last trial, seconds to wait for workers that have not been informed yet.
        idle_s: Seconds without a request and without a new file of a trial, after which all workers count as lost.

    Raises:
        InputError: If too many trials in a row failed, or all workers are lost.
    """
    oracle = tuner.oracle
    tuner.save()
    if _has_ended(oracle):
        return
    with _serving(oracle, f"{os.environ[ADDRESS]}:{os.environ[PORT]}") as (servicer, _):
        ended_at, active_at, seen = None, time.monotonic(), None
        while True:
            time.sleep(_POLL_S)
            _raise_oracle_error(oracle)
            ended = (servicer.stop_triggered or oracle.gave_up) and not oracle.ongoing_trials
            ended_at = (ended_at or time.monotonic()) if ended else None
            if ended and (not oracle.tuner_ids or time.monotonic() - ended_at > shutdown_s):
                break
            activity = (servicer.requests, _last_write_time(Path(tuner.project_dir)))
            if activity != seen:
                active_at, seen = time.monotonic(), activity
            if time.monotonic() - active_at > idle_s:
                raise InputError(
                    f"expected workers, but none sent a request or wrote a file for {idle_s / 60:.0f} minutes."
                    " Start workers and run the same command again: the search resumes."
                )
    if oracle.gave_up:
        raise InputError(oracle.gave_up)


def search_with_workers(tuner: StageTuner, command: list[str], *, workers: int, logs: Path) -> None:
    """Run a search with workers on this machine.

    Args:
        tuner: Tuner whose oracle proposes the trials.
        command: Command of a worker; its role is set in its environment.
        workers: Number of workers.
        logs: Folder for the output of the workers.

    Raises:
        InputError: If a worker dies repeatedly without a trial, or too many trials in a row failed.
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
                running[name] = _start_worker(command, name, port, log=logs / f"{name}.txt", workers=workers)
            while running:
                time.sleep(_POLL_S)
                _raise_oracle_error(oracle)
                for name in [name for name, process in running.items() if process.poll() is not None]:
                    status = running.pop(name).returncode
                    if status == 0 or oracle.gave_up:
                        continue
                    last = _last_line(logs / f"{name}.txt")
                    reason = f"its process died {MOST_DEATHS} times; the last line it printed was: {last}"
                    outcome = _retry_or_fail(oracle, name, deaths, reason)
                    if deaths[name] >= MOST_DEATHS:
                        raise InputError(
                            f"worker {name} died {MOST_DEATHS} times without a trial; the last line it printed was:"
                            f" {last}"
                        )
                    print(f"worker {name} died (status {status}) and is replaced; {outcome}.", flush=True)
                    running[name] = _start_worker(command, name, port, log=logs / f"{name}.txt", workers=workers)
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
    """Counts the requests, so that the chief notices when all workers are lost."""

    requests = 0

    def CreateTrial(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.requests += 1
        return super().CreateTrial(request, context)


@contextlib.contextmanager
def _serving(oracle: DurableOracle, address: str) -> Iterator[tuple[_Servicer, int]]:
    """Serve the oracle to workers.

    KerasTuner has neither authentication nor encryption, so the address should be private.
    """
    # By default two searches could listen on the same port and receive each other's workers.
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


def _start_worker(command: list[str], name: str, port: int, *, log: Path, workers: int) -> subprocess.Popen:
    environment = {**os.environ, ADDRESS: "127.0.0.1", PORT: str(port), NAME: name, SUPERVISOR: str(os.getpid())}
    environment["no_grpc_proxy"] = ",".join(filter(None, [environment.get("no_grpc_proxy"), "127.0.0.1"]))
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        environment.setdefault(variable, str(max(1, (os.cpu_count() or 1) // workers)))
    with log.open("ab") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=file)


def _has_ended(oracle: DurableOracle) -> bool:
    """Return whether no trial is left to propose; a trial that this check creates is proposed first."""
    trial = oracle.create_trial("probe")
    oracle.tuner_ids.discard("probe")
    if trial.status == "RUNNING":
        _requeue(oracle, "probe")
    return trial.status == "STOPPED" and not oracle.ongoing_trials


@keras_tuner.synchronized
def _requeue(oracle: DurableOracle, name: str) -> str:
    """Queue the trial of a worker to run again, and return its number; empty if the worker had no trial."""
    trial = oracle.ongoing_trials.pop(name, None)
    oracle.tuner_ids.discard(name)
    if trial is None:
        return ""
    oracle._retry_queue.append(trial.trial_id)
    oracle.save()
    return trial.trial_id


def _retry_or_fail(oracle: DurableOracle, name: str, deaths: Counter[str], reason: str) -> str:
    """Queue the trial of a dead worker again, or end it as failed after `MOST_DEATHS` deaths; return a message."""
    trial = oracle.ongoing_trials.get(name)
    key = f"trial {trial.trial_id}" if trial else name
    deaths[key] += 1
    if trial is None or deaths[key] < MOST_DEATHS:
        number = _requeue(oracle, name)
        return f"trial {number} runs again" if number else "it had no trial"
    failure_file = Path(oracle._get_trial_dir(trial.trial_id)) / FAILURE
    failure_file.write_text(reason + "\n", encoding="utf-8")
    trial.status = "FAILED"
    oracle.end_trial(trial)
    return f"trial {trial.trial_id} has failed: {reason}"


def _raise_oracle_error(oracle: DurableOracle) -> None:
    if oracle.broken is not None:
        raise oracle.broken


def _last_write_time(folder: Path) -> float:
    """Return the newest modification time of all files below a folder, in seconds since the epoch."""
    times = []
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            times.append(path.stat().st_mtime)
    return max(times, default=0.0)


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "(no output)"


def worker_command(config: Path) -> list[str]:
    """Return the command that starts a worker.

    Args:
        config: YAML file with the config of the search.
    """
    return [sys.executable, "-m", "ser_fop.pipelines.tune", "--config", str(config)]
