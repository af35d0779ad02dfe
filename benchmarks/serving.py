"""Load test of `ser-fop serve`, with and without batching: `python -m benchmarks.serving MODELS [--clients 50] [--record]`.

MODELS is a folder of `ser-fop export`. Each client keeps its own connection and sends the next request as soon as it has
the response, with sounds of 1 to 6 s as rows of numbers. The clients and the server share the cores of this machine.
"""

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from ser_fop.utils.run_folder import machine, versions

RESULTS = Path(__file__).parent / "serving.json"
_RATE_HZ = 16000


def main() -> None:
    """Measure, and print one line for each batch size and number of clients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--record", action="store_true", help=f"store the figures in {RESULTS.name}")
    options = parser.parse_args()
    bodies = _bodies()
    found = [
        {"batch": batch, "clients": clients, **_measured(options.models, bodies, batch, clients, options.seconds)}
        for clients in (1, options.clients)
        for batch in (1, 16)
    ]
    print("| batch | clients | answers / s | p50, ms | p95, ms | p99, ms | errors | memory, MB: warm, end |")
    print("|---|---|---|---|---|---|---|---|")
    for one in found:
        latency = " | ".join(f"{one[key]:.0f}" for key in ("p50_ms", "p95_ms", "p99_ms"))
        memory = f"{one['warm_mb']:.0f}, {one['end_mb']:.0f}"
        print(
            f"| {one['batch']} | {one['clients']} | {one['answers_per_s']:.1f} | {latency} | {one['errors']} | {memory} |"
        )
    if options.record:
        results = {"seconds": options.seconds, "machine": machine(), "versions": versions(), "measured": found}
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _bodies() -> list[bytes]:
    generator = np.random.default_rng(0)
    sounds = [0.1 * generator.normal(size=round(_RATE_HZ * seconds)) for seconds in np.linspace(1.0, 6.0, 16)]
    return [
        json.dumps({"instances": [{"waveform": np.round(sound, 5).tolist(), "length": len(sound)}]}).encode()
        for sound in sounds
    ]


def _measured(models: Path, bodies: list[bytes], batch: int, clients: int, seconds: float) -> dict[str, Any]:
    """Start a server in its own process and return its figures under load."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "ser_fop.pipelines.serve", f"model={models}", "--port", str(port)]
    process = subprocess.Popen([*command, "--batch", str(batch)], stdout=subprocess.DEVNULL)
    try:
        wait_for_server(port)
        _load(port, bodies, clients, seconds / 4)  # memory grows during the first calls
        warm = resident_mb(process.pid)
        latencies, errors, lasted = _load(port, bodies, clients, seconds)
        end = resident_mb(process.pid)
    finally:
        process.terminate()
        process.wait(30)
    hundredths = statistics.quantiles(latencies, n=100)
    return {
        "answers_per_s": len(latencies) / lasted,
        **{f"p{share}_ms": 1000 * hundredths[share - 1] for share in (50, 95, 99)},
        "errors": errors,
        "warm_mb": warm,
        "end_mb": end,
    }


def _load(port: int, bodies: list[bytes], clients: int, seconds: float) -> tuple[list[float], int, float]:
    """Send requests for some time; return the seconds of each response, the number of errors, and the total seconds."""
    latencies: list[float] = []
    errors = 0
    until = time.monotonic() + seconds

    def one(number: int) -> None:
        nonlocal errors
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        turn = number
        while time.monotonic() < until:
            started = time.perf_counter()
            connection.request("POST", "/v1/models/model:predict", bodies[turn % len(bodies)])
            answer = connection.getresponse()
            content = answer.read()
            if answer.status == 200 and b"scores" in content:
                latencies.append(time.perf_counter() - started)
            else:
                errors += 1
            turn += 1

    load_started = time.monotonic()
    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies, errors, time.monotonic() - load_started


def wait_for_server(port: int) -> None:
    """Wait until the server is healthy."""
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("expected the server to start within a minute; it did not.")


def resident_mb(pid: int) -> float:
    """Return the memory of a process, in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1000


if __name__ == "__main__":
    main()
