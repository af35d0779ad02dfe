"""WebSocket of a stream: binary PCM comes in, JSON answers go out.

A client connects to `/v1/models/NAME[/versions/V | /labels/L]:stream`, sends binary messages of mono PCM of any length,
and receives a JSON text for each message that completes a step, and for each final answer. The text `end` asks for the
final answer; the server then closes the connection. Query: `encoding` (`pcm16` or `float32`), `pause_s`, `forget_s`.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from ser_fop.config.streaming import LONGEST_S, StreamSettings
from ser_fop.errors import InputError
from ser_fop.hub.networks import load_network
from ser_fop.serving.errors import RequestError
from ser_fop.serving.models import ServedVersion
from ser_fop.serving.wire import orjson
from ser_fop.streaming.stream_slots import StreamSlots
from ser_fop.streaming.stream_step import StreamStep
from ser_fop.streaming.streamable import check_recogniser
from ser_fop.streaming.streaming_encoder import StreamingEncoder
from ser_fop.streaming.streaming_recogniser import StreamAnswer, StreamingRecogniser
from ser_fop.streaming.writing import to_json

if TYPE_CHECKING:
    from ser_fop.serving.app import Server

END = "end"
_ADDRESS = re.compile(r"([^/:]+)(?:/versions/(\d{1,18})|/labels/([^/:]+))?:stream", re.ASCII)
# Codes of RFC 6455: the normal end, a broken rule, a fault of the server, and a server that is busy.
_NORMAL, _REFUSED, _FAULT, _BUSY = 1000, 1008, 1011, 1013
_ENCODINGS: dict[str, tuple[str, float]] = {"pcm16": ("<i2", 2.0**15), "float32": ("<f4", 1.0)}


class StreamSockets:
    """The open streams of a server.

    The streams of a model take their steps together. A stream is read only when its last message was answered, so that
    a client that sends too fast has to wait.

    Args:
        server: The server; its limits apply.
    """

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._open = 0
        self._slots: dict[int, StreamSlots] = {}
        self._lock = threading.Lock()
        # One for each stream: they wait for common steps most of the time.
        self._pool = ThreadPoolExecutor(max(1, server.limits.streams), thread_name_prefix="stream")

    async def serve(self, socket: WebSocket, address: str) -> None:
        """Answer one stream until it ends, breaks a rule, or its client vanishes."""
        await socket.accept()
        if self._open >= self._server.limits.streams:
            most = self._server.limits.streams
            await _refuse(socket, _BUSY, f"the server has {most} streams, its maximum: try again later")
            return
        self._open += 1
        self._server.monitoring.streams.set(self._open)
        try:
            await self._answer(socket, address)
        except (InputError, RequestError) as error:
            await _refuse(socket, _REFUSED, getattr(error, "message", str(error)))
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            await _refuse(socket, _REFUSED, "the answers were not read in time")
        except Exception as error:  # a fault of ours: the client hears of it, and the log gets the traceback
            await _refuse(socket, _FAULT, f"internal server error: {type(error).__name__}")
            raise
        finally:
            self._open -= 1
            self._server.monitoring.streams.set(self._open)

    async def _answer(self, socket: WebSocket, address: str) -> None:
        _check_origin(socket)
        match = _ADDRESS.fullmatch(address)
        if match is None:
            raise RequestError(
                400, f"expected /v1/models/NAME[/versions/V | /labels/L]:stream, received {address[:200]!r}"
            )
        _, version = self._server.find(*match.groups())
        settings, encoding = _settings(socket.query_params, detect_speech=self._server.limits.detect_speech)
        check_recogniser(version.spec)
        slots = await self._run(self._slots_of, version)
        states = slots.open()
        try:
            recogniser = await self._run(StreamingRecogniser, slots.step, settings, states)
            await self._exchange(socket, recogniser, encoding)
        finally:
            states.close()

    async def _exchange(self, socket: WebSocket, recogniser: StreamingRecogniser, encoding: str) -> None:
        """Read samples and send answers until the client ends the stream."""
        max_bytes = self._server.limits.stream_message_bytes
        while (content := await self._receive(socket)) is not None:
            samples = _samples(content, encoding, max_bytes=max_bytes)
            answers = await self._run(recogniser.push, samples)
            for answer in [one for one in answers if one.is_final or one is answers[-1]]:
                await self._send(socket, answer)
        for answer in await self._run(recogniser.flush):
            await self._send(socket, answer)
        await socket.close(_NORMAL)

    async def close(self) -> None:
        """Stop the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        for slots in self._slots.values():
            slots.close()

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function, *arguments)

    async def _receive(self, socket: WebSocket) -> bytes | None:
        """Return the next message with samples; None at the end of the stream. Empty messages do not keep it open."""
        idle_s = self._server.limits.stream_idle_s
        try:
            async with asyncio.timeout(idle_s):
                while True:
                    message = await socket.receive()
                    if message["type"] == "websocket.disconnect":
                        raise WebSocketDisconnect(message.get("code", _NORMAL))
                    if content := message.get("bytes"):
                        return content
                    if message.get("text") == END:
                        return None
                    if message.get("text") is not None:
                        raise RequestError(400, f"expected binary PCM or the text {END!r}, received another text")
        except TimeoutError:
            raise RequestError(408, f"no samples within {idle_s:g} s") from None

    async def _send(self, socket: WebSocket, answer: StreamAnswer) -> None:
        async with asyncio.timeout(self._server.limits.stream_idle_s):
            await socket.send_text(to_json(answer))

    def _slots_of(self, version: ServedVersion) -> StreamSlots:
        with self._lock:  # two streams must not build the same graph
            if id(version) not in self._slots:
                slots = StreamSlots(StreamStep(*load_network(version.folder)), self._server.limits.streams)
                try:
                    _trace(slots)
                except BaseException:
                    slots.close()
                    raise
                self._slots[id(version)] = slots
            return self._slots[id(version)]


def add_streams(app: FastAPI, server: "Server") -> StreamSockets:
    """Add the addresses of streams to an application; return the streams, which have to be closed."""
    sockets = StreamSockets(server)

    @app.websocket("/v1/models/{rest:path}")
    async def stream(socket: WebSocket, rest: str) -> None:
        await sockets.serve(socket, rest)

    return sockets


def _trace(slots: StreamSlots) -> None:
    """Take steps of all numbers, so that no stream waits for a graph."""
    step, states = slots.step, slots.open()
    encoder = StreamingEncoder(step, states=states)
    # 1, 2, 4 .. steps: the largest block, and all smaller ones.
    encoder.push(np.zeros(step.window_samples + (2 * step.most_steps - 2) * step.hop_samples, np.float32))
    states.close()


def _check_origin(socket: WebSocket) -> None:
    """Refuse the pages of other servers: a browser lets any page open a connection to any server."""
    origin, host = socket.headers.get("origin"), socket.headers.get("host")
    try:
        own = not origin or urlsplit(origin).netloc == host
    except ValueError:
        own = False
    if not own:
        raise RequestError(403, f"expected a page of {host}, received one of {str(origin)[:200]}")


def _settings(query: Mapping[str, str], *, detect_speech: bool) -> tuple[StreamSettings, str]:
    """Return the settings and the encoding of a stream.

    Raises:
        RequestError: If the query is wrong.
    """
    values = {"encoding": "pcm16", "pause_s": "0", "forget_s": "0"}
    if unknown := sorted(set(query) - set(values)):
        raise RequestError(400, f"expected the settings {', '.join(values)}, received {unknown[0][:100]!r}")
    values |= query
    if values["encoding"] not in _ENCODINGS:
        raise RequestError(400, f"encoding expected {' or '.join(_ENCODINGS)}, received {values['encoding'][:100]!r}")
    numbers = {name: _seconds(name, values[name]) for name in ("pause_s", "forget_s")}
    if not detect_speech:
        numbers["pause_s"] = 0.0
    return StreamSettings(detect_speech=detect_speech, **numbers), values["encoding"]


def _seconds(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= LONGEST_S:
        raise RequestError(400, f"{name} expected seconds from 0 to {LONGEST_S:g}, received {text[:100]!r}")
    return value


def _samples(content: bytes, encoding: str, *, max_bytes: int) -> np.ndarray:
    """Return the samples of a binary message, (samples,) from -1 to 1."""
    kind, full_scale = _ENCODINGS[encoding]
    size = np.dtype(kind).itemsize
    if len(content) > max_bytes or len(content) % size:
        raise RequestError(
            400,
            f"a message expected at most {max_bytes} bytes, a multiple of {size} for {encoding}, received {len(content)}",
        )
    return np.frombuffer(content, kind).astype(np.float32) / full_scale


async def _refuse(socket: WebSocket, code: int, message: str) -> None:
    """Say why a stream ends, and close it. The client may have gone."""
    try:
        await socket.send_text(orjson.dumps({"error": message}).decode())
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        pass
