"""What a request says, and the keys that it is asked with, stand in no line of the log, at no level, and in no metric. A canary
sits in each place where a request or an upstream can say something, and everything that can go wrong does."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from models_registry.upstream.errors import CredentialBad, Failed, Overloaded, PromptTooLong, Rejected, TimedOut
from routerhub.gateway.protocols import openai_embeddings
from routerhub.gateway.protocols.registry import chat_protocols
from routerhub.logs import JsonFormatter, LineFormatter
from routerhub.metrics import exposition, kinds
from tests.gateway.exchange import CHAT, HELLO, Exchange
from tests.gateway.fakes import Said, chunk, completion

pytestmark = pytest.mark.anyio
CANARY, KEY = "canary", "sk-canary-key"
SAID = f"it repeats a {CANARY} and {KEY}"
BODY = {
    "messages": [{"role": "system", "content": CANARY}, {"role": "user", "content": f"Sing, {CANARY}!"}],
    "user": CANARY, "metadata": {"a": CANARY}, CANARY: CANARY, "tools": [],
    "routerhub": {"session": CANARY, "tags": [CANARY]},
}  # fmt: skip
HEADERS = {
    "user-agent": CANARY, "idempotency-key": CANARY, "x-title": CANARY, "cookie": CANARY, "referer": CANARY,
    "traceparent": CANARY,
}  # fmt: skip
UPSTREAMS: list[Said | list[Said]] = [
    completion(CANARY), completion(CANARY, usage=None), Failed(SAID, status=500, code=CANARY, param=CANARY),
    Overloaded(SAID, status=429, retry_after_s=60.0), CredentialBad(SAID, status=401), Rejected(SAID, status=400),
    PromptTooLong(SAID, status=400), TimedOut(SAID), ValueError(SAID), [chunk(CANARY), chunk(finish="stop")],
    [chunk(CANARY), Failed(SAID)], [chunk(CANARY), ValueError(SAID)], [chunk(CANARY * 100_000)],
]  # fmt: skip
WRONG: list[Any] = [
    f'{{"{CANARY}'.encode(), [CANARY], {"messages": CANARY}, {**BODY, "model": CANARY}, {**BODY, "model": f"policy:{CANARY}"},
    {**BODY, "temperature": CANARY}, {**BODY, "routerhub": {CANARY: CANARY}}, {**BODY, "routerhub": {"task_type": CANARY}},
    {**BODY, "messages": [{"role": CANARY, "content": CANARY}]}, {**BODY, "previous_response_id": CANARY},
]  # fmt: skip


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, by everybody, at every level and in both forms."""
    monkeypatch.setenv("ACME_API_KEY", KEY)
    text, root = io.StringIO(), logging.getLogger()
    handlers = [logging.StreamHandler(text) for _ in range(2)]
    for handler, formatter in zip(
        handlers, (LineFormatter("%(levelname)s %(name)s %(message)s"), JsonFormatter()), strict=True
    ):
        handler.setFormatter(formatter)
        root.addHandler(handler)
    level = root.level
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(level)
    for handler in handlers:
        root.removeHandler(handler)


def is_silent(written: io.StringIO) -> None:
    """No line has the canary. The lines of our own code that a traceback shows are no secret."""
    lines = [line for line in written.getvalue().splitlines() if "canary" in line]
    assert [line for line in lines if "raise said" not in line] == []
    assert "canary" not in exposition.text(kinds.families(), "")[0].decode()


def operations(written: io.StringIO) -> set[str | None]:
    """Those that our own lines name."""
    return {line.get("operation") for line in lines_of(written)}


def told(written: io.StringIO) -> list[str]:
    """What happened, in order."""
    return [line["action"] for line in lines_of(written) if "action" in line]


def lines_of(written: io.StringIO) -> list[dict[str, Any]]:
    lines = [orjson.loads(line) for line in written.getvalue().splitlines() if line.startswith("{")]
    return [line for line in lines if line["logger"].startswith(("routerhub", "budgets.people"))]


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("said", UPSTREAMS, ids=str)
async def test_whatever_an_upstream_does_no_line_and_no_metric_has_a_word_of_it(
    written: io.StringIO, said: Said | list[Said], streams: bool
) -> None:
    exchange = Exchange(said)
    await exchange.ask({**BODY, "stream": streams}, headers=HEADERS)
    assert exchange.upstream.asked[0].api_key == KEY
    await exchange.gateway.runtime.close()
    assert "action=" in written.getvalue()
    is_silent(written)
    assert KEY.encode() not in exchange.body
    assert KEY not in str(exchange.ledger.records)
    told = "".join(circuit.reason for circuit in exchange.gateway.runtime.circuits._open.values())
    assert "canary" not in told, "whoever is passed on elsewhere is told why"


@pytest.mark.parametrize("path", [*(protocol.path for protocol in chat_protocols()), "/v1/embeddings"])
@pytest.mark.parametrize("body", WRONG, ids=str)
async def test_whatever_is_wrong_with_a_request_its_words_go_to_its_client_alone(
    written: io.StringIO, path: str, body: Any
) -> None:
    exchange = Exchange()
    await exchange.ask(body, path, headers=HEADERS)
    assert exchange.status >= 400 or "previous_response_id" in str(body), (
        "chat completions pass on what they do not know"
    )
    is_silent(written)


@pytest.mark.parametrize(
    "asked",
    [
        {"key": CANARY}, {"path": f"/v1/{CANARY}"}, {"path": f"/v1/models/{CANARY}", "method": "GET"},
        {"path": f"/v1/responses/{CANARY}", "method": "GET"}, {"query": {"key": CANARY}}, {"method": "PUT"},
        {"path": "/v1/messages/count_tokens", "body": [CANARY]}, {"headers": {"x-routerhub-canary": CANARY}},
    ],
    ids=str,
)  # fmt: skip
async def test_whoever_asks_for_whatever_neither_key_nor_address_is_written_down(
    written: io.StringIO, asked: dict[str, Any]
) -> None:
    await Exchange().ask(**{"body": BODY, **asked})
    is_silent(written)


async def test_what_nobody_expected_is_logged_with_its_operation_and_answered_with_it(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchange = Exchange(ValueError(SAID))
    await exchange.ask()
    operation = exchange.headers[b"x-routerhub-operation-id"].decode()
    assert exchange.status == 500
    assert operations(written) == {operation}
    assert f"action=request path={CHAT} operation={operation}\nTraceback" in written.getvalue()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200), ({"body": {**HELLO, "stream": True}}, 200), ({"body": {**HELLO, "routerhub": {"dry_run": True}}}, 200),
        ({"body": b"{"}, 400), ({"key": "rh_nobody"}, 401), ({"path": "/v1/models", "method": "GET"}, 200),
        ({"path": "/v1/nothing"}, 404), ({"method": "PUT"}, 405), ({"path": "/v1/messages", "body": b"{"}, 400),
        ({"path": openai_embeddings.PATH, "body": b"{"}, 400),
    ],
    ids=str,
)  # fmt: skip
async def test_every_answer_names_its_operation_and_so_does_every_line(
    written: io.StringIO, asked: dict[str, Any], status: int
) -> None:
    exchange = Exchange([completion(), chunk("Hi"), chunk(finish="stop")])
    await exchange.ask(**asked)
    await exchange.gateway.runtime.close()
    assert exchange.status == status
    ids = [value.decode() for name, value in exchange.sent[0]["headers"] if name == b"x-routerhub-operation-id"]
    assert len(ids) == 1
    assert operations(written) <= {ids[0]}


@pytest.mark.parametrize(
    ("asked", "actions"),
    [
        ({}, ["settle"]), ({"body": {"messages": CANARY}}, ["refuse", "answer_error"]),
        ({"key": "rh_nobody"}, ["refuse_caller", "answer_error"]), ({"headers": {"idempotency-key": "1"}}, ["settle"]),
    ],
    ids=str,
)  # fmt: skip
async def test_a_request_ends_with_one_line_and_an_error_with_one_more(
    written: io.StringIO, asked: dict[str, Any], actions: list[str]
) -> None:
    exchange = Exchange()
    await exchange.ask(**asked)
    assert told(written) == actions
    (last,) = [line for line in lines_of(written) if line.get("action") == actions[-1]]
    assert last["status"] == exchange.status
    assert last["ms"] >= 0


async def test_an_answer_that_is_given_again_has_a_line_of_its_own(written: io.StringIO) -> None:
    exchange = Exchange()
    for _ in range(2):
        exchange.sent.clear()
        await exchange.ask(headers={"idempotency-key": "1"})
    assert told(written) == ["settle", "replay_answer"]
