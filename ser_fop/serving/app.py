"""The server: TF Serving's REST addresses, health, metrics, and limits.

Reference:
    https://www.tensorflow.org/tfx/serving/api_rest
"""

import asyncio
import contextlib
import dataclasses
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

_PREDICT = re.compile(r"([^/:]+)(?:/versions/(\d{1,18})|/labels/([^/:]+))?:predict", re.ASCII)
_STATUS = re.compile(r"([^/:]+)(?:/versions/(\d{1,18})|/labels/([^/:]+))?", re.ASCII)
_METADATA = re.compile(r"([^/:]+)(?:/versions/(\d{1,18})|/labels/([^/:]+))?/metadata", re.ASCII)
_JSON = "application/json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limits:
    """What a request may ask for.

    Attributes:
        body_bytes: Size of a body.
        instances: Utterances in a request.
        max_duration_s: Seconds of an utterance.
        upload_timeout_s: Seconds in which a body must have arrived.
        response_timeout_s: Seconds after which a request is given up.
        batch: Utterances answered together.
        batch_wait_s: How long the first of a batch waits for others.
        waiting: Requests that may wait.
    """

    body_bytes: int = 32_000_000
    instances: int = 64
    max_duration_s: float = 60.0
    upload_timeout_s: float = 30.0
    response_timeout_s: float = 30.0
    batch: int = 16
    batch_wait_s: float = 0.002
    waiting: int = 256


class Server:
    """Answers requests about some models.

    Args:
        models: The models.
        limits: What a request may ask for.
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
        """Stop answering."""
        await asyncio.gather(*(batcher.close() for batcher in self._batchers.values()))
        self._pool.shutdown(wait=True, cancel_futures=True)

    def found(self, name: str, number: str | None, label: str | None) -> tuple[ServedModel, ServedVersion]:
        """Return a model and a version; raises `RequestError` (404) where there is none."""
        if name not in self.models:
            raise RequestError(404, f"there is no model {name!r}: expected one of {', '.join(sorted(self.models))}")
        model = self.models[name]
        return model, model.version(number or "", label or "")

    async def predict(self, request: Request, name: str, number: str | None, label: str | None) -> bytes:
        """Answer a `:predict`."""
        model, version = self.found(name, number, label)
        body = await self._body(request)
        started = time.perf_counter()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.limits.response_timeout_s):
                wanted, signature, arrays, in_rows = await loop.run_in_executor(None, self._parsed, body, version)
                del body
                if wanted == "hypercolumns" or not version.spec.labels:  # outputs as long as their inputs: never joined
                    outputs = await self._alone(signature.call, arrays)
                else:
                    outputs = await self._batcher(model, version, wanted).answer(arrays)
                return await loop.run_in_executor(None, lambda: wire.response(outputs, in_rows=in_rows))
        except TimeoutError:
            raise RequestError(504, f"no answer within {self.limits.response_timeout_s:g} s") from None
        finally:
            self.monitoring.seconds.observe(time.perf_counter() - started)

    def _parsed(self, body: bytes, version: ServedVersion) -> tuple[str, Any, dict[str, Any], bool]:
        longest = round(self.limits.max_duration_s / version.spec.features.hop_s)  # a list for each frame of a log-mel
        check_text(body, most_instances=self.limits.instances, most_lists=longest + 4)
        asked = wire.parse(body)
        wanted = asked.get("signature_name", "")
        signature = version.signature(wanted)
        arrays, in_rows = wire.arrays_of(asked, signature.inputs)
        check_batch(
            arrays, version.spec, most_instances=self.limits.instances, max_duration_s=self.limits.max_duration_s
        )
        return wanted, signature, arrays, in_rows

    async def _alone(self, call: Any, arrays: dict[str, Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call, arrays)

    def _batcher(self, model: ServedModel, version: ServedVersion, signature: str) -> Batcher:
        key = (model.name, version.number, signature)
        if key not in self._batchers:
            self._batchers[key] = Batcher(
                version.signature(signature).call,
                self._pool,
                most=self.limits.batch,
                wait_s=self.limits.batch_wait_s,
                most_waiting=self.limits.waiting,
                seen=self.monitoring.batches.observe,
            )
        return self._batchers[key]

    async def _body(self, request: Request) -> bytes:
        """Read a body, no more of it than is allowed and no longer than is allowed."""
        most = self.limits.body_bytes
        stated = request.headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > most:
            raise RequestError(413, f"a body may have {most} bytes, this one has {stated}")
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.upload_timeout_s):
                async for part in request.stream():
                    size += len(part)
                    if size > most:
                        raise RequestError(413, f"a body may have {most} bytes, this one has more")
                    parts.append(part)
        except TimeoutError:
            raise RequestError(408, f"the body did not arrive within {self.limits.upload_timeout_s:g} s") from None
        return b"".join(parts)


def status_of(model: ServedModel, version: ServedVersion | None) -> dict[str, Any]:
    """Return the state of a version, or of all."""
    numbers = sorted(model.versions, reverse=True) if version is None else [version.number]
    state = {"state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    return {"model_version_status": [{"version": str(number), **state} for number in numbers]}


def metadata_of(model: ServedModel, version: ServedVersion) -> dict[str, Any]:
    """Return the signatures of a version."""
    return {
        "model_spec": {"name": model.name, "signature_name": "", "version": str(version.number)},
        "metadata": {"signature_def": {"signature_def": version.definition}},
    }


def create_app(models: Sequence[ServedModel], limits: Limits | None = None) -> FastAPI:
    """Return the application.

    Args:
        models: What is served.
        limits: What a request may ask for.
    """
    server = Server(models, limits or Limits())

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await server.close()

    app = FastAPI(title="ser_fop", version=ser_fop.__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.server = server

    def answered(request: Request, status: int, content: bytes, media_type: str = _JSON) -> Response:
        server.monitoring.requests.labels(request.method, str(status)).inc()
        # A client that is refused before its body was read must not send the rest on the same connection.
        headers = {"Connection": "close"} if status in (408, 413) else None
        return Response(content, status, media_type=media_type, headers=headers)

    @app.exception_handler(RequestError)
    async def refused(request: Request, error: RequestError) -> Response:
        return answered(request, error.status, wire.orjson.dumps({"error": error.message}))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        return answered(request, 500, wire.orjson.dumps({"error": f"the server failed: {type(error).__name__}"}))

    @app.get("/healthz")
    async def healthy(request: Request) -> Response:
        return answered(request, 200, wire.orjson.dumps({"status": "ok", "models": sorted(server.models)}))

    @app.get(monitoring.PATH)
    async def figures(request: Request) -> Response:
        content, kind = server.monitoring.text()
        return answered(request, 200, content, kind)

    @app.post("/v1/models/{rest:path}")
    async def predict(request: Request, rest: str) -> Response:
        asked = _PREDICT.fullmatch(rest)
        if asked is None:
            raise RequestError(
                400, f"expected POST /v1/models/NAME[/versions/V | /labels/L]:predict, received {rest[:200]!r}"
            )
        return answered(request, 200, await server.predict(request, *asked.groups()))

    @app.get("/v1/models/{rest:path}")
    async def described(request: Request, rest: str) -> Response:
        asked = _METADATA.fullmatch(rest)
        if asked:
            return answered(request, 200, wire.orjson.dumps(metadata_of(*server.found(*asked.groups()))))
        asked = _STATUS.fullmatch(rest)
        if asked is None:
            raise RequestError(
                400, f"expected GET /v1/models/NAME[/versions/V | /labels/L][/metadata], received {rest[:200]!r}"
            )
        model, version = server.found(*asked.groups())
        alone = version if asked[2] or asked[3] else None
        return answered(request, 200, wire.orjson.dumps(status_of(model, alone)))

    add_page(app)

    @app.api_route("/{rest:path}", methods=["GET", "POST", "PUT", "DELETE", "PATCH"], include_in_schema=False)
    async def nowhere(request: Request, rest: str) -> Response:
        raise RequestError(404, f"there is nothing at /{rest[:200]}")

    return app
