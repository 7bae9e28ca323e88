"""What one request adds to each metric."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from budgets.types import NANO
from models_registry.types import Attempt
from models_registry.upstream.errors import Failed, Overloaded
from routerhub.gateway.app import Gateway
from routerhub.gateway.observation import metrics, observing
from routerhub.gateway.protocols import openai_embeddings
from routerhub.metrics import kinds
from tests.gateway.courses import SMALL
from tests.gateway.exchange import CHAT, HELLO, Exchange
from tests.gateway.fakes import NOW, FakeUpstream, chunk, completion, runtime

pytestmark = pytest.mark.anyio
STAGES: Mapping[tuple[str, ...], Any] = {
    ("stage_seconds", stage): 1 for stage in ("auth", "decide", "reserve", "upstream", "settle")
}
MODELS = {"/v1/messages", "/v1/responses", CHAT, openai_embeddings.PATH}


def told() -> dict[tuple[str, ...], Any]:
    """Every sample by its metric's name, without routerhub_, and its labels; of a histogram how many were observed."""
    return {
        (family.name.removeprefix("routerhub_"), *labels): sum(sample[:-1]) if isinstance(sample, list) else sample
        for family in kinds.families()
        for labels, sample in family.samples.items()
    }


class Counted:
    """What was counted since."""

    def __init__(self) -> None:
        self._before = told()

    def __call__(self, *names: str) -> Mapping[tuple[str, ...], Any]:
        now = {sample: round(value - self._before.get(sample, 0), 9) for sample, value in told().items()}
        return {sample: added for sample, added in now.items() if added and sample[0] in names}


@pytest.fixture
def counted() -> Counted:
    return Counted()


async def test_an_answer_is_counted_once_by_stage_place_model_and_cost(counted: Counted) -> None:
    await Exchange(completion(usage=(10, 20))).ask()
    assert counted(
        "http_response_seconds", "stage_seconds", "operation_seconds", "attempts", "attempt_seconds", "operations_by_model",
        "tokens", "errors", "holds_open", "requests_in_flight",
    ) == {
        ("http_response_seconds", CHAT, "200"): 1,
        **STAGES,
        ("operation_seconds", "success"): 1,
        ("attempts", "acme", "first", "ok"): 1,
        ("attempt_seconds", "acme"): 1,
        ("operations_by_model", "acme", SMALL, "success"): 1,
        ("tokens", "acme", SMALL, "input"): 10,
        ("tokens", "acme", SMALL, "output"): 20,
    }  # fmt: skip
    assert counted("cost_usd") == {("cost_usd", "acme", SMALL): (10 * 100 + 20 * 300) / NANO}


async def test_a_stream_is_counted_with_its_first_token_and_is_open_no_more(counted: Counted) -> None:
    exchange = Exchange([chunk("Hi"), chunk(finish="stop"), chunk(usage=(1, 2))])
    await exchange.ask({**HELLO, "stream": True})
    await exchange.settled()
    assert counted("first_token_seconds", "streams_open", "estimated_usages") == {
        ("first_token_seconds", "acme", SMALL): 1
    }


async def test_usage_that_was_not_told_is_counted_as_estimated(counted: Counted) -> None:
    await Exchange(completion(usage=None)).ask()
    assert counted("estimated_usages") == {("estimated_usages", "acme", SMALL): 1}


async def test_every_attempt_is_counted_by_why_it_was_made_and_what_it_came_to(counted: Counted) -> None:
    await Exchange(Failed("x", status=500), Failed("x", status=500), Overloaded("x", status=429), completion()).ask()
    assert counted("attempts") == {
        ("attempts", "acme", "first", "Failed"): 1,
        ("attempts", "acme", "retry", "Failed"): 1,
        ("attempts", "acme", "model", "Overloaded"): 1,
        ("attempts", "acme", "retry", "ok"): 1,
    }


def test_a_hedge_is_told_apart_from_the_attempts_that_it_stands_between() -> None:
    first = Attempt(deployment="acme/a", model="a", provider="acme", started_at=NOW, latency_ms=1, status=200, error="")
    hedge = replace(first, deployment="beta/a", is_hedge=True)
    assert metrics.kinds([hedge, first]) == ["hedge", "first"]
    assert metrics.kinds([first, hedge, first]) == ["first", "hedge", "retry"]


@pytest.mark.parametrize(
    ("error", "result"), [("", "ok"), ("Failed: no: way", "Failed"), ("Cut: the client left", "Cut"), ("canary", "Cut")]
)
def test_an_attempts_result_is_a_word_of_the_code_whatever_was_said(error: str, result: str) -> None:
    attempt = Attempt(
        deployment="d", model="m", provider="p", started_at=NOW, latency_ms=1, status=None, error=error
    )  # fmt: skip
    assert metrics.result(attempt) == result


@pytest.mark.parametrize(
    ("asked", "status", "error"),
    [
        ({"key": "rh_nobody"}, 401, "UnknownKey"),
        ({"body": b"{"}, 400, "BadRequest"),
        ({"body": {**HELLO, "model": "acme:none"}}, 404, "UnknownModel"),
    ],
)
async def test_an_error_is_counted_by_its_kind(
    counted: Counted, asked: dict[str, Any], status: int, error: str
) -> None:
    await Exchange().ask(**asked)
    assert counted("errors", "http_response_seconds") == {
        ("errors", error): 1,
        ("http_response_seconds", CHAT, str(status)): 1,
    }


async def test_what_does_not_fit_into_a_limit_is_counted_by_the_limits_kind_and_never_by_whose_it_is(
    counted: Counted,
) -> None:
    exchange = Exchange()
    exchange.ledger.limit_nano = 0
    await exchange.ask()
    assert set(counted("limit_refusals")) == {("limit_refusals", "account", "money", "day")}
    assert counted("operation_seconds") == {("operation_seconds", "refused"): 1}


async def test_an_address_that_is_none_is_counted_under_no_name_of_its_own(counted: Counted) -> None:
    await Exchange().ask(path="/v1/canary-7", method="GET")
    assert counted("http_response_seconds") == {("http_response_seconds", "other", "404"): 1}


def test_only_addresses_of_the_code_are_labels() -> None:
    assert {*Gateway()._protocols, openai_embeddings.PATH} == MODELS


async def test_gauges_are_read_from_the_process_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in (metrics.SNAPSHOT, metrics.RELEASES, metrics.CIRCUITS, metrics.SPOOL):
        monkeypatch.setattr(each, "read", dict)
    made = runtime(FakeUpstream(completion()))
    observing.read_from(made)
    made.circuits._take_out("acme/large", None, "Failed")
    made.circuits._take_out("acme/large with environment:acme", None, "CredentialBad")
    made.circuits._take_out("environment:acme", None, "CredentialBad")
    assert metrics.CIRCUITS.read() == {
        ("deployment", "acme/large", "open"): 1,
        ("key there", "acme/large", "open"): 1,
        ("key", "", "open"): 1,
    }, "a key is not named"
