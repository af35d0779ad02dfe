"""Demo page at `/` with its style, its script and audio samples. It loads nothing from other servers."""

from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.responses import Response

from ser_fop.serving.errors import RequestError

_ROOT = files("ser_fop") / "serving" / "page"
_KINDS = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript", "flac": "audio/flac"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; media-src 'self' blob:; style-src 'self' 'unsafe-inline'",
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
        return {
            "models": [model.name for model in models if model.version().spec.labels],
            "samples": sorted(samples),
        }

    @app.get("/page/samples/{name}")
    async def sample(name: str) -> Response:
        return file_response(samples, name)

    @app.get("/page/{name}")
    async def part(name: str) -> Response:
        return file_response(pages, name)
