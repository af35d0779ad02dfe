"""Time limit for request headers, which uvicorn does not have."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def with_head_deadline(seconds: float) -> type[H11Protocol]:
    """Return uvicorn's HTTP protocol with a time limit for the headers of each request.

    A connection that exceeds the limit gets status 408 and is closed.

    Args:
        seconds: Maximum time for the headers, in seconds. It starts with the connection, or for later requests with
            their first byte.
    """

    class HeadDeadline(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._start()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.transport.get_protocol() is not self:
                self._end()  # the connection is a WebSocket now
            elif self.cycle is not None and not self.cycle.response_complete:
                self._end()  # the headers are complete; the body has its own time limit
            elif not self.transport.is_closing():
                self._start()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end()
            super().connection_lost(exc)

        def _start(self) -> None:
            if self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self._too_slow)

        def _end(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_slow(self) -> None:
            if not self.transport.is_closing():
                self.transport.write(_TOO_SLOW)
                self.transport.close()

    return HeadDeadline
