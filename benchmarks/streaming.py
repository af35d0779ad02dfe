"""Cost of streams: `python -m benchmarks.streaming [MODEL] [--hours 2] [--streams 30 50] [--seconds 60] [--record]`.

MODEL is a causal model: an export or a published one. The measurements: the start of `ser-fop stream`, with the time to
its first line and how much speech its first answer needs; one stream in one process, by the size of its chunks and by
runtime; an endless stream, with its memory and its time per second of audio; many WebSocket streams in real time
against `ser-fop serve`, whose clients share the cores of this machine; and twice as many connections as it accepts.
"""

import argparse
import asyncio
import functools
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.serving import resident_mb, wait_for_server
from ser_fop.config.streaming import DEFAULT_STREAM_MODEL, StreamSettings
from ser_fop.corpora.audio import read_audio
from ser_fop.hub.model_paths import resolve_model_path
from ser_fop.streaming.streaming_recogniser import StreamingRecogniser
from ser_fop.utils.run_folder import machine, versions

RESULTS = Path(__file__).parent / "streaming.json"
_RATE_HZ = 16000
_CHUNK_S = 0.1
_RUNTIMES = ("onnx", "tensorflow")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the figures. TensorFlow has one thread here, as in `ser-fop stream`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", default=DEFAULT_STREAM_MODEL)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--streams", type=int, nargs="+", default=[30, 50])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--record", action="store_true", help=f"store the figures in {RESULTS.name}")
    options = parser.parse_args(arguments)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    found: dict[str, Any] = {"start": [_start(options.model, runtime) for runtime in _RUNTIMES]}
    for one in found["start"]:
        print(
            "{runtime}: first line after {first_line_s:.2f} s, first emotion after {heard_s:.2f} s of sound".format(
                **one
            )
        )
    found["chunks"] = [_one_stream(options.model, *way) for way in itertools.product(_RUNTIMES, (10, 40, 100, 1000))]
    for one in found["chunks"]:
        print(
            f"{one['runtime']}, chunks of {one['chunk_ms']} ms: {one['ms_per_hop']:.3f} ms per 10 ms, p99 of a chunk"
            f" {one['p99_ms']:.2f} ms, real-time factor {one['real_time_factor']:.4f}"
        )
    found["endless"] = _endless(options.model, options.hours)
    for one in found["endless"]:
        print(f"after {one['hours']:.2f} h: {one['ms_per_s']:.2f} ms per second of audio, {one['mb']:.0f} MB")
    found["sockets"] = [_sockets(options.model, streams, options.seconds) for streams in options.streams]
    for one in found["sockets"]:
        print(
            "{streams} streams: {answers} answers, {missing} missing, p50 {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms".format(
                **one
            )
        )
    found["crowd"] = _with_server(options.model, 50, functools.partial(_crowd, connections=100))
    print(
        "{connections} connections at once, 50 allowed: {answered} answered, {refused} told to wait".format(
            **found["crowd"]
        )
    )
    if options.record:
        text = json.dumps({**found, "machine": machine(), "versions": versions()}, indent=1)
        RESULTS.write_text(text + "\n", encoding="utf-8")


def _speech(seconds: float) -> np.ndarray:
    """Return the package's recordings, one after another and repeated, (samples,)."""
    import ser_fop

    parts = [read_audio(ser_fop.sample(name), sample_rate_hz=_RATE_HZ) for name in ("angry", "sad", "happy", "neutral")]
    return np.resize(np.concatenate(parts), round(seconds * _RATE_HZ)).astype(np.float32)


def _start(model: str, runtime: str) -> dict[str, Any]:
    """Return the time to the first line of `ser-fop stream`, the median of five, and when its first emotion came."""
    import ser_fop

    command = [sys.executable, "-m", "ser_fop.pipelines.stream", str(ser_fop.sample("happy")), "--json"]
    command += ["--model", model, "--runtime", runtime]
    times, lines = [], []
    for _ in range(5):
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            lines = [process.stdout.readline()]
            times.append(time.perf_counter() - started)
            lines += process.stdout.readlines()
    answers = [json.loads(line) for line in lines]
    heard_s = next(answer["end_s"] for answer in answers if answer.get("emotion"))
    return {"runtime": runtime, "first_line_s": statistics.median(times), "heard_s": heard_s}


def _one_stream(model: str, runtime: str, chunk_ms: int) -> dict[str, Any]:
    recogniser, samples = StreamingRecogniser.load(model, runtime=runtime), _speech(20.0)
    size = round(_RATE_HZ * chunk_ms / 1000)
    recogniser.push(samples)  # traces
    recogniser.reset()
    times = []
    for first in range(0, len(samples), size):
        started = time.perf_counter()
        recogniser.push(samples[first : first + size])
        times.append(time.perf_counter() - started)
    seconds = len(samples) / _RATE_HZ
    return {
        "runtime": runtime,
        "chunk_ms": chunk_ms,
        "ms_per_hop": 1000 * sum(times) / (100 * seconds),
        "p99_ms": 1000 * statistics.quantiles(times, n=100)[98] if len(times) > 1 else 1000 * times[0],
        "real_time_factor": sum(times) / seconds,
    }


def _endless(model: str, hours: float) -> list[dict[str, float]]:
    """Push hours of speech with pauses, and return cost and memory at ten times."""
    recogniser = StreamingRecogniser.load(model, StreamSettings(pause_s=0.8))
    block, size = _speech(60.0), round(_CHUNK_S * _RATE_HZ)
    block[-2 * _RATE_HZ :] *= 1e-3
    found = []
    for tenth in range(1, 11):
        started, minutes = time.perf_counter(), max(1, round(6 * hours))
        for _ in range(minutes):
            for first in range(0, len(block), size):
                recogniser.push(block[first : first + size])
        cost = (time.perf_counter() - started) / (60 * minutes)
        found.append({"hours": tenth * minutes / 60, "ms_per_s": 1000 * cost, "mb": resident_mb(os.getpid())})
    return found


def _sockets(model: str, streams: int, seconds: float) -> dict[str, float]:
    """Return how quickly a server answers many streams in real time."""
    return _with_server(model, streams, functools.partial(_all_streams, streams=streams, seconds=seconds))


def _with_server(model: str, streams: int, measure: Callable[[int], Coroutine[Any, Any, Any]]) -> Any:
    """Start a server that allows so many streams, and return what a measurement at its port gives."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = resolve_model_path(Path(model))
    command = [sys.executable, "-m", "ser_fop.pipelines.serve", f"model={folder}", "--port", str(port)]
    # A step is too small for several threads: two streams side by side use two cores better.
    one_thread = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    process = subprocess.Popen(
        [*command, "--max-streams", str(streams)], stdout=subprocess.DEVNULL, env={**os.environ, **one_thread}
    )
    try:
        wait_for_server(port)
        return asyncio.run(measure(port))
    finally:
        process.terminate()
        process.wait(30)


async def _crowd(port: int, connections: int) -> dict[str, int]:
    """Open many connections at once, and return how many were answered, and how many were told to wait."""
    import websockets

    samples = (_speech(1.0) * 2**15).astype("<i2").tobytes()
    everyone_came = asyncio.Barrier(connections)

    async def visit() -> str:
        address = f"ws://127.0.0.1:{port}/v1/models/model:stream"
        async with websockets.connect(address, ping_interval=None, open_timeout=60) as connection:
            await everyone_came.wait()
            texts = []
            try:
                await connection.send(samples)
                await connection.send("end")
            except websockets.ConnectionClosed:
                pass
            try:
                async for text in connection:
                    texts.append(text)
            except websockets.ConnectionClosed:
                pass
            return texts[-1] if texts else ""

    last = await asyncio.gather(*(visit() for _ in range(connections)))
    return {
        "connections": connections,
        "answered": sum('"is_final"' in text for text in last),
        "refused": sum("try again later" in text for text in last),
    }


async def _all_streams(port: int, streams: int, seconds: float) -> dict[str, float]:
    speech = (_speech(seconds) * 2**15).astype("<i2")
    waiting: list[float] = []
    await _stream(port, speech[: 5 * _RATE_HZ], 0.0, [])  # traces the graph
    sent = await asyncio.gather(
        *(_stream(port, speech, number / streams * _CHUNK_S, waiting) for number in range(streams))
    )
    hundredths = statistics.quantiles(waiting, n=100)
    return {
        "streams": streams,
        "seconds": seconds,
        "answers": len(waiting),
        "missing": sum(sent) - len(waiting),
        "p50_ms": 1000 * hundredths[49],
        "p99_ms": 1000 * hundredths[98],
    }


async def _stream(port: int, samples: np.ndarray, delay_s: float, waiting: list[float]) -> int:
    """Send a chunk each 0.1 s by the clock; note the time from each chunk to its answer. Return the number of chunks."""
    import websockets

    size, count = round(_CHUNK_S * _RATE_HZ), 0
    address = f"ws://127.0.0.1:{port}/v1/models/model:stream"
    async with websockets.connect(address, ping_interval=None) as connection:
        await asyncio.sleep(delay_s)
        started = time.perf_counter()
        sent_at: list[float] = []

        async def receive() -> None:
            async for text in connection:
                if '"is_final"' not in text:
                    waiting.append(time.perf_counter() - sent_at[len(received)])
                    received.append(1)

        received: list[int] = []
        receiver = asyncio.create_task(receive())
        for first in range(0, len(samples), size):
            pause_s = started + count * _CHUNK_S - time.perf_counter()
            await asyncio.sleep(max(0.0, pause_s))
            sent_at.append(time.perf_counter())
            await connection.send(samples[first : first + size].tobytes())
            count += 1
        await connection.send("end")
        await receiver
    return count


if __name__ == "__main__":
    main()
