"""Several trials at once: KerasTuner's chief in this process, its workers in processes of their own.

KerasTuner's own chief waits for ever for a worker that died, and loses its trial. Here a worker that ends badly is
replaced, its trial run again, and the chief ends with the last worker.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import keras_tuner
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from ser_fop.errors import InputError
from ser_fop.tuning.stage_tuner import StageTuner

ADDRESS, PORT, NAME = "KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID"
# Set for workers on the same machine: the process without which they must not go on.
SUPERVISOR = "SER_FOP_SUPERVISOR"
CHIEF = "chief"
# One that dies so often in a row will not do better the next time.
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


def serve_as_chief(tuner: StageTuner, *, wait_s: float = 30.0) -> None:
    """Propose trials to workers on other machines until none is left and all have been told.

    Args:
        tuner: Whose oracle proposes.
        wait_s: Seconds in which a worker that is at no trial must ask again, or counts as gone.
    """
    address = f"{os.environ[ADDRESS]}:{os.environ[PORT]}"
    oracle = tuner.oracle
    tuner.save()
    with _serving(oracle, address) as servicer:
        idle_since = None
        while True:
            time.sleep(_ASK_S)
            waiting = servicer.stop_triggered and not oracle.ongoing_trials
            idle_since = (idle_since or time.monotonic()) if waiting else None
            if waiting and (not oracle.tuner_ids or time.monotonic() - idle_since > wait_s):
                return


def search_with_workers(tuner: StageTuner, command: list[str], *, workers: int, logs: Path) -> None:
    """Run a search with workers on this machine.

    Args:
        tuner: Whose oracle proposes.
        command: The command of a worker; what it is, its environment says.
        workers: How many.
        logs: Folder for what they print.

    Raises:
        InputError: If one worker died three times in a row, or trial after trial failed.
    """
    logs.mkdir(parents=True, exist_ok=True)
    oracle, port = tuner.oracle, _free_port()
    tuner.save()
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    deaths: dict[str, int] = {}
    running: dict[str, subprocess.Popen] = {}

    def start(name: str) -> None:
        environment = {**os.environ, ADDRESS: "127.0.0.1", PORT: str(port), NAME: name, SUPERVISOR: str(os.getpid())}
        for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
            environment.setdefault(variable, threads)
        with (logs / f"{name}.txt").open("ab") as log:
            running[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    with _serving(oracle, f"127.0.0.1:{port}"):
        try:
            for number in range(workers):
                start(f"tuner{number}")
            trials_before = dict.fromkeys(running, 0)
            while running:
                time.sleep(_ASK_S)
                for name, process in list(running.items()):
                    status = process.poll()
                    if status is None:
                        continue
                    del running[name]
                    if status == 0:
                        continue
                    ended = len(oracle.end_order)
                    deaths[name] = deaths.get(name, 0) + 1 if ended == trials_before[name] else 1
                    trials_before[name] = ended
                    again = _taken_back(oracle, name)
                    _require_successes(oracle)
                    if deaths[name] >= MOST_DEATHS:
                        raise InputError(
                            f"worker {name} died {deaths[name]} times in a row, the last with status {status}:"
                            f" {_last_line(logs / f'{name}.txt')}. The same command goes on from what is finished."
                        )
                    what = f"trial {again} is run again" if again else "it was at no trial"
                    print(f"worker {name} died (status {status}) and is replaced; {what}.", flush=True)
                    start(name)
        finally:
            for process in running.values():
                process.terminate()
            for process in running.values():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=30)
                process.kill()
            tuner.save()


@contextlib.contextmanager
def _serving(oracle: keras_tuner.Oracle, address: str) -> Iterator[OracleServicer]:
    """Answer workers; KerasTuner knows neither users nor encryption, so the address should be a private one."""
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    servicer = OracleServicer(oracle)
    protos.get_service_grpc().add_OracleServicer_to_server(servicer, server)
    try:
        bound = server.add_insecure_port(address)
    except RuntimeError as error:
        raise InputError(f"{ADDRESS} and {PORT} expected an address of this machine, received {address}.") from error
    if not bound:
        raise InputError(f"{ADDRESS} and {PORT} expected an address of this machine, received {address}.")
    server.start()
    try:
        yield servicer
    finally:
        server.stop(grace=1.0).wait()


@keras_tuner.synchronized
def _taken_back(oracle: keras_tuner.Oracle, name: str) -> str:
    """Put a dead worker's trial first in line, and return its number; empty if it had none."""
    trial: Any = oracle.ongoing_trials.pop(name, None)
    oracle.tuner_ids.discard(name)
    if trial is None:
        return ""
    oracle._retry_queue.append(trial.trial_id)
    oracle.save()
    return trial.trial_id


def _require_successes(oracle: keras_tuner.Oracle) -> None:
    """Raise `InputError` where KerasTuner gave up, which its workers take for a broken connection."""
    last = [oracle.trials[trial] for trial in oracle.end_order][-oracle.max_consecutive_failed_trials :]
    if len(last) == oracle.max_consecutive_failed_trials and all(trial.status == "FAILED" for trial in last):
        reason = ((last[-1].message or "").strip().splitlines() or ["nothing was said"])[-1]
        raise InputError(f"{len(last)} trials in a row failed, the last with: {reason}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing was printed"


def worker_command(config: Path) -> list[str]:
    """Return the command of a worker.

    Args:
        config: The search's config as YAML.
    """
    return [sys.executable, "-m", "ser_fop.pipelines.tune", "--config", str(config)]
