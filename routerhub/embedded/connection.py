"""A connection of the server's that keeps to what uvicorn's own does not: no request is waited for without end, and HTTP/1.0
gets no chunks. Named to uvicorn as `--http`."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEADERS_WAIT_S = 30.0
TIMED_OUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class PatientHttp(HttpToolsProtocol):
    """Waits so long for a request's headers, from the connection's begin or the request's first byte on. uvicorn itself ends
    only connections that rest between two requests."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._waiting is None:
            self._wait()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()
        if self.scope["http_version"] == "1.0" and self.cycle is not None:
            self.cycle.__class__ = CycleWithoutChunks

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEADERS_WAIT_S, self._end)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _end(self) -> None:
        """Say so to whoever began, and close; while an earlier request of the connection is being answered, wait on."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait()
            return
        if self.scope is not None:
            self.transport.write(TIMED_OUT)
        self.transport.close()


class CycleWithoutChunks(RequestResponseCycle):
    """A body without a length ends with its connection: it is as long as what came."""

    _has_length = True

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._has_length = any(name.lower() == b"content-length" for name, _ in message["headers"])
            self.chunked_encoding = None if self._has_length else False
        elif not self._has_length:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
