"""The load generator: so many clients, each with a connection of its own, each asking again as soon as it is answered.

Every answer is checked. It runs in a process of its own, reads one Load as JSON and writes JSON lines: a mark when
counting begins and when it ends, a mark at every tenth between where the number of requests is given, and the Outcome.
"""

import asyncio
import collections
import dataclasses
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import httptools
import orjson
import uvloop

from tests.bench.figures import percentile
from tests.bench.upstream import LAST_WORD

WHOLE, STREAMED = "whole", "streamed"
MODES = (WHOLE, STREAMED)
PATIENCE_S = 30
"""An answer that takes longer is not waited for."""
RECONNECT_PAUSE_S = 0.05
NUMBER = "00000000"
"""Stands in the prompt where each request gets its own number: no two are alike, so nothing answers from memory."""
SYSTEM = "You help the people of a small workshop with their letters, their sums and their plans. Be brief and exact."
PROMPT = (
    f"This is request {NUMBER}. Below are the notes of this morning's meeting. Say in three sentences what has to be "
    "done first and why. We have nine open invoices, the oldest of them 74 days old. Two clients wait for a call about "
    "a late delivery, one of them for the second time. The new lathe comes on Thursday and somebody has to be here to "
    "let the carrier in. Anna is away until Monday; Bert can do the calls but not the invoices."
)
SOME_CONTENT = re.compile(rb'"content": ?"[^"]')


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What to ask whom, and for how long: for `seconds`, or until `requests` are asked."""

    urls: Sequence[str]
    """Of the processes, up to /v1. The clients are spread over them in turn."""
    headers: Mapping[str, str]
    model: str
    modes: Sequence[str]
    """`whole` or `streamed`; of both, each request takes the next."""
    clients: int
    seconds: float = 0
    requests: int = 0
    warm_up_s: float = 0
    """Asked before counting begins. Not with `requests`, where each one counts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """How far a load is: 0.0 when counting begins, 1.0 when it ends."""

    share: float
    errors: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came while it was counted. Only right answers are timed; `errors` counts the others by what was wrong."""

    answers: int
    errors: Mapping[str, int]
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_s: float
    """Of the load generator itself, since counting began."""

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.answers / self.seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, used for one request after another."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpResponseParser(self)
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.is_open = True

    def ask(self, request: bytes) -> asyncio.Future[Answer]:
        """The answer to come. It raises ConnectionError when the connection is lost before it is whole."""
        self.pieces: list[bytes] = []
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as problem:
            self._fail(f"this is no HTTP: {problem}")
            self.transport.abort()

    def on_body(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def on_message_complete(self) -> None:
        if not self.parser.should_keep_alive():
            self.is_open = False
            self.transport.close()
        if not self.answer.done():
            self.answer.set_result(Answer(status=self.parser.get_status_code(), body=b"".join(self.pieces)))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was lost")

    def _fail(self, reason: str) -> None:
        self.is_open = False
        if not self.answer.done():
            self.answer.set_exception(ConnectionError(reason))
            # Nobody asks for it when no request was under way.
            self.answer.exception()


@dataclass(kw_only=True)
class Run:
    """One load under way."""

    load: Load
    counting_from: float = float("inf")
    until: float = float("inf")
    number: int = 0
    finished: int = 0
    times_s: list[float] = field(default_factory=list)
    errors: collections.Counter[str] = field(default_factory=collections.Counter)
    ended: float | None = None
    cpu_before_s: float = 0
    cpu_s: float = 0

    def take(self) -> int | None:
        """The number of the next request; None when there is to be none."""
        if time.perf_counter() >= self.until or (self.load.requests and self.number >= self.load.requests):
            return None
        self.number += 1
        return self.number

    def note(self, began: float, fault: str) -> None:
        """One request has ended. It counts when it ended in time; an error after that counts too."""
        now = time.perf_counter()
        if now < self.counting_from:
            return
        self.finished += 1
        if fault:
            self.errors[fault] += 1
        elif now <= self.until:
            self.times_s.append(now - began)
        tenth = self.load.requests // 10
        if tenth and self.finished % tenth == 0 and self.finished < self.load.requests:
            self.mark(self.finished / self.load.requests)

    def begin(self) -> None:
        self.counting_from, self.cpu_before_s = time.perf_counter(), time.process_time()
        self.mark(0.0)
        if self.load.seconds:
            self.until = self.counting_from + self.load.seconds
            asyncio.get_running_loop().call_later(self.load.seconds, self.end)

    def end(self) -> None:
        """Counting is over, though the last answers may still be on their way."""
        if self.ended is None:
            self.ended, self.cpu_s = time.perf_counter(), time.process_time() - self.cpu_before_s
            self.mark(1.0)

    def mark(self, share: float) -> None:
        _write("mark", Mark(share=share, errors=self.errors.total()))

    def outcome(self) -> Outcome:
        times_ms = sorted(each * 1_000 for each in self.times_s)
        return Outcome(
            answers=len(times_ms),
            errors=dict(self.errors),
            seconds=(self.ended or time.perf_counter()) - self.counting_from,
            p50_ms=percentile(times_ms, 0.5) if times_ms else 0.0,
            p99_ms=percentile(times_ms, 0.99) if times_ms else 0.0,
            cpu_s=self.cpu_s,
        )


async def perform(load: Load) -> Outcome:
    """Ask, check, count. Returns when every client has its last answer, or has waited long enough for it."""
    run = Run(load=load)
    if not load.warm_up_s:
        run.begin()
    clients = [asyncio.create_task(_client(run, load.urls[at % len(load.urls)])) for at in range(load.clients)]
    if load.warm_up_s:
        await asyncio.sleep(load.warm_up_s)
        run.begin()
    while any(not client.done() for client in clients):
        finished = run.finished
        await asyncio.wait(clients, timeout=PATIENCE_S)
        if run.finished == finished:
            break
    for client in clients:
        if client.cancel():
            run.note(time.perf_counter(), f"no answer within {PATIENCE_S} s")
    for ended in await asyncio.gather(*clients, return_exceptions=True):
        # A client that failed by itself is a fault of this program: let it show.
        if isinstance(ended, Exception):
            raise ended
    run.end()
    return run.outcome()


async def _client(run: Run, url: str) -> None:
    connection: Connection | None = None
    requests = [_request(run.load, url, mode) for mode in run.load.modes]
    try:
        while (number := run.take()) is not None:
            head, tail = requests[number % len(requests)]
            began = time.perf_counter()
            try:
                if connection is None or not connection.is_open:
                    connection = await _connect(url)
                answer = await connection.ask(b"%b%08d%b" % (head, number, tail))
            except OSError as problem:
                run.note(began, str(problem) or type(problem).__name__)
                await asyncio.sleep(RECONNECT_PAUSE_S)
            else:
                run.note(began, fault(answer, run.load.modes[number % len(requests)]))
    finally:
        if connection is not None:
            connection.transport.close()


async def _connect(url: str) -> Connection:
    host, _, port = urlsplit(url).netloc.rpartition(":")
    _, connection = await asyncio.get_running_loop().create_connection(Connection, host, int(port))
    return connection


def body_of(model: str, mode: str) -> bytes:
    """A request's body, with NUMBER in it."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": PROMPT}]
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if mode == STREAMED else {}
    return orjson.dumps({"model": model, "messages": messages, **streamed})


def _request(load: Load, url: str, mode: str) -> tuple[bytes, bytes]:
    """All of a request before and after its number."""
    parts, body = urlsplit(url), body_of(load.model, mode)
    headers = {
        "Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(len(body)), **load.headers,
    }  # fmt: skip
    lines = [f"POST {parts.path}/chat/completions HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    head, _, tail = ("\r\n".join(lines).encode() + b"\r\n\r\n" + body).partition(NUMBER.encode())
    return head, tail


def fault(answer: Answer, mode: str) -> str:
    """What is wrong with an answer; nothing when it is the upstream's, whole."""
    if answer.status != 200:
        return f"status {answer.status}"
    return _fault_of_stream(answer.body) if mode == STREAMED else _fault_of_whole(answer.body)


def _fault_of_whole(body: bytes) -> str:
    try:
        content = orjson.loads(body)["choices"][0]["message"]["content"]
        return "" if content.endswith(LAST_WORD) else "the answer is not the upstream's"
    except (orjson.JSONDecodeError, LookupError, TypeError, AttributeError):
        return "the answer is no completion"


def _fault_of_stream(body: bytes) -> str:
    """By its marks only: parsing every event would cost as much as some of the gateways do."""
    if not body.rstrip().endswith(b"data: [DONE]"):
        return "the stream did not end with [DONE]"
    if not SOME_CONTENT.search(body) or LAST_WORD.encode() not in body:
        return "the stream is not the upstream's"
    return ""


def _write(kind: str, value: Mark | Outcome) -> None:
    sys.stdout.buffer.write(orjson.dumps({kind: dataclasses.asdict(value)}) + b"\n")
    sys.stdout.buffer.flush()


async def main() -> None:
    _write("outcome", await perform(Load(**orjson.loads(sys.stdin.buffer.read()))))


if __name__ == "__main__":
    uvloop.run(main())
