"""Every error that a request may end with, as what its client is told."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from autorouter.errors import NoCandidate, ProModel, UnknownModel, UnknownPolicy, UnknownTaskType
from autorouter.types import Exclusion
from budgets.errors import (
    AlreadySettled,
    KeysUnavailable,
    LedgerUnavailable,
    MissingKey,
    PermissionMissing,
    SpendRejected,
)
from budgets.types import Rate, Refused
from models_registry.types import Attempt
from models_registry.upstream.errors import Failed, Overloaded, Rejected, TimedOut
from routerhub.gateway.errors import AllFailed, BadRequest, BudgetRefused, TooLarge, to_api_error
from tests.gateway.fakes import NOW, decision

TRIED = (
    Attempt(
        deployment="acme/m", model="m", provider="acme", started_at=NOW, latency_ms=3, status=500, error="Failed: x"
    ),
)


def refusal(**changes: Any) -> BudgetRefused:
    values: dict[str, Any] = {
        "operation_id": UUID(int=1), "hop": 0, "limit_id": 1, "label": "account acme", "measure": "money", "period": "day",
        "limit": 1_000_000_000, "spent": 900_000_000, "reserved": 50_000_000, "asked": 60_000_000,
        "resets_at": datetime(2026, 11, 22, tzinfo=UTC),
        "retry_after_s": 3_600,
    }  # fmt: skip
    return BudgetRefused(Refused(**{**values, **changes}))


@pytest.mark.parametrize(
    ("error", "status", "code", "param"),
    [
        (BadRequest("x", "n"), 400, "invalid_value", "n"),
        (TooLarge(10), 413, "body_too_large", None),
        (MissingKey(), 401, "invalid_api_key", None),
        (PermissionMissing("k", "inference", frozenset()), 403, "permission_missing", None),
        (UnknownModel("x:y"), 404, "model_not_found", "model"),
        (ProModel("x:y", "acme"), 403, "pro_model", "model"),
        (UnknownPolicy("p", ["q"]), 404, "policy_not_found", "policy"),
        (UnknownTaskType("t", ["u"]), 400, "invalid_value", "routerhub.task_type"),
        (NoCandidate(decision()), 422, "no_candidate", "model"),
        (refusal(), 429, "insufficient_quota", None),
        (refusal(measure="requests", period="minute"), 429, "rate_limit_exceeded", None),
        (SpendRejected("a NUL"), 400, "not_recordable", None),
        (AlreadySettled(UUID(int=1), 0), 409, "already_settled", None),
        (KeysUnavailable(), 503, "keys_unavailable", None),
        (LedgerUnavailable(), 503, "ledger_unavailable", None),
        (AllFailed(Failed("x", status=500), TRIED), 502, "Failed", None),
        (AllFailed(TimedOut("x"), TRIED), 504, "TimedOut", None),
        (ZeroDivisionError(), 500, None, None),
    ],
)
def test_each_error_has_its_status_its_code_and_its_field(
    error: Exception, status: int, code: str | None, param: str | None
) -> None:
    told = to_api_error(error)
    assert (told.status, told.code, told.param) == (status, code, param)
    assert len(told.message) >= 1


def test_a_budgets_figures_are_told_in_dollars_and_in_words() -> None:
    told = to_api_error(refusal())
    assert told.details["budget"] == {
        "scope": "account acme", "measure": "money", "period": "day", "limit_usd": "1", "spent_usd": "0.9",
        "reserved_usd": "0.05", "asked_usd": "0.06", "resets_at": "2026-11-22T00:00:00+00:00",
    }  # fmt: skip
    assert told.message == (
        "The limit of account acme is 1 USD per day: 0.9 USD are spent, 0.05 USD reserved, and this request may need "
        "0.06 USD. It resets at 2026-11-22 00:00 UTC."
    )
    assert told.headers["x-should-retry"] == "false", "a budget does not come back in a second"


RATE: dict[str, Any] = {
    "measure": "requests", "period": "minute", "limit": 10, "spent": 10, "reserved": 0, "asked": 1, "retry_after_s": 72,
}  # fmt: skip


def test_a_rate_is_worth_a_retry_and_says_when_and_how_it_stands() -> None:
    told = to_api_error(refusal(**RATE))
    assert (told.type, told.details["budget"]["limit"]) == ("rate_limit_error", 10)
    assert told.headers == {"x-should-retry": "true", "Retry-After": "72"}
    assert told.rates == (Rate(measure="requests", limit=10, remaining=0, reset_s=72),)
    assert told.message.endswith("this request may need 1 requests. There is room for it in 72 s.")


def test_what_a_rate_never_has_room_for_is_worth_no_retry() -> None:
    told = to_api_error(refusal(**{**RATE, "asked": 11, "resets_at": None, "retry_after_s": None}))
    assert (told.headers["x-should-retry"], "Retry-After" in told.headers) == ("false", False)
    assert told.message.endswith("That is more than there ever is room for.")


def test_a_number_of_requests_a_day_says_when_it_comes_back_but_is_no_rate() -> None:
    told = to_api_error(refusal(measure="requests"))
    assert told.headers == {"x-should-retry": "false", "Retry-After": "3600"}


def test_an_upstreams_refusal_is_passed_on_in_its_own_words() -> None:
    rejected = Rejected("too long", status=400, code="context_length_exceeded", param="messages")
    told = to_api_error(AllFailed(rejected, TRIED))
    assert (told.status, told.message, told.type) == (400, "too long", "invalid_request_error")
    assert (told.code, told.param) == ("context_length_exceeded", "messages")
    assert told.details["attempts"] == [{"deployment": "acme/m", "status": 500, "latency_ms": 3, "error": "Failed: x"}]


def test_an_upstreams_pause_reaches_the_client_rounded_up() -> None:
    told = to_api_error(AllFailed(Overloaded("busy", status=429, retry_after_s=1.2), TRIED))
    assert (told.status, told.headers["Retry-After"]) == (502, "2")


def test_a_refusal_of_another_kind_is_a_bad_request() -> None:
    for status in (418, 405, 200, None):
        assert to_api_error(AllFailed(Rejected("no", status=status), TRIED)).status == 400
    assert [to_api_error(AllFailed(Rejected("no", status=each), TRIED)).status for each in (413, 422)] == [413, 422]


def test_where_everybody_was_asked_too_often_the_client_asks_too_often() -> None:
    busy = replace(TRIED[0], status=429)
    told = to_api_error(AllFailed(Overloaded("busy", status=429, retry_after_s=30), (busy, busy)))
    assert (told.status, told.headers) == (429, {"x-should-retry": "true", "Retry-After": "30"})
    assert to_api_error(AllFailed(Overloaded("busy", status=429), (*TRIED, busy))).status == 502


def test_why_no_model_can_take_it_is_told_model_by_model() -> None:
    out = Exclusion(model="x:y", code="context", reason="too long")
    told = to_api_error(NoCandidate(replace(decision(), excluded=(out,))))
    assert told.details == {"excluded": [{"model": "x:y", "reason": "too long"}]}
