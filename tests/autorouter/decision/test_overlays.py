"""What the five priorities promise, over made-up worlds and over the prompts and releases that ship."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.configuration.release0 import STATIC as ROUTER
from autorouter.decision.candidates import is_local, serving
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.decision.walk import PRIORITY_MARGIN
from autorouter.types import (
    CATEGORIES,
    COMPLEXITIES,
    PRIORITIES,
    Candidate,
    Constraints,
    Decision,
    Priority,
    RouterRelease,
    Task,
)
from experiments.replay import traffic
from experiments.types import Situation
from models_registry.catalogue.release0 import STATIC as CATALOGUE
from models_registry.types import Availability, Catalogue
from tests.autorouter.fakes import NOW, catalogue, model, policy, profile, router, task, whole_decision

MEASURES: dict[Priority, Callable[[Candidate], Decimal]] = {
    "cost": lambda each: each.estimated_cost_usd,
    "quality": lambda each: -each.quality,
    "speed": lambda each: -each.terms.speed,
}
"""What each priority wants low."""
PROVIDERS: dict[str, dict[str, Any]] = {"home": {"is_local": True}, "zdr": {"is_zero_retention": True}, "open": {}}
DRAWN = st.lists(
    st.tuples(
        st.sampled_from(sorted(PROVIDERS)),
        st.sampled_from(["flash", "pro", "nano", "lite", "thinking"]),
        st.sampled_from(["0", "0.05", "0.4", "2.5", "8"]),
        st.sampled_from(["0.2", "1", "4", "40"]),
        st.integers(0, 100),
        st.integers(0, 100),
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip
TASKS = st.builds(
    task, category=st.sampled_from(CATEGORIES), complexity=st.sampled_from(COMPLEXITIES), input_tokens=st.integers(0, 9_000)
)  # fmt: skip
EVERYWHERE = Availability(providers=frozenset(PROVIDERS), sandbox=False)


def world(drawn: Any) -> tuple[Catalogue, RouterRelease]:
    ids = [f"{provider}:{at}-{word}" for at, (provider, word, *_) in enumerate(drawn)]
    known = catalogue(
        *(model(name, prices) for name, (_, _, *prices, _, _) in zip(ids, drawn, strict=True)), **PROVIDERS
    )
    profiles = [
        profile(name, f"{quality}", **dict.fromkeys(CATEGORIES, f"{score}"))
        for name, (*_, quality, score) in zip(ids, drawn, strict=True)
    ]
    return known, router(*profiles)


def decided(known: Catalogue, release: RouterRelease, asked: Task, **constraints: Any) -> Decision:
    return whole_decision(known, release, asked, Constraints(**constraints), EVERYWHERE, NOW)


def order(decision: Decision) -> list[str]:
    return [each.model for each in decision.candidates]


def by_score(decision: Decision) -> list[str]:
    """The order that scoring alone gives: ties go to the lower mean price, then to the id."""
    return [
        each.model for each in sorted(decision.candidates, key=lambda each: (-each.score, each.mean_price, each.model))
    ]


@given(DRAWN, TASKS)
def test_balanced_is_exactly_the_order_of_the_scores(drawn: Any, asked: Task) -> None:
    decision = decided(*world(drawn), asked)
    assert order(decision) == by_score(decision)
    assert len(decision.candidates) == len(drawn)


@given(DRAWN, TASKS, st.sampled_from(sorted(MEASURES)))
def test_a_priority_takes_the_best_by_its_measure_near_the_best_score(
    drawn: Any, asked: Task, priority: Priority
) -> None:
    known, release = world(drawn)
    balanced = decided(known, release, asked)
    decision = decided(known, release, asked, priority=priority)
    chosen, plain, measure = decision.candidates[0], balanced.candidates[0], MEASURES[priority]
    assert measure(chosen) <= measure(plain)
    floor = plain.score - PRIORITY_MARGIN * abs(plain.score)
    assert measure(chosen) == min(measure(each) for each in balanced.candidates if each.score >= floor)
    assert sorted(order(decision)) == sorted(order(balanced)), "none is lost"


@given(DRAWN, TASKS)
def test_privacy_uses_only_private_providers_and_a_local_one_where_there_is_one(drawn: Any, asked: Task) -> None:
    known, release = world(drawn)
    decision = decided(known, release, asked, priority="privacy")
    assert {each.provider for each in decision.candidates} <= {"home", "zdr"}
    assert {out.code for out in decision.excluded} <= {"privacy"}
    locals_first = [is_local(known.models[name], known.providers) for name in order(decision)]
    assert locals_first == sorted(locals_first, reverse=True)
    if any(provider == "home" for provider, *_ in drawn):
        assert decision.candidates[0].provider == "home"


def test_privacy_calls_a_model_only_where_it_is_private() -> None:
    """A model that a private and an open provider serve is called at the private one alone."""
    private = model("zdr:a", served_by="zdr")
    shared = replace(private, deployments=(model("open:a", served_by="open").deployments[0], *private.deployments))
    known = catalogue(shared, **PROVIDERS)
    constraints = Constraints(priority="privacy")
    assert [each.provider for each in serving(shared, known.providers, constraints, EVERYWHERE)] == ["zdr"]
    assert len(serving(shared, known.providers, Constraints(), EVERYWHERE)) == 2


@given(DRAWN, TASKS, st.sampled_from(PRIORITIES))
def test_where_staff_allow_no_places_a_policy_goes_before_any_priority_but_privacys_filter(
    drawn: Any, asked: Task, priority: Priority
) -> None:
    known, release = world(drawn)
    names = sorted(known.models, reverse=True)
    config = replace(release.config, policy_max_places=0)
    release = replace(release, config=config, policies={"own": policy("own", *names)})
    decision = decided(known, release, asked, priority=priority, policy="own")
    assert order(decision) == [name for name in names if name in order(decision)]


@given(DRAWN, TASKS, st.sampled_from(sorted(MEASURES)), st.integers(1, 20))
def test_within_a_policy_a_priority_never_does_worse_on_its_measure_and_moves_nobody_further_than_allowed(
    drawn: Any, asked: Task, priority: Priority, most: int
) -> None:
    known, release = world(drawn)
    config = replace(release.config, policy_max_places=most)
    release = replace(release, config=config, policies={"own": policy("own", *sorted(known.models))})
    written = order(decided(known, release, asked, policy="own"))
    decision = decided(known, release, asked, priority=priority, policy="own")
    assert all(abs(written.index(name) - at) <= most for at, name in enumerate(order(decision)))
    first = next(each for each in decision.candidates if each.model == written[0])
    assert MEASURES[priority](decision.candidates[0]) <= MEASURES[priority](first)


def test_within_a_policy_preferred_providers_come_first_and_the_priority_orders_among_them() -> None:
    known = catalogue(*(model(f"{name}:m", (price, price)) for name, price in zip("abcd", "4231", strict=True)))

    def ordered(most: int, **asked: Any) -> str:
        release = router(policies=(policy("own", "a:m", "b:m", "c:m", "d:m"),), policy_max_places=most)
        return "".join(
            name[0] for name in order(whole_decision(known, release, task(), Constraints(policy="own", **asked)))
        )

    both = frozenset({"c", "d"})
    assert ordered(4) == "abcd"
    assert ordered(4, preferred_providers=both) == "cdab"
    assert ordered(4, preferred_providers=both, priority="cost") == "dcba"
    assert ordered(4, priority="cost") == "dbca"
    assert ordered(1, priority="cost") == "badc"
    assert ordered(1, preferred_models=frozenset({"d:m"})) == "abdc"
    assert ordered(0, preferred_providers=both, priority="cost") == "abcd"


# --- over the prompts that ship, with the releases that ship


@cache
def situations() -> tuple[Situation, ...]:
    return tuple(traffic.built_in().situations)


@cache
def replayed(priority: Priority) -> tuple[Decision, ...]:
    """Every different situation of the built-in traffic, decided with a priority."""
    rankings = Rankings(catalogue=CATALOGUE, router=ROUTER, availability=situations()[0].availability)
    return tuple(
        decide(rankings, asked, Constraints(priority=priority), NOW, enough=None)
        for asked in {each.task: None for each in situations()}
    )


def test_there_is_traffic_of_many_kinds() -> None:
    assert len(situations()) >= 100
    assert len({(each.task.category, each.task.complexity) for each in situations()}) >= 12
    assert all(decision.chosen for decision in replayed("balanced"))


def test_balanced_is_the_order_of_the_scores_for_every_prompt() -> None:
    assert all(order(decision) == by_score(decision) for decision in replayed("balanced"))


@pytest.mark.parametrize("priority", sorted(MEASURES))
def test_no_prompt_does_worse_than_balanced_on_the_prioritys_own_measure(priority: Priority) -> None:
    measure = MEASURES[priority]
    pairs = [
        (measure(own.candidates[0]), measure(plain.candidates[0]))
        for own, plain in zip(replayed(priority), replayed("balanced"), strict=True)
    ]
    assert all(own <= plain for own, plain in pairs)
    if priority != "speed":  # balanced takes the quickest of those near the best already
        assert sum(own for own, _ in pairs) < sum(plain for _, plain in pairs), "over all it is better"


def test_privacy_takes_only_private_providers_for_every_prompt() -> None:
    for decision in replayed("privacy"):
        for each in decision.candidates:
            facts = [CATALOGUE.providers[place.provider] for place in CATALOGUE.models[each.model].deployments]
            assert any(fact.is_local or fact.is_zero_retention for fact in facts), each.model
        has_local = [is_local(CATALOGUE.models[name], CATALOGUE.providers) for name in order(decision)]
        assert has_local == sorted(has_local, reverse=True)
