"""POST /api/routing/select, as mission section 7 writes it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from budgets.models import Counter, Limit
from budgets.people.keys import create_key
from budgets.types import NANO
from models_registry.catalogue.release0 import STATIC
from routerhub.releases.models import Rollout
from tests.cast import Cast

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COMPLEX = {"category": "coding", "complexity": "complex", "input_tokens": 1200, "needs": ["tools"]}
GIVEN_TWO = ["openai:gpt-5", "anthropic:claude-sonnet-4"]


@pytest.fixture
def seeded(both_seeded: None, cast: Cast) -> Cast:
    return cast


def select(cast: Cast, body: object, **headers: str) -> Any:
    return Client().post("/api/routing/select", body, content_type="application/json", headers=cast.ada.auth | headers)


def test_the_two_given_profiles_score_as_the_formula_says(seeded: Cast) -> None:
    answer = select(seeded, {"task": COMPLEX, "candidates": GIVEN_TWO, "previous_model": "openai:gpt-5"}).json()
    assert answer["model"] == "openai:gpt-5"
    assert answer["provider"] == "openai"
    assert answer["score"] == (95 + 25 + 15) * 1.2 * 0.3 == 48.6
    assert [each["model"] for each in answer["candidates"]] == GIVEN_TWO
    assert answer["candidates"][1]["score"] == pytest.approx((94 + 15) * 1.2 * 0.3, abs=1e-12)
    assert answer["candidates"][0]["tier"] == "premium"
    assert answer["candidates"][0]["terms"] == {
        "category": 95, "stickiness": 25, "reasoning": 15, "research": 0,
        "complexity_factor": 1.2, "tier_weight": 0.3, "speed": 0,
    }  # fmt: skip
    assert answer["releases"] == {"catalogue": 1, "router": 1}
    assert answer["estimated_cost_usd"] == pytest.approx((1200 * 1.25 + 500 * 10) / 1e6)


def test_without_candidates_every_model_is_either_scored_or_excluded(seeded: Cast) -> None:
    answer = select(seeded, {"task": {**COMPLEX, "input_tokens": 150_000}}).json()
    excluded = {each["model"]: each["reason"] for each in answer["excluded"]}
    assert len(answer["candidates"]) + len(excluded) == len(
        [each for each in STATIC.models.values() if each.kind == "chat"]
    )
    assert "exceed its window of 131,072" in excluded["openai:gpt-oss-120b"]
    assert "lacks capability tools" in excluded["perplexity:sonar"]
    assert "deprecated since 2026-10-23, use openai:gpt-4.1" in excluded["openai:gpt-4"]
    scores = [each["score"] for each in answer["candidates"]]
    assert scores == sorted(scores, reverse=True)


def test_messages_are_classified_as_the_gateway_does(seeded: Cast) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]}]
    answer = select(seeded, {"messages": messages, "tools": [{"type": "function"}]}).json()
    assert answer["task"]["category"] == "multimodal"
    assert answer["task"]["needs"] == ["tools", "vision"]
    assert answer["task"]["origin"] == "local"


def test_messages_are_told_how_sure_their_category_is(seeded: Cast) -> None:
    task = select(
        seeded, {"messages": [{"role": "user", "content": "Fix the failing unit test in billing.py"}]}
    ).json()["task"]
    shares = list(task["likely"].values())
    assert (task["category"], task["confidence"]) == next(iter(task["likely"].items()))
    assert shares == sorted(shares, reverse=True)
    assert (list(task["likely"])[1], "table") == (task["second"], task["read_by"])
    assert task["why"].startswith(f"The table took it for coding ({shares[0]:.2f}")


def test_a_given_task_may_say_how_likely_it_is_or_nothing(seeded: Cast) -> None:
    told = {"confidence": None, "second": None, "likely": None, "read_by": None}
    for nothing in ({}, {"confidence": None, "second": None, "likely": None}):
        task = select(seeded, {"task": {**COMPLEX, **nothing}}).json()["task"]
        assert {name: task[name] for name in told} == told
    given = {"likely": {"analysis": 0.31, "coding": 0.6}, "confidence": 0.6, "second": "analysis"}
    task = select(seeded, {"task": {**COMPLEX, **given}}).json()["task"]
    assert {name: task[name] for name in given} == given
    assert list(task["likely"]) == ["coding", "analysis"]


def test_perplexity_gets_its_research_bonus(seeded: Cast) -> None:
    body = {"task": {"category": "research", "complexity": "moderate"}, "candidates": ["perplexity:sonar-pro"]}
    assert select(seeded, body).json()["candidates"][0]["terms"]["research"] == 25


def test_a_policys_order_decides(seeded: Cast) -> None:
    answer = select(seeded, {"task": COMPLEX, "policy": "code"}).json()
    assert answer["model"] == "openai:gpt-6.1-sol"


def test_a_cost_limit_excludes(seeded: Cast) -> None:
    answer = select(seeded, {"task": {**COMPLEX, "needs": []}, "max_cost_usd": 0.0002}).json()
    assert answer["candidates"]
    assert all(each["estimated_cost_usd"] <= 0.0002 for each in answer["candidates"])
    assert any("over the limit of 0.0002" in each["reason"] for each in answer["excluded"])


def test_nothing_left_is_a_problem_that_keeps_the_reasons(seeded: Cast) -> None:
    response = select(seeded, {"task": COMPLEX, "candidates": ["openai:gpt-4.1"], "max_cost_usd": 0.000001})
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert (body["model"], body["candidates"], len(body["excluded"])) == (None, [], 1)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, [""]),
        ({"messages": [{"role": "user", "content": "x"}], "task": COMPLEX}, [""]),
        ({"messages": []}, ["messages"]),
        ({"messages": "x"}, ["messages"]),
        ({"messages": [{"role": "boss", "content": "x"}]}, ["messages[0].role"]),
        ({"messages": [{"role": "user", "content": 1}]}, ["messages[0].content"]),
        ({"task": {**COMPLEX, "category": "cooking"}}, ["task.category"]),
        ({"task": {**COMPLEX, "complexity": "hard", "needs": ["wings"]}}, ["task.complexity", "task.needs[0]"]),
        ({"task": {**COMPLEX, "input_tokens": -1}}, ["task.input_tokens"]),
        ({"task": {**COMPLEX, "input_tokens": True}}, ["task.input_tokens"]),
        ({"task": {**COMPLEX, "input_tokens": 1.5}}, ["task.input_tokens"]),
        ({"task": {**COMPLEX, "colour": 1}}, ["task.colour"]),
        ({"task": {**COMPLEX, "likely": {"factual": 0.6, "coding": 0.4}}}, ["task.likely"]),
        ({"task": {**COMPLEX, "likely": {"coding": 0.9, "factual": 0.9}}}, ["task.likely"]),
        ({"task": {**COMPLEX, "likely": {"cooking": 0.9}}}, ["task.likely"]),
        ({"task": {**COMPLEX, "likely": {"coding": 1.1}}}, ["task.likely.coding"]),
        ({"task": {**COMPLEX, "likely": {"coding": 0.7}, "confidence": 0.5}}, ["task.confidence"]),
        ({"task": {**COMPLEX, "second": "factual"}}, ["task.second"]),
        ({"task": COMPLEX, "candidates": []}, ["candidates"]),
        ({"task": COMPLEX, "candidates": ["openai:gpt-5", "nobody:x"]}, ["candidates[1]"]),
        ({"task": COMPLEX, "policy": "nothing"}, ["policy"]),
        ({"task": COMPLEX, "task_type": "dance"}, ["task_type"]),
        ({"task": COMPLEX, "priority": "fun"}, ["priority"]),
        ({"task": COMPLEX, "max_cost_usd": -1}, ["max_cost_usd"]),
        ({"task": COMPLEX, "max_cost_usd": "much"}, ["max_cost_usd"]),
        ({"task": COMPLEX, "colour": 1}, ["colour"]),
    ],
)
def test_bad_input_is_a_problem_that_names_the_field(seeded: Cast, body: object, fields: list[str]) -> None:
    response = select(seeded, body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == fields
    assert all(len(error["message"]) > 5 for error in response.json()["errors"])


@pytest.mark.parametrize("body", [b"{", b"[1]", b'{"task": NaN}', b"\xff"])
def test_what_is_not_a_json_object_is_a_problem(seeded: Cast, body: bytes) -> None:
    response = select(seeded, body)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b'{"messages": "' + b"x" * 20_000_000 + b'"}', 413), (b"[" * 100_000, 400), (b'{"task":' * 50_000, 400)],
    ids=["20 MB", "deep list", "deep object"],
)
def test_a_body_too_large_or_too_deep_is_a_problem(seeded: Cast, body: bytes, status: int) -> None:
    response = select(seeded, body)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"


def test_a_body_that_is_no_json_by_its_type_is_a_problem(seeded: Cast) -> None:
    response = Client().post("/api/routing/select", b"a=1", "text/plain", headers=seeded.ada.auth)
    assert (response.status_code, response["Content-Type"]) == (415, "application/problem+json")


def test_a_choice_error_tells_what_was_given_and_what_is_allowed(seeded: Cast) -> None:
    (error,) = select(seeded, {"task": {**COMPLEX, "category": "cooking"}}).json()["errors"]
    assert error["given"] == "cooking"
    assert "allowed are coding, reasoning" in error["message"]


@pytest.mark.parametrize("header", ["", "Bearer rh_wrong", "Bearer ", "Basic eDp5"])
def test_without_a_good_key_it_is_401(seeded: Cast, header: str) -> None:
    response = select(seeded, {"task": COMPLEX}, Authorization=header)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_the_static_release_decides_while_nothing_is_live(seeded: Cast) -> None:
    Rollout.objects.all().delete()
    assert select(seeded, {"task": COMPLEX}).json()["releases"] == {"catalogue": 0, "router": 0}


def test_a_region_that_is_asked_for_rules_out_who_is_not_known_to_stay_in_it(seeded: Cast) -> None:
    answer = select(seeded, {"task": COMPLEX, "candidates": GIVEN_TWO, "region": "eu"})
    assert (answer.status_code, answer.json()["model"], answer.json()["regions"]) == (422, None, ["eu"])
    assert {each["code"] for each in answer.json()["excluded"]} == {"region"}
    assert "is known to stay in eu" in answer.json()["excluded"][0]["reason"]


@pytest.mark.parametrize("region", ["EU", ["eu", ""], 7, ["eu"] * 21])
def test_what_is_no_region_is_refused_by_its_field(seeded: Cast, region: Any) -> None:
    answer = select(seeded, {"task": COMPLEX, "region": region})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith("region")


def test_a_limit_over_its_soft_mark_pauses_the_dear_tiers(seeded: Cast) -> None:
    account = seeded.ada.account
    limit = Limit.objects.create(
        kind="task",
        subject="t",
        account=account,
        period="total",
        amount=100 * NANO,
        mode="pause",
        soft_percent=80,
        max_tier="mid",
    )
    counter = Counter.objects.create(limit=limit, measure="money", period="total", period_start=EPOCH, spent=79 * NANO)
    body = {"task": COMPLEX, "task_id": "t"}
    assert "premium" in tiers(select(seeded, body).json())
    Counter.objects.filter(pk=counter.pk).update(spent=82 * NANO)
    answer = select(seeded, body).json()
    assert tiers(answer) == {"cheap", "mid"}
    reasons = {each["model"]: each["reason"] for each in answer["excluded"]}
    assert reasons["openai:gpt-5"] == "its tier premium is paused: the total limit of money of this task is at 82 %"
    assert "premium" in tiers(select(seeded, {"task": COMPLEX}).json())


def limit(amount: int, spent: int, **scope: Any) -> Limit:
    made = Limit.objects.create(period="total", amount=amount, **{"measure": "money", **scope})
    Counter.objects.create(limit=made, measure=made.measure, period="total", period_start=EPOCH, spent=spent)
    return made


def test_a_pause_of_the_whole_site_counts_though_no_account_sees_it(seeded: Cast) -> None:
    limit(100 * NANO, 82 * NANO, kind="site", mode="pause", soft_percent=80, max_tier="mid")
    assert tiers(select(seeded, {"task": COMPLEX}).json()) == {"cheap", "mid"}


@pytest.mark.parametrize(
    ("scope", "out"),
    [
        ({"kind": "model", "subject": "openai:gpt-5"}, ["openai:gpt-5"]),
        ({"kind": "provider", "subject": "sandbox"}, [*sorted(GIVEN_TWO)]),
        ({"kind": "site"}, [*sorted(GIVEN_TWO)]),
        ({"kind": "tag", "subject": "x"}, [*sorted(GIVEN_TWO)]),
        ({"kind": "tag", "subject": "y"}, []),
        ({"kind": "site", "mode": "soft"}, []),
        ({"kind": "site", "measure": "requests", "amount": 7, "spent": 7}, [*sorted(GIVEN_TWO)]),
        ({"kind": "site", "measure": "tokens", "amount": 9_000, "spent": 7_500}, [*sorted(GIVEN_TWO)]),
        ({"kind": "site", "measure": "tokens", "amount": 9_000, "spent": 7_300}, []),
    ],
)
def test_a_limit_without_room_for_the_estimate_rules_out_what_it_counts(seeded: Cast, scope: Any, out: Any) -> None:
    limit(**{"amount": NANO, "spent": NANO - 1, **scope})
    answer = select(seeded, {"task": COMPLEX, "candidates": GIVEN_TWO, "tags": ["x"]})
    excluded = answer.json()["excluded"]
    assert [each["model"] for each in excluded] == out
    assert {each["code"] for each in excluded} <= {"budget"}
    assert answer.status_code == (422 if len(out) == 2 else 200)
    assert all("has no room for it" in each["reason"] for each in excluded)


def test_a_limit_of_each_session_counts_the_one_that_is_named(seeded: Cast) -> None:
    each = Limit.objects.create(kind="session", subject="*", measure="requests", period="total", amount=1)
    Counter.objects.create(
        limit=each,
        subject=f"{seeded.ada.account.pk}/s",
        measure="requests",
        period="total",
        period_start=EPOCH,
        spent=1,
    )
    body = {"task": COMPLEX, "candidates": GIVEN_TWO}
    assert select(seeded, {**body, "session": "s"}).status_code == 422
    assert select(seeded, {**body, "session": "other"}).status_code == 200


def test_a_key_bound_to_models_is_offered_no_others(seeded: Cast) -> None:
    _, text = create_key(seeded.ada.account, "bound", seeded.ada.user, ["routing"], models=GIVEN_TWO[:1])
    answer = select(seeded, {"task": COMPLEX, "candidates": GIVEN_TWO}, Authorization=f"Bearer {text}").json()
    assert [each["code"] for each in answer["excluded"]] == ["key"]


def tiers(answer: Any) -> set[str]:
    return {each["tier"] for each in answer["candidates"]}
