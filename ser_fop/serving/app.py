"""Web application with TF Serving's REST API, health check, metrics and request limits.

Reference:
    https://www.tensorflow.org/tfx/serving/api_rest
"""

import asyncio
import contextlib
import dataclasses
import functools
import os
import re
import time
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

import ser_fop
from ser_fop.serving import monitoring, wire
from ser_fop.serving.batching import Batcher
from ser_fop.serving.checks import check_batch, check_text
from ser_fop.serving.errors import RequestError
from ser_fop.serving.models import ServedModel, ServedVersion
from ser_fop.serving.page_routes import add_page
from ser_fop.serving.speech_check import refuse, without_speech
from ser_fop.serving.stream_socket import add_streams

_PREDICT = re.compile(r"([^/:]+)(?:/versions/(\d{1,18})|/labels/([^/:]+))?:predict", re.ASCII)
_STATUS = re.compile(r"([^/:]+)(?:/versions/(\d{1,18})|/labels/([^/:]+))?", re.ASCII)
_METADATA = re.compile(r"([^/:]+)(?:/versions/(\d{1,18})|/labels/([^/:]+))?/metadata", re.ASCII)
_JSON = "application/json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of requests and batches.

    Attributes:
        body_bytes: Maximum size of a request body, in bytes.
        instances: Maximum number of utterances in a request.
        max_duration_s: Maximum duration of an utterance, in seconds.
        upload_timeout_s: Maximum time for the upload of a body, in seconds.
        response_timeout_s: Maximum time for the response, in seconds.
        batch: Maximum number of utterances in a batch.
        batch_wait_s: Time that the first request of a batch waits for others, in seconds.
        waiting: Maximum number of queued requests.
        detect_speech: Refuse utterances without speech, such as music and noise.
        streams: Maximum number of open streams.
        stream_message_bytes: Maximum size of a message of a stream, in bytes.
        stream_idle_s: Time without a message after which a stream is closed, in seconds.
    """

    body_bytes: int = 32_000_000
    instances: int = 64
    max_duration_s: float = 60.0
    upload_timeout_s: float = 30.0
    response_timeout_s: float = 30.0
    batch: int = 16
    batch_wait_s: float = 0.002
    waiting: int = 256
    detect_speech: bool = True
    streams: int = 64
    stream_message_bytes: int = 400_000
    stream_idle_s: float = 30.0


class Server:
    """Request handler for a set of models.

    Args:
        models: The models to serve.
        limits: Limits of requests and batches.
    """

    def __init__(self, models: Sequence[ServedModel], limits: Limits) -> None:
        self.models = {model.name: model for model in models}
        self.limits = limits
        self.monitoring = monitoring.Monitoring()
        for model in models:
            self.monitoring.versions.labels(model.name).set(len(model.versions))
        self._pool = ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="answer")
        self._batchers: dict[tuple[str, int, str], Batcher] = {}

    async def close(self) -> None:
        """Stop all batchers and threads."""
        await asyncio.gather(*(batcher.close() for batcher in self._batchers.values()))
        self._pool.shutdown(wait=True, cancel_futures=True)

    def find(self, name: str, number: str | None, label: str | None) -> tuple[ServedModel, ServedVersion]:
        """Return a model and one of its versions.

        Args:
            name: Name of the model.
            number: Version number. Without a number and a label, the newest version is returned.
            label: Label of a version.

        Raises:
            RequestError: With status 404, if the model or the version does not exist.
        """
        if name not in self.models:
            raise RequestError(404, f"model {name!r} does not exist: expected one of {', '.join(sorted(self.models))}")
        model = self.models[name]
        return model, model.version(number or "", label or "")

    async def predict(self, request: Request, name: str, number: str | None, label: str | None) -> bytes:
        """Run a `:predict` request and return the body of the response.

        Raises:
            RequestError: If the request is invalid, or a limit is exceeded.
        """
        model, version = self.find(name, number, label)
        body = await self._body(request)
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.limits.response_timeout_s):
                signature_name, signature, arrays, in_rows = await loop.run_in_executor(
                    None, self._parse, body, version
                )
                del body
                lacking = await self._without_speech(version, arrays)
                if signature_name == "hypercolumns" or not version.spec.labels:  # outputs per frame are not batched
                    outputs = await self._run_alone(signature.call, arrays)
                else:
                    outputs = await self._batcher(model, version, signature_name).answer(arrays)
                if lacking is not None:
                    outputs = refuse(outputs, lacking, target=version.spec.target)
                return await loop.run_in_executor(None, lambda: wire.response(outputs, in_rows=in_rows))
        except TimeoutError:
            raise RequestError(
                504,
                f"no response within {self.limits.response_timeout_s:g} s: try again or send fewer utterances",
            ) from None
        finally:
            self.monitoring.seconds.observe(time.perf_counter() - started)

    def _parse(self, body: bytes, version: ServedVersion) -> tuple[str, Any, dict[str, Any], bool]:
        max_frames = round(self.limits.max_duration_s / version.spec.features.hop_s)  # log-mels have one list per frame
        check_text(body, most_instances=self.limits.instances, most_lists=max_frames + 4)
        payload = wire.parse(body)
        signature_name = payload.get("signature_name", "")
        signature = version.signature(signature_name)
        arrays, in_rows = wire.arrays_of(payload, signature.inputs)
        check_batch(
            arrays, version.spec, most_instances=self.limits.instances, max_duration_s=self.limits.max_duration_s
        )
        return signature_name, signature, arrays, in_rows

    async def _without_speech(self, version: ServedVersion, arrays: dict[str, Any]) -> Any:
        """Return which utterances contain no speech; None if this is not asked for, or the model has no classes."""
        if not self.limits.detect_speech or not version.spec.labels:
            return None
        detect = functools.partial(without_speech, arrays, sample_rate_hz=version.spec.features.sample_rate_hz)
        return await asyncio.get_running_loop().run_in_executor(None, detect)

    async def _run_alone(self, call: Any, arrays: dict[str, Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, arrays)

    def _batcher(self, model: ServedModel, version: ServedVersion, signature: str) -> Batcher:
        key = (model.name, version.number, signature)
        if key not in self._batchers:
            self._batchers[key] = Batcher(
                version.signature(signature).call,
                self._pool,
                max_batch=self.limits.batch,
                wait_s=self.limits.batch_wait_s,
                max_waiting=self.limits.waiting,
                on_batch=self.monitoring.batches.observe,
            )
        return self._batchers[key]

    async def _body(self, request: Request) -> bytes:
        """Read a body within the limits of size and time."""
        max_bytes = self.limits.body_bytes
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > max_bytes:
            raise RequestError(413, f"expected a body of at most {max_bytes} bytes, received {declared}")
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.upload_timeout_s):
                async for part in request.stream():
                    size += len(part)
                    if size > max_bytes:
                        raise RequestError(413, f"expected a body of at most {max_bytes} bytes, received more")
                    parts.append(part)
        except TimeoutError:
            raise RequestError(
                408, f"the upload of the body took longer than {self.limits.upload_timeout_s:g} s"
            ) from None
        return b"".join(parts)


def status_of(model: ServedModel, version: ServedVersion | None) -> dict[str, Any]:
    """Return the state of one version, or of all versions if `version` is None, as TF Serving does."""
    numbers = sorted(model.versions, reverse=True) if version is None else [version.number]
    state = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [{"version": str(number), **state} for number in numbers]}


def metadata_of(model: ServedModel, version: ServedVersion) -> dict[str, Any]:
    """Return the signatures of a version, as TF Serving does."""
    return {
        "model_spec": {"name": model.name, "signature_name": "", "version": str(version.number)},
        "metadata": {"signature_def": {"signature_def": version.definition}},
    }


def create_app(models: Sequence[ServedModel], limits: Limits | None = None) -> FastAPI:
    """Create the web application.

    Args:
        models: The models to serve.
        limits: Limits of requests and batches. The default is `Limits()`.
    """
    server = Server(models, limits or Limits())

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await app.state.streams.close()
        await server.close()

    app = FastAPI(title="ser_fop", version=ser_fop.__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.server = server

    def respond(request: Request, status: int, content: bytes, media_type: str = _JSON) -> Response:
        server.monitoring.requests.labels(request.method, str(status)).inc()
        # The rest of an unread body must not be read as the next request of the connection.
        headers = {"Connection": "close"} if status in (408, 413) else None
        return Response(content, status, media_type=media_type, headers=headers)

    @app.exception_handler(RequestError)
    async def refused(request: Request, error: RequestError) -> Response:
        return respond(request, error.status, wire.orjson.dumps({"error": error.message}))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return respond(request, 500, wire.orjson.dumps({"error": f"internal server error: {type(error).__name__}"}))

    @app.get("/healthz")
    async def healthy(request: Request) -> Response:
        return respond(request, 200, wire.orjson.dumps({"status": "ok", "models": sorted(server.models)}))

    @app.get(monitoring.PATH)
    async def figures(request: Request) -> Response:
        content, kind = server.monitoring.text()
        return respond(request, 200, content, kind)

    @app.post("/v1/models/{rest:path}")
    async def predict(request: Request, rest: str) -> Response:
        match = _PREDICT.fullmatch(rest)
        if match is None:
            raise RequestError(
                400, f"expected POST /v1/models/NAME[/versions/V | /labels/L]:predict, received {rest[:200]!r}"
            )
        return respond(request, 200, await server.predict(request, *match.groups()))

    @app.get("/v1/models/{rest:path}")
    async def described(request: Request, rest: str) -> Response:
        match = _METADATA.fullmatch(rest)
        if match:
            return respond(request, 200, wire.orjson.dumps(metadata_of(*server.find(*match.groups()))))
        match = _STATUS.fullmatch(rest)
        if match is None:
            raise RequestError(
                400, f"expected GET /v1/models/NAME[/versions/V | /labels/L][/metadata], received {rest[:200]!r}"
            )
        model, version = server.find(*match.groups())
        requested = version if match[2] or match[3] else None
        return respond(request, 200, wire.orjson.dumps(status_of(model, requested)))

    app.state.streams = add_streams(app, server)
    add_page(app)

    @app.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "DELETE", "PATCH"], include_in_schema=False)
    async def nowhere(request: Request, rest: str) -> Response:
        raise RequestError(404, f"the address /{rest[:200]} does not exist")

    return app
