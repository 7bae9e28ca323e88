from dataclasses import replace

from autorouter.decision.explain import as_json, why
from autorouter.types import Constraints
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task, whole_decision

KNOWN = catalogue(model("a:best", ("2", "4")), model("a:other"), model("a:off", is_available=False))
RELEASE = router(profile("a:best", "90", coding="90.5"), policies=(policy("code", "a:other"),))


def test_the_json_has_the_documented_shape() -> None:
    shown = as_json(whole_decision(KNOWN, RELEASE, task(), Constraints(previous_model="a:best"), SANDBOXED, NOW))
    assert shown["model"] == "a:best"
    assert shown["provider"] == "a"
    assert shown["score"] == 34.65
    assert shown["releases"] == {"catalogue": 3, "router": 7}
    assert shown["estimated_cost_usd"] == 0.004
    assert shown["task"] == {
        "category": "coding", "complexity": "moderate", "confidence": None, "second": None, "likely": None, "read_by": None,
        "why": "The request itself says that it is coding.", "input_tokens": 1000, "needs": [], "long_context": False,
        "origin": "given",
    }  # fmt: skip
    assert shown["candidates"][0]["terms"] == {
        "category": 90.5, "stickiness": 25.0, "reasoning": 0.0, "research": 0.0,
        "complexity_factor": 1.0, "tier_weight": 0.3, "speed": 0.0,
    }  # fmt: skip
    assert shown["excluded"] == [{"model": "a:off", "code": "unavailable", "reason": "it is unavailable"}]


def test_the_sentence_tells_score_and_runner_up() -> None:
    decision = whole_decision(KNOWN, RELEASE, task(), Constraints(previous_model="a:best"), SANDBOXED, NOW)
    assert why(decision) == (
        "a:best suits a moderate coding task best: score 34.65, 90.5 in its category plus 25 for"
        " stickiness times 0.3 for the mid tier; next is a:other with 21."
    )


def test_a_policys_choice_is_told_as_such() -> None:
    decision = whole_decision(KNOWN, RELEASE, task(), Constraints(policy="code"), SANDBOXED, NOW)
    assert why(decision) == "a:other is the first model of policy code that can take this request."


def test_of_a_policys_order_no_score_is_told() -> None:
    release = router(profile("a:best", "90"), policies=(policy("code", "a:other", "a:best"),))
    decision = whole_decision(KNOWN, release, task(), Constraints(policy="code"), SANDBOXED, NOW)
    assert why(decision).endswith("the first model of policy code that can take this request; next is a:best.")


def test_what_draws_a_policys_order_is_told() -> None:
    asked = Constraints(policy="code", priority="cost", preferred_providers=frozenset({"a"}))
    assert why(whole_decision(KNOWN, RELEASE, task(), asked, SANDBOXED, NOW)) == (
        "a:other is the first model of policy code that can take this request, drawn by preferred providers and cost as far"
        " as staff allow."
    )


def test_a_model_that_was_asked_for_by_name_is_not_told_to_suit_best() -> None:
    decision = whole_decision(KNOWN, RELEASE, task(), Constraints(candidates=("a:other",)), SANDBOXED, NOW)
    assert why(decision) == "a:other was asked for by name."


def test_the_best_of_those_that_were_asked_for_is_told_as_such() -> None:
    asked = Constraints(candidates=("a:other", "a:best"))
    decision = whole_decision(KNOWN, RELEASE, task(), asked, SANDBOXED, NOW)
    assert why(decision).startswith(
        "a:best suits a moderate coding task best of the 2 that were asked for: score 27.15"
    )


def test_nothing_left_is_told_with_nulls() -> None:
    decision = whole_decision(KNOWN, RELEASE, task(), Constraints(candidates=("a:off",)), SANDBOXED, NOW)
    shown = as_json(decision)
    assert (shown["model"], shown["score"], shown["candidates"]) == (None, None, [])
    assert "all 1 considered" in shown["why"]


def test_a_stand_in_is_told_as_such() -> None:
    decision = whole_decision(KNOWN, RELEASE, task(), Constraints(rules=("cheap",)), SANDBOXED, NOW)
    assert why(decision, decision.candidates[1]) == (
        "a:other stands in for a:best, which could not be used: score 21, 70 in its category times 0.3 for the mid tier;"
        " rule cheap fired."
    )
    assert why(decision, decision.candidates[0]) == why(decision)


def test_who_is_out_for_its_region_is_told_with_where_it_lies_and_which_were_allowed() -> None:
    near, far = (
        replace(each, deployments=(replace(each.deployments[0], regions=(region,)),))
        for each, region in ((model("a:near"), "eu"), (model("a:far"), "us"))
    )
    known = catalogue(near, far, model("a:anywhere"))
    decision = whole_decision(known, router(), task(), Constraints(regions=frozenset({"eu"})), SANDBOXED, NOW)
    shown = as_json(decision)
    assert (shown["model"], shown["regions"]) == ("a:near", ["eu"])
    assert shown["excluded"] == [
        {"model": "a:anywhere", "code": "region", "reason": told("a:anywhere", "unknown")},
        {"model": "a:far", "code": "region", "reason": told("a:far", "us")},
    ]
    assert why(decision).endswith("; only places in eu were allowed.")


def told(name: str, region: str) -> str:
    return f"no place of it is known to stay in eu: sandbox/{name} ({region})"
