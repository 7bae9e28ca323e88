"""Many clients at once, each of which leaves at a moment of its own, and an upstream that knows when it was left."""

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal
from urllib.parse import urlsplit

import orjson
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models_registry.sandbox.app import app as sandbox

NAME = re.compile(rb"visit-\d+")
PATIENCE_S = 60
Manner = Literal["stays", "leaves", "resets", "sends half", "reads nothing"]


@dataclass(kw_only=True)
class Call:
    """One call of the upstream, in monotonic seconds."""

    began_at: float
    ended_at: float | None = None
    """When the whole answer was sent."""
    left_at: float | None = None
    """When whoever called was gone before that."""


@dataclass(kw_only=True)
class Upstream:
    """The sandbox under every provider's address, told by each prompt's name how to answer."""

    scripts: Mapping[str, Mapping[str, Any]]
    address: str = ""
    calls: dict[str, list[Call]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        found = NAME.search(body)
        name = found[0].decode() if found else ""
        call = Call(began_at=time.monotonic())
        self.calls.setdefault(name, []).append(call)

        async def noted(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                call.ended_at = time.monotonic()

        told = orjson.dumps({**orjson.loads(body), "sandbox": self.scripts.get(name)})
        work = asyncio.ensure_future(_answer(sandbox, scope, told, noted))
        leaving = asyncio.ensure_future(receive())
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if call.ended_at is None:
            call.left_at = time.monotonic()
        for each in (work, leaving):
            each.cancel()

    @property
    def under_way(self) -> int:
        calls = [call for some in self.calls.values() for call in some]
        return sum(call.ended_at is None and call.left_at is None for call in calls)


async def _body(receive: Receive) -> bytes:
    pieces, is_more = [], True
    while is_more:
        message = await receive()
        pieces.append(message.get("body", b""))
        is_more = message.get("more_body", False)
    return b"".join(pieces)


async def _answer(application: ASGIApp, scope: Scope, body: bytes, send: Send) -> None:
    waiting: list[Message] = [{"type": "http.request", "body": body}]

    async def receive() -> Message:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    await application(scope, receive, send)


@contextlib.contextmanager
def serving(upstream: Upstream) -> Iterator[Upstream]:
    """The upstream on a port of its own, in a thread."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        upstream.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(upstream, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield upstream
        finally:
            server.should_exit = True
            thread.join()


@dataclass(kw_only=True)
class Visit:
    """One client with one request, and what came of it."""

    name: str
    path: str
    body: bytes
    manner: Manner
    leaves_after_s: float
    left_at: float | None = None
    """Monotonic seconds; None: it had its answer by then."""
    answer: bytes = b""

    async def run(self, url: str, headers: Mapping[str, str]) -> None:
        reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        try:
            writer.write(head(self.path, len(self.body), {**headers, "x-routerhub-tags": f"crowd,{self.name}"}))
            writer.write(self.body[: len(self.body) // 2] if self.manner == "sends half" else self.body)
            async with asyncio.timeout(PATIENCE_S if self.manner == "stays" else self.leaves_after_s):
                await (asyncio.Event().wait() if self.manner == "reads nothing" else self._read(reader))
        except (TimeoutError, ConnectionError):
            self.left_at = time.monotonic()
        if self.manner == "resets":
            writer.transport.abort()
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while piece := await reader.read(65_536):
            self.answer += piece


def head(path: str, length: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: x", "connection: close", f"content-length: {length}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def bodies(model: str, text: str, is_stream: bool) -> Mapping[str, dict[str, Any]]:
    """The same request in each dialect of the clients, by its address."""
    messages = [{"role": "user", "content": text}]
    return {
        "/v1/chat/completions": {"model": model, "messages": messages, "stream": is_stream, "max_tokens": 100},
        "/v1/responses": {"model": model, "input": text, "stream": is_stream, "max_output_tokens": 100},
        "/v1/messages": {"model": model, "messages": messages, "stream": is_stream, "max_tokens": 100},
    }


def planned(random: Random, count: int, models: Sequence[str]) -> tuple[list[Visit], dict[str, dict[str, Any]]]:
    """So many visits, and how the upstream answers each."""
    visits: list[Visit] = []
    scripts = {}
    manners: Sequence[Manner] = ("stays", "leaves", "leaves", "resets", "resets", "reads nothing", "sends half")
    for at in range(count):
        name = f"visit-{at}"
        scripts[name] = {
            "latency_ms": random.choice((0, 0, 200, 1_500)), "chunk_delay_ms": random.choice((0, 5, 40)),
            "output_tokens": random.randrange(1, 90),
        }  # fmt: skip
        made = bodies(random.choice(models), f"Say something, {name}.", random.random() < 0.6)
        path = random.choice(list(made))
        visits.append(
            Visit(
                name=name,
                path=path,
                body=orjson.dumps(made[path]),
                manner=random.choice(manners),
                leaves_after_s=random.uniform(0, 2),
            )
        )
    return visits, scripts


async def all_at_once(visits: Sequence[Visit], urls: Sequence[str], key: str) -> None:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    async with asyncio.TaskGroup() as group:
        for at, visit in enumerate(visits):
            group.create_task(visit.run(urls[at % len(urls)], headers))
