"""A control plane that tells what it got, a gateway before it, and what a client asks of them."""

import asyncio
import contextlib
import hashlib
import http.client
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from routerhub.embedded.processes import free_port
from routerhub.forwarding import Forwarder
from tests.stack import eventually

PIECE = b"x" * 65_536


class Served:
    """An ASGI application on a loopback port, in a thread of its own."""

    def __init__(self, application: Any, port: int | None = None, **options: Any) -> None:
        self.port = port or free_port()
        chosen = {"http": "httptools", "loop": "uvloop", "log_config": None, "access_log": False, **options}
        config = uvicorn.Config(application, port=self.port, **chosen)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> "Served":
        self.thread.start()
        eventually(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()


class ControlPlane:
    """Behaves as the path says, and tells what came."""

    def __init__(self) -> None:
        self.got = 0
        self.goes_on = threading.Event()
        self.was_left = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await getattr(self, scope["path"].strip("/").partition("/")[0].replace("-", "_"))(scope, receive, send)

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._read(receive)
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "client": scope["client"][0],
            "scheme": scope["scheme"],
            "sha256": hashlib.sha256(body).hexdigest(),
            "bytes": len(body),
        }
        await self._answer(send, 200, json.dumps(told).encode())

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.to_thread(self.goes_on.wait)
        await send({"type": "http.response.body", "body": b"last"})

    async def hang(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            self.got += 1
        self.was_left.set()

    async def stream_for_ever(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        leaving = asyncio.create_task(self.hang(scope, receive, send))
        while not self.was_left.is_set():
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            self.got += len(PIECE)
            await asyncio.sleep(0)
        await leaving

    async def read_nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(self.goes_on.wait)
        await self._answer(send, 200, b"")

    async def break_off(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000")] if b"counted" in scope["query_string"] else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(0.05)

    async def refuse_early(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(send, 413, b"too large")

    async def redirect(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"location", b"/echo"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2; Path=/"),
                   (b"connection", b"x-own"), (b"x-own", b"of this connection"), (b"x-kept", b"caf\xc3\xa9")]  # fmt: skip
        await self._answer(send, 302, b"", headers)

    async def packed(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(send, 200, b"\x1f\x8b not really gzip", [(b"content-encoding", b"gzip")])

    async def _read(self, receive: Receive) -> bytes:
        pieces = []
        more = True
        while more:
            message = await receive()
            pieces.append(message.get("body", b""))
            self.got += len(pieces[-1])
            more = message.get("more_body", False)
        return b"".join(pieces)

    @staticmethod
    async def _answer(send: Send, status: int, body: bytes, headers: Any = ()) -> None:
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
        await send({"type": "http.response.body", "body": body})


def front(url: str, body_wait_s: float = 60) -> Any:
    """A gateway without /v1."""
    forwarder: list[Forwarder] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await forwarder[0](scope, receive, send)
            return
        await receive()
        forwarder.append(Forwarder(url, body_wait_s))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await forwarder[0].close()
        await send({"type": "lifespan.shutdown.complete"})

    return application


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(port: int, method: str, path: str, body: Any = None, headers: Any = None) -> Answer:
    """The whole answer to one request on a connection of its own."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body, headers or {})
        with connection.getresponse() as answer:
            return Answer(status=answer.status, headers=answer.headers, body=answer.read())


def told(port: int, path: str = "/echo", headers: Any = None, method: str = "GET", body: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(port, method, path, body, headers).body)
    return found


def values(told: dict[str, Any], name: str) -> list[str]:
    return [value for each, value in told["headers"] if each == name]


def opened(port: int, text: bytes) -> socket.socket:
    """A connection on which a request has been sent as spelled."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(text)
    return connection
