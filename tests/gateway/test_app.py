"""The gateway as an ASGI server meets it: messages in, messages out, and clients that leave."""

import asyncio
from typing import Any

import orjson
import pytest

from models_registry.upstream.errors import Failed
from routerhub.gateway import app
from tests.autorouter.fakes import model
from tests.gateway.exchange import CHAT, HELLO, Exchange
from tests.gateway.fakes import KEY, PRO_KEY, chunk, rankings

pytestmark = pytest.mark.anyio
PRO = "acme:pro"


@pytest.fixture(autouse=True)
def listening_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "LISTEN_AFTER_S", 0.01)


# --- answers


async def test_an_answer_has_its_length_its_kind_and_its_headers() -> None:
    exchange = Exchange()
    await exchange.ask()
    assert (exchange.status, exchange.headers[b"content-type"]) == (200, b"application/json")
    assert int(exchange.headers[b"content-length"]) == len(exchange.body)
    assert exchange.headers[b"x-routerhub-provider"] == b"acme"
    assert len(exchange.sent) == 2


async def test_a_stream_is_sent_piece_by_piece_and_closed() -> None:
    exchange = Exchange([chunk("Hi"), chunk(finish="stop")])
    await exchange.ask({**HELLO, "stream": True})
    assert (exchange.status, exchange.headers[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
    assert b"content-length" not in exchange.headers
    assert exchange.body.endswith(b"data: [DONE]\n\n")
    assert exchange.sent[-1] == {"type": "http.response.body", "body": b""}


async def test_a_body_may_come_in_pieces() -> None:
    exchange = Exchange()
    await exchange.ask(pieces=7)
    assert exchange.status == 200


@pytest.mark.parametrize("pieces", [1, 50])
async def test_a_body_that_is_too_large_is_refused_after_it_was_read(pieces: int) -> None:
    exchange = Exchange(max_body_bytes=1_000)
    await exchange.ask(b" " * 1_001, pieces=pieces)
    assert (exchange.status, exchange.error["code"]) == (413, "body_too_large")
    exactly = Exchange(max_body_bytes=1_000)
    await exactly.ask(orjson.dumps(HELLO).ljust(1_000), pieces=pieces)
    assert exactly.status == 200


async def test_a_body_that_never_comes_is_not_waited_for_without_end() -> None:
    exchange = Exchange(body_wait_s=0.01)
    await exchange.ask(b'{"messages": [', is_whole=False)
    assert (exchange.status, exchange.error["code"]) == (408, "body_timeout")
    assert exchange.headers[b"connection"] == b"close"
    assert "waited for 0.01 s" in exchange.error["message"]


@pytest.mark.parametrize(
    ("claimed", "known"),
    [
        ("1.2.3.4'; DROP TABLE", None),
        ("unknown", None),
        ("", None),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:9.9.9.9", "9.9.9.9"),
    ],
)
async def test_an_address_that_is_none_gets_into_no_hold_and_no_record(claimed: str, known: str | None) -> None:
    exchange = Exchange()
    await exchange.ask(client=claimed)
    assert exchange.status == 200
    assert (await exchange.settled())["ip"] == known


async def test_a_refusal_carries_its_headers() -> None:
    exchange = Exchange()
    await exchange.ask(key="rh_wrong")
    assert (exchange.status, exchange.error["code"]) == (401, "invalid_api_key")
    assert exchange.headers[b"www-authenticate"] == b'Bearer realm="RouterHub"'


async def test_what_nobody_expected_tells_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    exchange = Exchange(ZeroDivisionError("secret"))
    await exchange.ask()
    assert (exchange.status, exchange.error["type"]) == (500, "server_error")
    assert "secret" not in exchange.error["message"]
    assert "\nZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text, "its words may quote the request"
    assert (await exchange.settled())["http_status"] == 500


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/v1/nothing", "GET", 404, "not_found"),
        (CHAT, "GET", 405, "method_not_allowed"),
        ("/v1", "GET", 404, "not_found"),
    ],
)
async def test_other_addresses_and_methods_get_errors_of_the_same_shape(
    path: str, method: str, status: int, code: str
) -> None:
    exchange = Exchange()
    await exchange.ask(b"", path, method)
    assert (exchange.status, exchange.error["code"]) == (status, code)


async def test_the_models_are_listed() -> None:
    exchange = Exchange()
    await exchange.ask(b"", "/v1/models", "GET")
    assert [each["id"] for each in orjson.loads(exchange.body)["data"]] == [
        "auto", "acme:large", "acme:middle", "acme:small",
    ]  # fmt: skip
    one = Exchange()
    await one.ask(b"", "/v1/models/acme:small", "GET")
    assert orjson.loads(one.body)["owned_by"] == "acme"
    nothing = Exchange()
    await nothing.ask(b"", "/v1/models/acme:nothing", "GET")
    assert (nothing.status, nothing.error["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("key", "listed", "status"), [(KEY, ["auto", "acme:small"], 404), (PRO_KEY, ["auto", PRO, "acme:small"], 200)]
)
async def test_pro_models_are_listed_for_accounts_that_are_marked(key: str, listed: list[str], status: int) -> None:
    met = rankings(model("acme:small"), model(PRO, is_pro=True))
    every, one = Exchange(met=met), Exchange(met=met)
    await every.ask(b"", "/v1/models", "GET", key=key)
    assert [each["id"] for each in orjson.loads(every.body)["data"]] == listed
    await one.ask(b"", f"/v1/models/{PRO}", "GET", key=key)
    assert one.status == status


# --- clients that leave


async def test_who_leaves_before_the_answer_is_settled_and_sent_nothing() -> None:
    """A20: the upstream is closed within a second, and nothing is left running."""
    exchange = Exchange(asyncio.Event())
    before = asyncio.all_tasks()
    asking = asyncio.ensure_future(exchange.ask())
    await asyncio.sleep(0.02)
    assert exchange.upstream.open == 1
    exchange.leave.set()
    await asyncio.wait_for(asking, 1)
    assert (exchange.sent, (await exchange.settled())["outcome"]) == ([], "abandoned")
    assert asyncio.all_tasks() == before


async def test_who_leaves_in_a_pause_between_two_tries_is_tried_for_no_more() -> None:
    exchange = Exchange(Failed("x", status=500))
    pause = asyncio.Event()
    exchange.gateway.runtime.clock.sleep = lambda _: pause.wait()  # type: ignore[assignment, return-value]
    asking = asyncio.ensure_future(exchange.ask())
    await asyncio.sleep(0.02)
    exchange.leave.set()
    await asyncio.wait_for(asking, 1)
    assert (len(exchange.upstream.asked), (await exchange.settled())["cost_nano"]) == (1, 0)


async def test_who_leaves_in_a_stream_is_settled_at_what_was_seen() -> None:
    exchange = Exchange([chunk("Hello"), asyncio.Event()])
    before = asyncio.all_tasks()
    asking = asyncio.ensure_future(exchange.ask({**HELLO, "stream": True}))
    await asyncio.sleep(0.02)
    exchange.leave.set()
    await asyncio.wait_for(asking, 1)
    record = await exchange.settled()
    assert (record["outcome"], record["output_tokens"]) == ("abandoned", 2)
    assert exchange.sent[-1].get("more_body"), "it was not closed as if it were complete"
    assert asyncio.all_tasks() == before


async def test_who_reads_nothing_and_leaves_is_settled_too() -> None:
    """The server's send waits for a client that does not read; the cancellation reaches it there."""
    exchange = Exchange([chunk("Hello"), asyncio.Event()])
    exchange.can_read.clear()
    asking = asyncio.ensure_future(exchange.ask({**HELLO, "stream": True}))
    await asyncio.sleep(0.02)
    assert len(exchange.sent) == 1, "the head of the answer, and nobody took it"
    exchange.leave.set()
    await asyncio.wait_for(asking, 1)
    assert (await exchange.settled())["outcome"] == "abandoned"


async def test_who_leaves_while_sending_the_body_is_not_answered() -> None:
    exchange = Exchange()
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope: Any = {"type": "http", "path": CHAT, "method": "POST", "headers": [], "client": None}
    await exchange.gateway(scope, receive, send)


async def test_a_server_that_stops_cancels_and_the_request_is_settled() -> None:
    exchange = Exchange(asyncio.Event())
    asking = asyncio.ensure_future(exchange.ask())
    await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await exchange.settled())["outcome"] == "abandoned"


async def test_a_database_that_takes_no_connection_is_a_503_to_a_known_key_and_never_a_401() -> None:
    """J8: keys are known in memory."""
    exchange = Exchange()
    exchange.ledger.is_away = True
    await exchange.ask()
    assert (exchange.status, exchange.error["code"]) == (503, "ledger_unavailable")
    assert int(exchange.headers[b"retry-after"]) > 0
