"""The HTTP session of an adapter, without a socket: it gives the bytes that a test wrote and keeps what was sent."""

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from multidict import CIMultiDict
from yarl import URL

Piece = bytes | Exception | asyncio.Event
"""Bytes, what breaks the connection, or what is waited for: a silence, where nobody ever sets it."""


class _Content:
    """A body that comes in these pieces."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = list(pieces)

    async def readany(self) -> bytes:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, Exception):
            raise piece
        if isinstance(piece, asyncio.Event):
            await piece.wait()
            return await self.readany()
        return piece

    async def readexactly(self, size: int) -> bytes:
        return (await self.readany())[:size]

    def at_eof(self) -> bool:
        return not self._pieces


class FakeResponse:
    """What of an aiohttp.ClientResponse adapters use."""

    def __init__(self, status: int, kind: str, pieces: Sequence[Piece]) -> None:
        self.status, self.reason, self.content_type = status, "", kind
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.content = _Content(pieces)
        self.is_open = True

    async def __aenter__(self) -> "FakeResponse":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.is_open = False


class FakeSession:
    """Answers every request with the same bytes, which may come in pieces."""

    def __init__(self, body: bytes | Sequence[Piece], kind: str = "application/json", status: int = 200) -> None:
        self.pieces = [body] if isinstance(body, bytes) else body
        self.kind, self.status = kind, status
        self.sent: list[bytes] = []
        self.responses: list[FakeResponse] = []

    async def post(self, url: URL, *, data: bytes, headers: Mapping[str, str], **_: Any) -> FakeResponse:
        self.sent.append(data)
        self.responses.append(FakeResponse(self.status, self.kind, self.pieces))
        return self.responses[-1]
