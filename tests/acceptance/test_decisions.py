"""A request made through the running product is explained afterwards, and decided again to the bit, whatever is live then."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
GPT, LUNA = "openai:gpt-6.1-sol", "openai:gpt-6-luna"
PROOF = (
    "Design a distributed system architecture with consensus, prove its safety, analyse failure modes"
    " and write the full implementation in Rust"
)


@pytest.fixture
def restored(stack: Stack) -> Iterator[Stack]:
    """The product, pointed afterwards at the releases that were live before."""
    before = {line: live(stack, line) for line in ("catalogue", "router")}
    yield stack
    for line, number in before.items():
        stack.manage("rollback", line, "--to", str(number), "--reason", "after a test")
        eventually(lambda line=line, number=number: seen(stack, line) == {number})


def live(stack: Stack, line: str) -> int:
    status, body = stack.call(f"/api/rollouts/{line}")
    assert (status, body["candidate"]) == (200, None)
    return int(body["stable"])


def seen(stack: Stack, line: str) -> set[int]:
    """The releases that decide in the gateway: each process is asked twice."""
    answers = (stack.chat(routerhub={"dry_run": True})[1] for _ in range(4))
    return {answer["routerhub"]["releases"][line] for answer in answers}


def explained(stack: Stack, operation_id: str, key: str | None = None) -> Any:
    """The story, as soon as the record is there."""
    status, story = eventually(
        lambda: (found := stack.call(f"/api/decisions/{operation_id}", key=key))[0] == 200 and found
    )
    assert status == 200
    return story


def asked(stack: Stack, **body: Any) -> Any:
    """What the answer tells of its decision."""
    status, answer = stack.chat(**body)
    assert status == 200, answer
    return answer["routerhub"]


def names(candidates: Any) -> list[tuple[str, float]]:
    return [(each["model"], each["score"]) for each in candidates]


REQUESTS: list[dict[str, Any]] = [
    {},
    {"messages": [{"role": "user", "content": PROOF}]},
    {"model": GPT},
    {"model": "policy:code"},
    {"routerhub": {"task_type": "simple_query"}},
    {"routerhub": {"priority": "quality", "max_cost_usd": 0.01}},
    {"routerhub": {"priority": "cost", "candidates": [GPT, LUNA], "previous_model": LUNA}},
    {"routerhub": {"max_latency_ms": 5_000, "session": "explained"}, "tools": [{"type": "function", "function": {"name": "x"}}]},
]  # fmt: skip


@pytest.mark.parametrize("body", REQUESTS)
def test_every_kind_of_request_is_explained_and_decided_again_to_the_bit(stack: Stack, body: dict[str, Any]) -> None:
    for _ in range(2):
        told = asked(stack, **body)
        story = explained(stack, told["operation_id"])
        assert (story["reproduced"], story["problem"]) == (True, "")
        assert (story["model"], story["why"], story["releases"]) == (told["model"], told["why"], told["releases"])
        assert story["candidates"][0]["model"] == told["model"]
        scores = [each["score"] for each in story["candidates"]]
        if not body:
            assert scores == sorted(scores, reverse=True)
            assert len(scores) > 40
            assert story["would_differ"]


def test_a_dry_run_promises_the_candidates_that_the_explanation_shows(stack: Stack) -> None:
    promised = asked(stack, routerhub={"dry_run": True})
    story = explained(stack, asked(stack)["operation_id"])
    assert names(story["candidates"]) == names(promised["candidates"])
    assert story["excluded"] == promised["excluded"]
    assert story["runner_up"] == story["candidates"][1]


def raise_price(stack: Stack, model: str) -> None:
    """By a tenth, from now on."""
    place = stack.call(f"/api/models/{model}")[1]["deployments"][0]
    price = place["prices"][-1]
    body = {
        "model": model, "provider": place["provider"], "upstream_model": place["upstream_model"], "source": "a test",
        "effective_from": datetime.now(UTC).isoformat(), "dated": "2026-01-01", "output": price["output"],
        "input": str(Decimal(price["input"]) * Decimal("1.1")), "reason": "dearer",
    }  # fmt: skip
    status, answer = stack.call("/api/prices", body)
    assert (status, answer["waits_because"]) == (201, ""), answer


def test_it_stays_the_same_after_configuration_prices_and_catalogue_changed_and_after_a_rollback(
    restored: Stack,
) -> None:
    told = asked(restored, messages=[{"role": "user", "content": PROOF}])
    before = explained(restored, told["operation_id"])
    assert before["reproduced"]
    chosen = told["model"]
    raise_price(restored, chosen)
    for path, body, method in (
        ("/api/router/configuration", {"stickiness_bonus": 4, "cheap_below": 0.2}, "PATCH"),
        (f"/api/models/{chosen}", {"is_available": False, "name": "Renamed"}, "PATCH"),
    ):
        status, answer = restored.call(path, {**body, "reason": "acceptance"}, method=method)
        assert status == 200, answer
    assert live(restored, "router") != before["releases"]["router"]
    assert live(restored, "catalogue") != before["releases"]["catalogue"]
    eventually(lambda: seen(restored, "router") == {live(restored, "router")}, within_s=2)
    assert explained(restored, told["operation_id"]) == before
    restored.manage("rollback", "all", "--to-static", "--reason", "acceptance")
    eventually(lambda: seen(restored, "router") == seen(restored, "catalogue") == {0}, within_s=2)
    assert explained(restored, told["operation_id"]) == before
    later = asked(restored)
    assert explained(restored, later["operation_id"])["releases"] == {"catalogue": 0, "router": 0}


def test_a_failed_request_with_its_fallbacks_is_explained_too(stack: Stack) -> None:
    session = f"failed {uuid.uuid4()}"
    status, _ = stack.chat(sandbox={"fail": {"status": 500}}, routerhub={"session": session})
    assert status == 502
    query = "SELECT operation_id::text, model, outcome, fallback_used FROM analytics_record WHERE session = %s"
    rows = eventually(lambda: stack.rows(query, session))
    for operation, model, outcome, fallback in rows:
        story = explained(stack, operation)
        assert (story["model"], story["outcome"], story["fallback_used"]) == (model, outcome, fallback)
        assert (story["outcome"], story["reproduced"], story["problem"]) == ("failure", True, "")
    assert any(fallback for *_, fallback in rows), "three models were tried"


def test_a_request_that_took_a_cheaper_model_for_its_limit_is_explained_too(stack: Stack) -> None:
    key = stack.new_key(
        "--account=explained-thrift", "--limit-usd=0.0025", "--permission=inference", "--permission=routing"
    )
    eventually(lambda: stack.chat(key=key)[0] != 401)
    constraints = {"candidates": [GPT, LUNA], "previous_model": GPT}
    told = asked(stack, key=key, routerhub=constraints, messages=[{"role": "user", "content": PROOF}])
    assert told["model"] == LUNA
    story = explained(stack, told["operation_id"], key)
    assert (story["model"], story["reproduced"]) == (LUNA, True)
    assert [each["model"] for each in story["candidates"]] == [GPT, LUNA], "best was what did not fit"


def test_a_record_is_explained_to_its_own_account_only(stack: Stack) -> None:
    theirs = stack.new_key("--account=explained-others", "--permission=inference", "--permission=routing")
    told = asked(stack)
    explained(stack, told["operation_id"])
    for sought in (told["operation_id"], str(uuid.uuid4()), "horse"):
        status, answer = stack.call(f"/api/decisions/{sought}", key=theirs)
        assert (status, answer["status"], answer["title"]) == (404, 404, "Not Found")
    assert stack.call("/api/decisions/horse")[0] == 404


def test_the_command_explains_it_too(stack: Stack) -> None:
    told = asked(stack)
    explained(stack, told["operation_id"])
    said = stack.manage("explain", told["operation_id"]).splitlines()
    assert (said[0], said[-1]) == (told["why"], "decided again: the same to the bit")
    story = json.loads(stack.manage("explain", told["operation_id"], "--json"))
    assert (story["operation_id"], story["reproduced"]) == (told["operation_id"], True)
    with pytest.raises(AssertionError, match="There is no record of a request"):
        stack.manage("explain", str(uuid.uuid4()))


def test_the_products_own_traffic_is_replayed_without_a_change(stack: Stack) -> None:
    explained(stack, asked(stack)["operation_id"])
    status, report = stack.call("/api/backtests", {"limit": 200, "max_moved": 0})
    assert (status, report["recorded"], report["moved"], report["passed"]) == (200, True, 0, [])
    assert json.loads(stack.manage("backtest", "--limit=200", "--max-moved=0%", "--json"))["moved"] == 0
