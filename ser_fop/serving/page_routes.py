"""Demo page at `/` with its style, its scripts and audio samples. It loads nothing from other servers."""

from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.responses import Response

from ser_fop.models.network_spec import EMOTION_CLASSIFIER, NetworkSpec
from ser_fop.serving.errors import RequestError
from ser_fop.streaming.streamable import is_streamable

_ROOT = files("ser_fop") / "serving" / "page"
_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "flac": "audio/flac",
}
# The page sends streams at this sample rate.
_RATE_HZ = 16000
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src 'self' blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def add_page(app: FastAPI) -> None:
    """Add the demo page to an application. Its `state.server` must be the `Server`."""
    pages = {file.name: file for file in _ROOT.iterdir() if file.is_file()}
    samples = {file.name: file for file in (_ROOT / "samples").iterdir()}

    def file_response(files_by_name: dict, name: str) -> Response:
        if name not in files_by_name:  # names are only looked up, so that no other file can be read
            raise RequestError(404, f"the file {name[:100]!r} does not exist")
        return Response(files_by_name[name].read_bytes(), media_type=_KINDS[name.rpartition(".")[2]], headers=_HEADERS)

    @app.get("/")
    async def page(request: Request) -> Response:
        return file_response(pages, "page.html")

    @app.get("/page/contents")
    async def contents(request: Request) -> dict[str, list[str]]:
        models = request.app.state.server.models.values()
        specs = {model.name: model.version().spec for model in models}
        return {
            "models": [name for name, spec in specs.items() if spec.labels],
            "streams": [name for name, spec in specs.items() if _can_be_live(spec)],
            "samples": sorted(samples),
        }

    @app.get("/page/samples/{name}")
    async def sample(name: str) -> Response:
        return file_response(samples, name)

    @app.get("/page/{name}")
    async def part(name: str) -> Response:
        return file_response(pages, name)


def _can_be_live(spec: NetworkSpec) -> bool:
    """Return whether the page can show the answers of a model as it hears a stream."""
    return spec.kind == EMOTION_CLASSIFIER and is_streamable(spec) and spec.features.sample_rate_hz == _RATE_HZ
