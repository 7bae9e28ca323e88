from autorouter.decision.explain import as_json, why
from autorouter.decision.router import decide
from autorouter.types import Constraints
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task

KNOWN = catalogue(model("a:best", ("2", "4")), model("a:other"), model("a:off", is_available=False))
RELEASE = router(profile("a:best", "90", coding="90.5"), policies=(policy("code", "a:other"),))


def test_the_json_has_the_documented_shape() -> None:
    told = as_json(decide(KNOWN, RELEASE, task(), Constraints(previous_model="a:best"), SANDBOXED, NOW))
    assert told["model"] == "a:best"
    assert told["provider"] == "a"
    assert told["score"] == 34.65
    assert told["releases"] == {"catalogue": 3, "router": 7}
    assert told["estimated_cost_usd"] == 0.004
    assert told["task"] == {
        "category": "coding", "complexity": "moderate", "input_tokens": 1000, "needs": [], "long_context": False,
        "origin": "given",
    }  # fmt: skip
    assert told["candidates"][0]["terms"] == {
        "category": 90.5, "stickiness": 25.0, "reasoning": 0.0, "research": 0.0,
        "complexity_factor": 1.0, "tier_weight": 0.3, "speed": 0.0,
    }  # fmt: skip
    assert told["excluded"] == [{"model": "a:off", "code": "unavailable", "reason": "it is unavailable"}]


def test_the_sentence_tells_score_and_runner_up() -> None:
    decision = decide(KNOWN, RELEASE, task(), Constraints(previous_model="a:best"), SANDBOXED, NOW)
    assert why(decision) == (
        "a:best suits a moderate coding task best among 2 models: score 34.65, 90.5 in its category plus 25 for"
        " stickiness times 0.3 for the mid tier; next is a:other with 21."
    )


def test_a_policys_choice_is_told_as_such() -> None:
    decision = decide(KNOWN, RELEASE, task(), Constraints(policy="code"), SANDBOXED, NOW)
    assert why(decision) == "a:other is the first model of policy code that can take this request."


def test_nothing_left_is_told_with_nulls() -> None:
    decision = decide(KNOWN, RELEASE, task(), Constraints(candidates=("a:off",)), SANDBOXED, NOW)
    told = as_json(decision)
    assert (told["model"], told["score"], told["candidates"]) == (None, None, [])
    assert "all 1 considered" in told["why"]
