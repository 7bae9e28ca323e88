"""Two legs of one request, over real HTTP and in the real ledger."""

from typing import Any

import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
MADE = {
    "name": "hedged", "title": "Hedged", "models": ["openai:gpt-5", "openai:gpt-4o-mini"], "hedge_after_ms": 1,
    "reason": "a test's",
}  # fmt: skip
ASKED: dict[str, Any] = {"model": "policy:hedged", "sandbox": {"latency_ms": 500}}


def test_where_a_policy_says_so_a_silent_place_is_hedged_and_both_legs_stand_in_the_books(stack: Stack) -> None:
    assert stack.call("/api/routing/policies", MADE)[0] == 201
    told = eventually(lambda: (answer := stack.chat(**ASKED))[0] == 200 and answer[1]["routerhub"])
    operation, attempts = told["operation_id"], told["attempts"]
    assert {each["deployment"] for each in attempts} == {"sandbox/openai:gpt-5", "sandbox/openai:gpt-4o-mini"}
    assert [each["error"] for each in attempts] == ["Cut: Another place was quicker.", None]
    record = stack.call(f"/api/requests/{operation}")[1]
    assert [each["was_cut"] for each in record["attempts"]] == [True, False]
    assert [each["is_hedge"] for each in record["attempts"]].count(True) == 1
    assert record["cost_usd"] == told["cost_usd"]
    entries = "SELECT outcome FROM budgets_ledgerentry WHERE operation_id = %s ORDER BY outcome"
    assert stack.rows(entries, operation) == [("abandoned",), ("success",)]
    assert stack.rows("SELECT count(*) FROM budgets_hold WHERE operation_id = %s", operation) == [(0,)]
    stack.manage("reconcile")
