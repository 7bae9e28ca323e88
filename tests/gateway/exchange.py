"""One request to a gateway around a scripted upstream, as an ASGI server hands it over."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from routerhub.gateway.app import Gateway
from tests.gateway.fakes import KEY, FakeLedger, FakeUpstream, Said, completion, runtime

CHAT = "/v1/chat/completions"
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
NOTHING: Mapping[str, str] = {}


class Exchange:
    """One request to a gateway around a scripted upstream."""

    def __init__(self, *script: Said | list[Said], **limits: Any) -> None:
        self.upstream = FakeUpstream(*(script or (completion(),)))
        self.ledger = FakeLedger()
        self.gateway = Gateway()
        self.gateway.runtime = runtime(self.upstream, self.ledger, **limits)
        self.sent: list[Any] = []
        self.leave = asyncio.Event()
        """Set by the test: the client is gone."""
        self.can_read = asyncio.Event()
        self.can_read.set()

    async def ask(
        self,
        body: Any = HELLO,
        path: str = CHAT,
        method: str = "POST",
        *,
        key: str = KEY,
        pieces: int = 1,
        headers: Mapping[str, str] = NOTHING,
        query: Mapping[str, str] = NOTHING,
        is_whole: bool = True,
        client: str = "127.0.0.1",
    ) -> None:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        size = max(1, -(-len(data) // pieces))
        waiting = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        sent = {"authorization": f"Bearer {key}", "user-agent": "tests", **headers}
        scope = {
            "type": "http", "path": path, "raw_path": path.encode(), "root_path": "", "method": method,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": (client, 1), "query_string": urlencode(query).encode(),
            "scheme": "http", "server": ("x", 80), "http_version": "1.1",
        }  # fmt: skip

        async def receive() -> Any:
            if waiting:
                return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting) or not is_whole}
            await self.leave.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.sent.append(message)
            await self.can_read.wait()

        await self.gateway(scope, receive, send)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        assert not self.sent[-1].get("more_body"), "the answer has an end"
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def error(self) -> Any:
        return orjson.loads(self.body)["error"]

    async def settled(self) -> dict[str, Any]:
        for stream in list(self.gateway.runtime.streams):
            await asyncio.wait([stream.task], timeout=1)
        (record,) = self.ledger.records
        assert (self.ledger.holds, self.upstream.open) == ({}, 0)
        return record
