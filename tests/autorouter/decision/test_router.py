from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.errors import UnknownModel, UnknownPolicy
from autorouter.types import CATEGORIES, COMPLEXITIES, Constraints, Decision, Priority, RouterRelease, Task
from models_registry.types import Availability, Catalogue
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task, whole_decision

CHEAP, DEAR = ("0.1", "0.3"), ("10", "30")


def decided(
    known: Catalogue,
    release: RouterRelease | None = None,
    asked: Task | None = None,
    availability: Availability = SANDBOXED,
    **constraints: Any,
) -> Decision:
    return whole_decision(known, release or router(), asked or task(), Constraints(**constraints), availability, NOW)


def order(decision: Decision) -> list[str]:
    return [candidate.model for candidate in decision.candidates]


def excluded(decision: Decision) -> dict[str, str]:
    return {out.model: out.code for out in decision.excluded}


def test_the_highest_score_comes_first() -> None:
    known = catalogue(model("a:good"), model("a:better"))
    release = router(profile("a:good", "80", coding="80"), profile("a:better", "80", coding="81"))
    assert order(decided(known, release)) == ["a:better", "a:good"]


def test_a_tie_goes_to_the_lower_mean_price_then_to_the_id() -> None:
    known = catalogue(model("b:same", ("1", "3")), model("a:same", ("1", "3")), model("z:cheaper", ("1", "2.8")))
    assert order(decided(known)) == ["z:cheaper", "a:same", "b:same"]


def test_the_decision_names_its_releases_and_every_model_once() -> None:
    decision = decided(catalogue(model("a:in"), model("a:out", is_available=False)))
    assert (decision.catalogue_release, decision.router_release) == (3, 7)
    assert order(decision) == ["a:in"]
    assert excluded(decision) == {"a:out": "unavailable"}


@pytest.mark.parametrize(
    ("changes", "asked", "code"),
    [
        ({"capabilities": frozenset()}, {"needs": frozenset({"vision"})}, "capability"),
        ({"supports_reasoning": False}, {"needs": frozenset({"reasoning"})}, "capability"),
        ({"context_window": 10_000, "max_output": 100}, {"input_tokens": 8_334}, "context"),
        ({"is_available": False}, {}, "unavailable"),
        ({"status": "down"}, {}, "unavailable"),
        ({"deprecated_from": date(2026, 11, 21)}, {}, "deprecated"),
        ({"is_internal_only": True}, {}, "internal"),
        ({"is_pro": True}, {}, "pro"),
        ({"prices": None}, {}, "price"),
    ],
)
def test_a_model_is_out_with_its_reason(changes: dict[str, Any], asked: dict[str, Any], code: str) -> None:
    decision = decided(catalogue(model("a:b", **changes)), asked=task(**asked))
    assert excluded(decision) == {"a:b": code}
    assert decision.chosen is None


def test_a_prompt_that_just_fits_with_the_buffer_stays_in() -> None:
    known = catalogue(model("a:b", context_window=12_000, max_output=100))
    assert order(decided(known, asked=task(input_tokens=10_000))) == ["a:b"]
    assert excluded(decided(known, asked=task(input_tokens=10_001))) == {"a:b": "context"}


def test_a_model_is_chosen_until_the_day_it_is_deprecated_from() -> None:
    known = catalogue(model("a:b", deprecated_from=date(2026, 11, 22)))
    assert order(decided(known)) == ["a:b"]


def test_every_reason_is_told_and_the_first_gives_the_code() -> None:
    known = catalogue(model("a:b", is_available=False, context_window=10, max_output=1, successor="a:c"))
    out = decided(known).excluded[0]
    assert out.code == "unavailable"
    assert "unavailable" in out.reason
    assert "exceed its window of 10" in out.reason


def test_the_reason_of_a_deprecated_model_names_its_successor() -> None:
    known = catalogue(model("a:b", deprecated_from=date(2026, 1, 1), successor="a:c"))
    assert "use a:c" in decided(known).excluded[0].reason


def test_in_a_policy_the_successor_of_a_deprecated_model_takes_its_place() -> None:
    known = catalogue(
        model("a:old", deprecated_from=date(2026, 11, 21), successor="a:newer"),
        model("a:newer", deprecated_from=date(2026, 11, 1), successor="a:newest"),
        model("a:newest"), model("a:other"),
    )  # fmt: skip
    release = router(policies=(policy("code", "a:old", "a:other"),))
    decision = decided(known, release, policy="code")
    assert order(decision) == ["a:newest", "a:other"]
    assert {out.model: out.reason for out in decision.excluded} == {
        "a:old": "it is deprecated since 2026-11-21, use a:newer",
        "a:newer": "it is deprecated since 2026-11-01, use a:newest",
    }


def test_over_the_cost_limit_is_out_and_at_the_limit_is_in() -> None:
    known = catalogue(model("a:b", ("1", "3")))  # 1,000 in and 500 out cost 0.0025 USD
    assert order(decided(known, max_cost_usd=Decimal("0.0025"))) == ["a:b"]
    assert excluded(decided(known, max_cost_usd=Decimal("0.0024"))) == {"a:b": "cost"}


def test_the_lower_of_the_requests_and_the_policys_limit_counts() -> None:
    known = catalogue(model("a:b"))
    release = router(policies=(policy("ops", "a:b", max_cost_usd="0.001"),))
    assert excluded(decided(known, release, policy="ops", max_cost_usd=Decimal(1))) == {"a:b": "cost"}


def test_a_measured_latency_over_the_limit_is_out_and_an_unknown_one_is_not() -> None:
    known = catalogue(model("a:slow"), model("a:unknown"))
    availability = Availability(providers=frozenset({"a"}), sandbox=False, latency_ms={"a:slow": 900})
    assert excluded(decided(known, availability=availability, max_latency_ms=800)) == {"a:slow": "latency"}


def test_a_blocked_provider_is_out() -> None:
    known = catalogue(model("a:one"), model("b:two"))
    assert excluded(decided(known, blocked_providers=frozenset({"a"}))) == {"a:one": "blocked"}


def test_an_open_circuit_takes_a_model_out_only_when_no_other_deployment_is_left() -> None:
    known = catalogue(model("a:one"), model("a:two"))
    availability = Availability(providers=frozenset({"a"}), sandbox=False, open_circuits={"a/one": "since noon: down"})
    assert excluded(decided(known, availability=availability)) == {"a:one": "circuit"}


def test_without_a_key_a_model_cannot_be_chosen_and_the_reason_says_so() -> None:
    known = catalogue(model("a:one"), model("b:two"))
    decision = decided(known, availability=Availability(providers=frozenset({"b"}), sandbox=False))
    assert excluded(decision) == {"a:one": "credential"}
    assert "no API key for a" in decision.excluded[0].reason


def test_given_candidates_are_the_only_ones_looked_at() -> None:
    known = catalogue(model("a:one"), model("a:two"), model("a:three"))
    decision = decided(known, candidates=("a:two", "a:one"))
    assert sorted(order(decision)) == ["a:one", "a:two"]
    assert decision.excluded == ()


def test_an_unknown_candidate_is_an_error_that_names_its_place() -> None:
    with pytest.raises(UnknownModel, match="a:nothing") as caught:
        decided(catalogue(model("a:one")), candidates=("a:one", "a:nothing"))
    assert caught.value.field == "candidates[1]"


def test_an_unknown_policy_is_an_error_that_lists_the_active_ones() -> None:
    with pytest.raises(UnknownPolicy, match="Allowed: code, ops"):
        decided(
            catalogue(model("a:one")), router(policies=(policy("ops", "a:one"), policy("code", "a:one"))), policy="x"
        )


def test_a_policys_own_order_goes_before_the_score() -> None:
    known = catalogue(model("a:one"), model("a:two"), model("a:three"))
    release = router(profile("a:three", "99", coding="99"), policies=(policy("code", "a:two", "a:three", "a:gone"),))
    assert order(decided(known, release, policy="code")) == ["a:two", "a:three"]


def test_stickiness_keeps_the_model_and_zero_lets_it_go() -> None:
    known = catalogue(model("a:best"), model("a:previous"))
    profiles = (profile("a:best", "90", coding="90"), profile("a:previous", "80", coding="80"))
    assert order(decided(known, router(*profiles), previous_model="a:previous"))[0] == "a:previous"
    without = router(*profiles, stickiness_bonus=Decimal(0))
    assert order(decided(known, without, previous_model="a:previous"))[0] == "a:best"


def test_privacy_allows_only_private_providers_and_prefers_local_ones() -> None:
    known = catalogue(
        model("zdr:best"),
        model("home:small"),
        model("open:any"),
        zdr={"is_zero_retention": True},
        home={"is_local": True},
    )
    decision = decided(known, router(profile("zdr:best", "95", coding="95")), priority="privacy")
    assert order(decision) == ["home:small", "zdr:best"]
    assert excluded(decision) == {"open:any": "privacy"}


MODELS = st.lists(
    st.tuples(
        st.sampled_from(["flash", "pro", "nano", "lite", "max", "thinking"]),
        st.sampled_from(["0.05", "0.4", "1", "2.5", "8"]),
        st.sampled_from(["0.2", "1", "4", "12", "40"]),
        st.integers(40, 100),
    ),
    min_size=1,
    max_size=8,
)


def _world(drawn: list[tuple[str, str, str, int]]) -> tuple[Catalogue, RouterRelease]:
    models = [model(f"a:{at}-{word}", (cost, more)) for at, (word, cost, more, _) in enumerate(drawn)]
    scores = [dict.fromkeys(CATEGORIES, str(quality)) for *_, quality in drawn]
    profiles = [profile(each.id, given["coding"], **given) for each, given in zip(models, scores, strict=True)]
    return catalogue(*models), router(*profiles)


@given(MODELS, st.sampled_from(CATEGORIES), st.sampled_from(COMPLEXITIES))
def test_no_priority_does_worse_than_balanced_on_its_own_measure(drawn: Any, category: str, complexity: str) -> None:
    known, release = _world(drawn)
    asked = task(category=category, complexity=complexity)

    def chosen(priority: Priority) -> Any:
        return decided(known, release, asked, priority=priority).chosen

    balanced = chosen("balanced")
    assert chosen("cost").estimated_cost_usd <= balanced.estimated_cost_usd
    assert chosen("quality").quality >= balanced.quality
    assert chosen("speed").terms.speed >= balanced.terms.speed


@given(MODELS, st.randoms())
def test_the_order_of_the_catalogue_never_matters(drawn: Any, random: Any) -> None:
    known, release = _world(drawn)
    shuffled = list(known.models.values())
    random.shuffle(shuffled)
    assert decided(known, release) == decided(catalogue(*shuffled), release)
