"""A local HTTP server of files, with the faults that a download can meet."""

import contextlib
import dataclasses
import http.server
import threading
from collections.abc import Iterator


@dataclasses.dataclass
class FileServer:
    """Files, faults and recorded requests of a `file_server`.

    Attributes:
        files: Content by path.
        tag: ETag of every response; empty for none.
        ranges: Whether the server supports range requests.
        breaks_after: Number of bytes after which the server cuts the next responses, one entry per response.
        failures: Status codes of the next responses.
        asked: Received requests in order: path, and Range header or an empty string.
        address: `http://127.0.0.1:PORT`.
    """

    files: dict[str, bytes]
    tag: str = '"one"'
    ranges: bool = True
    breaks_after: list[int] = dataclasses.field(default_factory=list)
    failures: list[int] = dataclasses.field(default_factory=list)
    asked: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    address: str = ""


@contextlib.contextmanager
def file_server(files: dict[str, bytes]) -> Iterator[FileServer]:
    """Serve files over HTTP inside a `with` block."""
    state = FileServer(files)

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            requested = self.headers.get("Range", "")
            state.asked.append((self.path, requested))
            if state.failures:
                self.send_error(state.failures.pop(0))
                return
            content = state.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            first = 0
            if requested and state.ranges and self.headers.get("If-Range") == state.tag:
                first = int(requested.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(content) - first))
            if state.tag:
                self.send_header("ETag", state.tag)
            self.end_headers()
            end = first + state.breaks_after.pop(0) if state.breaks_after else len(content)
            self.wfile.write(content[first:end])

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
