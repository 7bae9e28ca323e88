"""The bare pass-through: what a gateway of this server and this HTTP client could do at most, if it did nothing.

Served as RouterHub is: `UPSTREAM_URL=http://127.0.0.1:9000/v1 uvicorn tests.bench.passthrough:application`.
"""

import os
from typing import Any

import aiohttp
from starlette.types import Receive, Scope, Send

HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer bench"}


class PassThrough:
    """Posts each request's body to the upstream, and hands on what comes as it comes."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/chat/completions"
        self.session: aiohttp.ClientSession

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        async with self.session.post(self.url, data=await _body(receive), headers=HEADERS) as response:
            if response.content_type == "text/event-stream":
                await _stream(response, send)
            else:
                await _whole(response, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.session.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    return body


async def _whole(response: aiohttp.ClientResponse, send: Send) -> None:
    body = await response.read()
    await send(_start(response, (b"content-length", b"%d" % len(body))))
    await send({"type": "http.response.body", "body": body})


async def _stream(response: aiohttp.ClientResponse, send: Send) -> None:
    await send(_start(response, (b"cache-control", b"no-cache")))
    async for piece in response.content.iter_any():
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _start(response: aiohttp.ClientResponse, header: tuple[bytes, bytes]) -> dict[str, Any]:
    kind = response.headers.get("Content-Type", "application/octet-stream").encode()
    return {"type": "http.response.start", "status": response.status, "headers": [(b"content-type", kind), header]}


application = PassThrough(os.environ.get("UPSTREAM_URL", ""))
