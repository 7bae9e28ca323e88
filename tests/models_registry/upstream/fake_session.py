"""The HTTP session of an adapter, without a socket: it gives the bytes that a test wrote and keeps what was sent."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any

from multidict import CIMultiDict
from yarl import URL


class _Content:
    """A body that comes in one piece."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def readany(self) -> bytes:
        body, self._body = self._body, b""
        return body

    async def readexactly(self, size: int) -> bytes:
        return (await self.readany())[:size]

    def at_eof(self) -> bool:
        return not self._body


class FakeResponse:
    """What of an aiohttp.ClientResponse adapters use."""

    def __init__(self, status: int, kind: str, body: bytes) -> None:
        self.status, self.reason, self.content_type = status, "", kind
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.content = _Content(body)

    async def __aenter__(self) -> "FakeResponse":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is open."""


class FakeSession:
    """Answers every request with the same bytes."""

    def __init__(self, body: bytes, kind: str = "application/json", status: int = 200) -> None:
        self.body, self.kind, self.status = body, kind, status
        self.sent: list[bytes] = []

    async def post(self, url: URL, *, data: bytes, headers: Mapping[str, str], **_: Any) -> FakeResponse:
        self.sent.append(data)
        return FakeResponse(self.status, self.kind, self.body)
