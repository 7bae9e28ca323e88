"""Whatever an upstream sends: a client gets an answer or a defined error, the hold is settled, the books balance and memory
stays bounded. Real processes, real sockets."""

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.faults.hostile import ANSWERS, BEGUN, GOOD, STREAMS, Case, chunk
from tests.models_registry.upstream.raw_server import STAY, RawServer, Step, head, serving, streamed, whole
from tests.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.xdist_group("hostile")
MODEL = "openai:gpt-4o-mini"
MAX_OUTPUT = 50
MAX_GROWTH_KB = 300_000
"""Bounds on an answer are 64 MB, which is read, joined and parsed once."""

MAX_QUEUE_KB = 16_000
"""What a stream may cost that nobody reads: a megabyte of events, the buffers of its sockets, what Python makes of these."""


@dataclass(kw_only=True)
class Scene:
    """One gateway whose only provider is under the test's control."""

    stack: Stack
    server: RawServer
    idle_kb: int = 0

    @contextmanager
    def asked(self, case: Case, is_stream: bool) -> Iterator[http.client.HTTPConnection]:
        """A client that has asked, and leaves when the context ends."""
        self.server.script[:] = [case.steps]
        self.server.requests.clear()
        self.server.asked.clear()
        self.server.gone.clear()
        self.server.sent = 0
        body = {
            "model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": MAX_OUTPUT,
            "stream": is_stream, "routerhub": {"tags": [tag(case, is_stream)]},
        }  # fmt: skip
        connection = http.client.HTTPConnection(urlsplit(self.stack.url).netloc, timeout=30)
        headers = {"Authorization": f"Bearer {self.stack.key}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        with closing(connection):
            yield connection

    def ask(self, case: Case, is_stream: bool) -> tuple[int, bytes]:
        with self.asked(case, is_stream) as connection, connection.getresponse() as response:
            return response.status, response.read()

    def memory_kb(self, measure: str) -> int:
        process = self.stack.gateways[0].process
        assert process is not None
        with open(f"/proc/{process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith(measure))

    def settled(self, case: Case, is_stream: bool) -> int:
        """What it cost, by the one record and by the ledger alike, with no hold left."""
        query = "SELECT operation_id, cost_nano FROM analytics_record WHERE %s = ANY (tags)"
        ((operation, cost),) = eventually(lambda: self.stack.rows(query, tag(case, is_stream)))
        spent = "SELECT coalesce(sum(amount_nano), 0) FROM budgets_ledgerentry WHERE operation_id = %s"
        assert self.stack.rows(spent, operation) == [(cost,)]
        assert (cost > 0) == case.is_charged
        assert eventually(lambda: self.stack.rows("SELECT count(*) FROM budgets_hold") == [(0,)])
        return int(cost)


def tag(case: Case, is_stream: bool) -> str:
    return f"{case.name} {is_stream}"


def serve_in_thread(ready: "threading.Event", done: "threading.Event", found: list[RawServer]) -> None:
    async def serve() -> None:
        async with serving([whole(GOOD)]) as server:
            found.append(server)
            ready.set()
            await asyncio.to_thread(done.wait)

    asyncio.run(serve())


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    ready, done = threading.Event(), threading.Event()
    found: list[RawServer] = []
    thread = threading.Thread(target=serve_in_thread, args=(ready, done, found))
    thread.start()
    ready.wait()
    own = {
        "SANDBOX": "off",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": found[0].address,
        "REQUEST_DEADLINE_S": "2.5",
    }
    try:
        with running_stack(processes=1, **own) as stack:
            made = Scene(stack=stack, server=found[0])
            made.idle_kb = made.memory_kb("VmRSS")
            yield made
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.name)
def test_an_answer_is_told_and_charged_as_what_it_is(scene: Scene, case: Case) -> None:
    status, body = scene.ask(case, is_stream=False)
    assert status == case.status, body[:500]
    told, cost = json.loads(body), scene.settled(case, is_stream=False)
    if status == 200:
        assert told["usage"]["completion_tokens"] < 10**6
        assert Decimal(told["routerhub"]["cost_usd"]) * 10**9 == cost
    else:
        assert told["error"]["message"]


@pytest.mark.parametrize("case", [*ANSWERS, *STREAMS], ids=lambda case: case.name)
def test_a_stream_is_told_and_charged_as_what_it_is(scene: Scene, case: Case) -> None:
    status, body = scene.ask(case, is_stream=True)
    assert status == case.status, body[:500]
    cost = scene.settled(case, is_stream=True)
    if status == 200:
        assert ending(body) == (case.finish, Decimal(cost))
    else:
        assert json.loads(body)["error"]["message"]


def ending(body: bytes) -> tuple[Any, Decimal]:
    """How a stream ended and what it says it cost, in nano-dollars, after each of its events was read."""
    *lines, rest = body.decode().split("\n\n")
    assert rest == "", "no half event is ever written"
    is_marked = lines[-1] == "data: [DONE]"
    said = [json.loads(line.removeprefix("data: ")) for line in lines[: -1 if is_marked else None]]
    last = said[-1]
    finish = last["choices"][0]["finish_reason"] if is_marked else "error" if "error" in last else None
    return finish, Decimal(last["routerhub"]["cost_usd"]) * 10**9


ENDLESS = b"data: " + chunk(padding="x" * 10_000) + b"\n\n"
LEFT: Mapping[str, tuple[Sequence[Step], bool, int]] = {
    "while nothing came": ([STAY], False, 0),
    "within an answer": ([head(Content_Length=9) + b"{", STAY], False, 0),
    "before a stream began": ([head(kind="text/event-stream"), STAY], True, 0),
    "within a stream": ([*BEGUN, STAY], True, 10),
    "without reading a stream that goes on": ([*BEGUN, *streamed(*[ENDLESS] * 100_000)[1:], STAY], True, 10),
}
"""What the upstream does meanwhile, whether it is a stream, and how many bytes of it the client reads."""


def is_still(server: RawServer) -> bool:
    """Whether nobody takes any more of what it sends."""
    sent = server.sent
    time.sleep(0.1)
    return server.sent == sent


@pytest.mark.parametrize("moment", LEFT)
def test_who_leaves_ends_the_call_of_the_upstream(scene: Scene, moment: str) -> None:
    """A20: none of these would ever end by itself within the time that is waited here."""
    steps, is_stream, size = LEFT[moment]
    case = Case(name=f"leaving {moment}", steps=steps, status=200, is_charged=True)
    with scene.asked(case, is_stream) as connection:
        if size:
            assert len(connection.getresponse().read(size)) == size
        eventually(scene.server.asked.is_set)
        eventually(lambda: is_still(scene.server))
        assert not scene.server.gone.is_set()
    eventually(scene.server.gone.is_set, within_s=2)
    scene.settled(case, is_stream)
    query = "SELECT outcome FROM analytics_record WHERE %s = ANY (tags)"
    assert scene.stack.rows(query, tag(case, is_stream)) == [("abandoned",)]


def test_a_client_that_reads_slowly_makes_the_upstream_wait_and_costs_no_memory(scene: Scene) -> None:
    """Of a gigabyte no more is taken than the sockets on the way hold, and one queue."""
    steps, is_stream, size = LEFT["without reading a stream that goes on"]
    case = Case(name="reading slowly", steps=steps, status=200, is_charged=True)
    before_kb = scene.memory_kb("VmRSS")
    with scene.asked(case, is_stream) as connection:
        assert len(connection.getresponse().read(size)) == size
        eventually(lambda: is_still(scene.server))
        assert scene.server.sent < sum(len(step) for step in steps if isinstance(step, bytes)) / 4
        assert scene.memory_kb("VmRSS") - before_kb < MAX_QUEUE_KB
    scene.settled(case, is_stream)


def test_after_all_of_them_the_books_balance_and_memory_was_bounded(scene: Scene) -> None:
    """Written last and run last: it looks back on all that came before."""
    assert scene.ask(Case(name="good", steps=[whole(GOOD)], status=200, is_charged=True), is_stream=False)[0] == 200
    assert "equals" in scene.stack.manage("reconcile")
    assert scene.memory_kb("VmHWM") - scene.idle_kb < MAX_GROWTH_KB
