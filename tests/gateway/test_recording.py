"""Everything that came in with a key leaves one record, whatever became of it; what came without one is counted and logged."""

import asyncio
import logging
from typing import Any

import pytest

from budgets.errors import SpendRejected
from budgets.people.unknown import UNAUTHENTICATED
from models_registry.upstream.errors import Failed, TimedOut
from routerhub.gateway import app
from tests.gateway.courses import DOWN
from tests.gateway.exchange import CHAT, HELLO, Exchange
from tests.gateway.fakes import FakeLedger, chunk, completion

pytestmark = pytest.mark.anyio
MESSAGES, RESPONSES, EMBEDDINGS = "/v1/messages", "/v1/responses", "/v1/embeddings"
EVERYWHERE: list[tuple[str, Any]] = [
    (CHAT, HELLO), (MESSAGES, {**HELLO, "model": "auto", "max_tokens": 9}), (RESPONSES, {"input": "Hello", "store": False}),
    (EMBEDDINGS, {"model": "acme:small", "input": "Hello"}),
]  # fmt: skip
KEYED = {"idempotency-key": "k"}


@pytest.fixture(autouse=True)
def listening_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "LISTEN_AFTER_S", 0.001)


def of(exchange: Exchange) -> tuple[Any, ...]:
    """What its one record says of the end."""
    (record,) = exchange.ledger.records
    assert record["account_id"] == 7
    return record["outcome"], record["http_status"], record["error_kind"]


@pytest.mark.parametrize(("path", "body"), EVERYWHERE)
async def test_a_body_that_is_too_large_late_or_unreadable_is_recorded_in_every_dialect(path: str, body: Any) -> None:
    for headers in ({}, KEYED):
        large, late, unreadable = Exchange(max_body_bytes=9), Exchange(body_wait_s=0.01), Exchange()
        await large.ask(body, path, headers=headers)
        await late.ask(b"{", path, is_whole=False, headers=headers)
        await unreadable.ask(b"{", path, headers=headers)
        assert [of(each) for each in (large, late, unreadable)] == [
            ("refused", 413, "body_too_large"), ("refused", 408, "body_timeout"), ("refused", 400, "invalid_json"),
        ]  # fmt: skip


@pytest.mark.parametrize(("path", "body"), EVERYWHERE[:3])
async def test_a_client_that_leaves_is_recorded_wherever_its_request_stands(path: str, body: Any) -> None:
    sending, waiting, streaming = Exchange(), Exchange([asyncio.Event()]), Exchange([chunk("Hi"), asyncio.Event()])
    for exchange, asked in ((sending, b"{"), (waiting, body), (streaming, {**body, "stream": True})):
        exchange.leave.set()
        await exchange.ask(asked, path, is_whole=exchange is not sending)
        await exchange.settled()
        assert of(exchange) == ("abandoned", 200 if exchange is streaming else None, "client_left")
    assert (waiting.ledger.records[0]["deployment"], sending.ledger.records[0]["deployment"]) == ("acme/small", "")


async def test_a_client_that_leaves_while_it_waits_for_the_answer_of_another_is_recorded() -> None:
    exchange, go = Exchange(completion()), asyncio.Event()
    claim = exchange.gateway.runtime.store.claim

    async def slow(*given: Any) -> bool:
        await go.wait()
        return await claim(*given)

    exchange.gateway.runtime.store.claim = slow  # type: ignore[method-assign,assignment]
    exchange.leave.set()
    await exchange.ask(headers=KEYED)
    assert of(exchange) == ("abandoned", None, "client_left")
    assert exchange.sent == []


async def test_what_an_upstream_did_is_told_by_the_kind_of_its_last_error() -> None:
    failing, late, broken = Exchange(DOWN), Exchange(TimedOut("late")), Exchange([chunk("Hi"), Failed("no")])
    for exchange, body in ((failing, HELLO), (late, HELLO), (broken, {**HELLO, "stream": True})):
        await exchange.ask(body)
        await exchange.settled()
    assert [of(each) for each in (failing, late, broken)] == [
        ("failure", 502, "Failed"), ("failure", 504, "TimedOut"), ("failure", 200, "Failed"),
    ]  # fmt: skip
    assert all(each.ledger.records[0]["deployment"] for each in (failing, late, broken))


async def test_what_no_limit_has_room_for_is_recorded_by_its_code() -> None:
    exchange = Exchange()
    exchange.ledger.limit_nano = 0
    await exchange.ask()
    assert of(exchange) == ("refused", 429, "insufficient_quota")


async def test_what_the_database_does_not_take_is_recorded_without_it() -> None:
    class Rejecting(FakeLedger):
        async def reserve(self, spend: Any) -> Any:
            raise SpendRejected("no such text")

    exchange = Exchange()
    exchange.gateway.runtime.ledger = exchange.ledger = Rejecting()  # type: ignore[assignment]
    await exchange.ask()
    assert of(exchange) == ("refused", 400, "not_recordable")
    assert exchange.ledger.records[0]["requested_model"] == ""


async def test_what_nobody_foresaw_is_recorded_as_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, model in (("write_answer", "acme:small"), ("asked_of", "")):
        with monkeypatch.context() as broken:
            broken.setattr(f"routerhub.gateway.pipeline.{name}", lambda *_: 1 / 0)
            exchange = Exchange()
            await exchange.ask()
            assert of(exchange) == ("failure", 500, "internal_error")
            assert exchange.ledger.records[0]["model"] == model


async def test_the_callers_own_object_is_kept_from_field_header_and_openais_own() -> None:
    own, header = {"metadata": {"project": "own"}}, {"x-routerhub-metadata": '{"project": "header"}'}
    field = {"routerhub": {"metadata": {"project": "field", "run": {"n": 3}}}}
    cases: list[tuple[str, Any, dict[str, str], str | None]] = [
        (CHAT, {}, {}, None), (CHAT, own, {}, '{"project":"own"}'), (RESPONSES, own, {}, '{"project":"own"}'),
        (CHAT, own, header, '{"project":"header"}'), (CHAT, {**own, **field}, header, '{"project":"field","run":{"n":3}}'),
        (MESSAGES, {"metadata": {"user_id": "u"}, "max_tokens": 9, "model": "auto"}, {}, None),
    ]  # fmt: skip
    for path, body, headers, kept in cases:
        exchange = Exchange()
        said: Any = {"input": "Hello", "store": False} if path == RESPONSES else HELLO
        await exchange.ask({**said, **body}, path, headers=headers)
        assert (await exchange.settled())["metadata"] == kept
    exchange = Exchange()
    await exchange.ask({**HELLO, "metadata": {"a": "b" * 20_000}})
    assert (exchange.status, exchange.error["param"]) == (400, "metadata")
    assert exchange.error["message"] == "metadata: 20,008 bytes of JSON were given; allowed are 16,384."


async def test_with_request_logging_off_figures_are_the_same_and_nobody_is_traced() -> None:
    """H6."""
    asked = {**HELLO, "routerhub": {"session": "s", "metadata": {"a": 1}, "tags": ["t"], "worker": "w"}}
    logged, silent = Exchange(), Exchange(logs_requests=False)
    for exchange in (logged, silent):
        await exchange.ask(asked)
    (full,), (thin,) = logged.ledger.records, silent.ledger.records
    traces = {"ip": None, "user_agent": "", "session": "", "metadata": None}
    assert {name: full[name] for name in traces} == {
        "ip": "127.0.0.1", "user_agent": "tests", "session": "s", "metadata": '{"a":1}',
    }  # fmt: skip
    own = {"operation_id", "created_at", "attempts", *traces}
    assert {name: value for name, value in thin.items() if name not in own} == {
        name: value for name, value in full.items() if name not in own
    }
    assert {name: thin[name] for name in traces} == traces


@pytest.mark.parametrize(("path", "body"), EVERYWHERE[:3])
async def test_requests_of_one_session_are_one_group_in_the_records(path: str, body: Any) -> None:
    """H11, B16."""
    exchange = Exchange()
    for _ in range(3):
        await exchange.ask(body, path, headers={"x-claude-code-session-id": "s-1"})
    assert [record["session"] for record in exchange.ledger.records] == ["s-1"] * 3
    assert len({record["operation_id"] for record in exchange.ledger.records}) == 3


async def test_a_call_of_nobody_who_is_known_is_counted_by_reason_and_logged_with_its_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = UNAUTHENTICATED.labels("invalid_api_key").value
    with caplog.at_level(logging.INFO):
        for key, path, is_whole in (("rh_no", CHAT, True), ("rh_no", "/v1/models", True), ("rh_no", CHAT, False)):
            exchange = Exchange(body_wait_s=0.01)
            await exchange.ask(path=path, method="GET" if path == "/v1/models" else "POST", key=key, client="192.0.2.7",
                               is_whole=is_whole)  # fmt: skip
            assert exchange.ledger.records == []
    told = [record.getMessage() for record in caplog.records if "action=refuse_caller" in record.getMessage()]
    assert len(told) == 3
    assert all(line.endswith("reason=invalid_api_key ip=192.0.2.7") for line in told)
    assert UNAUTHENTICATED.labels("invalid_api_key").value == before + 3
