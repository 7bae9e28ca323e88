"""The ranking decides as its plain specification does, to the last digit, whatever is asked and however few are looked for."""

import sys
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autorouter.configuration.release0 import STATIC as ROUTER
from autorouter.decision import places, ranking
from autorouter.decision.ranking import Rankings
from autorouter.decision.router import choose, decide
from autorouter.decision.standings import max_input_tokens
from autorouter.types import CATEGORIES, COMPLEXITIES, PRIORITIES, Constraints, Decision
from models_registry.catalogue.release0 import STATIC as CATALOGUE
from models_registry.types import Availability, Catalogue
from tests.autorouter.decision import oracle
from tests.autorouter.decision.worlds import Asked, World, request, world
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, config, model, price, profile, router, task

SEEDS = st.randoms(use_true_random=True)
REQUESTS = 8
"""Of each world, so that what a ranking keeps for one request is met by others."""


def rankings_of(found: World) -> Rankings:
    return Rankings(catalogue=found.catalogue, router=found.router, availability=found.availability)


def judged(found: World, asked: Asked) -> Decision:
    return oracle.decide(
        found.catalogue, found.router, asked.task, asked.constraints, found.availability, asked.now
    )  # fmt: skip


# --- against the specification


@settings(max_examples=200)
@given(SEEDS)
def test_every_decision_is_the_one_of_the_specification_to_the_last_digit(random: Random) -> None:
    found = world(random)
    rankings = rankings_of(found)
    for _ in range(REQUESTS):
        asked = request(random, found.catalogue)
        whole, expected = decide(rankings, asked.task, asked.constraints, asked.now, None), judged(found, asked)
        assert whole == expected
        assert str(whole) == str(expected), "the digits too"


@settings(max_examples=200)
@given(SEEDS)
def test_few_candidates_are_the_first_of_all(random: Random) -> None:
    found = world(random)
    rankings = rankings_of(found)
    for _ in range(REQUESTS):
        asked = request(random, found.catalogue)
        expected = judged(found, asked)
        for enough in (1, 2, 4):
            few = decide(rankings, asked.task, asked.constraints, asked.now, enough)
            assert few.candidates == expected.candidates[:enough]
            assert few.excluded == (() if expected.candidates else expected.excluded), "told where nobody is left"
            assert few.considered == expected.considered
        chosen = expected.chosen.model if expected.chosen else None
        assert choose(rankings, asked.task, asked.constraints, asked.now) == chosen


def test_the_worlds_above_hold_every_kind_of_exclusion_and_orders_of_many() -> None:
    seen: Counter[str] = Counter()
    random = Random(7)
    for _ in range(150):
        found = world(random)
        decision = judged(found, request(random, found.catalogue))
        seen.update(out.code for out in decision.excluded)
        seen["many" if len(decision.candidates) > 4 else "few" if decision.candidates else "none"] += 1
    codes = (
        "unavailable deprecated internal pro blocked capability context latency privacy credential circuit price cost"
    )
    assert {*codes.split(), "many", "few", "none"} <= seen.keys()


def shipped(**facts: Any) -> Rankings:
    values = {"providers": frozenset(CATALOGUE.providers), "sandbox": False, **facts}
    return Rankings(catalogue=CATALOGUE, router=ROUTER, availability=Availability(**values))


@pytest.mark.parametrize("priority", PRIORITIES)
def test_the_releases_that_ship_are_decided_by_the_specification_for_every_kind_of_task(priority: Any) -> None:
    rankings = shipped(latency_ms={name: 400 + at for at, name in enumerate(CATALOGUE.models)})
    several = list(CATALOGUE.models)[::9]
    for category in CATEGORIES:
        for complexity in COMPLEXITIES:
            asked = task(category=category, complexity=complexity, input_tokens=1_234)
            for constraints in (
                Constraints(priority=priority),
                Constraints(priority=priority, previous_model=several[3], max_cost_usd=Decimal("0.003")),
                Constraints(priority=priority, preferred_providers=frozenset({"google"}), max_latency_ms=440),
            ):
                expected = oracle.decide(CATALOGUE, ROUTER, asked, constraints, rankings.availability, NOW)
                assert decide(rankings, asked, constraints, NOW, None) == expected
                assert decide(rankings, asked, constraints, NOW).candidates == expected.candidates[:4]


# --- time


CHANGE = NOW + timedelta(hours=3)
DEARER = replace(price("2", "6"), effective_from=CHANGE)


def two_prices() -> Catalogue:
    known = model("a:b")
    place = replace(known.deployments[0], prices=(*known.deployments[0].prices, DEARER))
    return catalogue(replace(known, deployments=(place,)))


def alone(known: Catalogue, **values: Any) -> Rankings:
    return Rankings(catalogue=known, router=values.get("release", router()), availability=SANDBOXED)


def test_a_price_takes_over_at_its_moment_and_the_past_keeps_its_own() -> None:
    rankings = alone(two_prices())
    moments = [NOW, CHANGE - timedelta(microseconds=1), CHANGE, CHANGE + timedelta(days=9), NOW]
    decisions = [decide(rankings, task(), Constraints(), moment) for moment in moments]
    assert [each.candidates[0].mean_price for each in decisions] == [2, 2, 4, 4, 2]


def test_a_model_is_deprecated_from_the_first_moment_of_its_day_in_utc() -> None:
    rankings = alone(catalogue(model("a:b", deprecated_from=date(2026, 11, 22))))
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    before, after = (
        decide(rankings, task(), Constraints(), at) for at in (midnight - timedelta(microseconds=1), midnight)
    )
    assert [each.model for each in before.candidates] == ["a:b"]
    assert [out.code for out in after.excluded] == ["deprecated"]


def test_only_so_many_spans_are_kept_and_each_comes_out_right_again() -> None:
    known = model("a:b")
    days = [NOW + timedelta(days=day) for day in range(9)]
    prices = tuple(replace(price(f"{at + 1}", f"{at + 1}"), effective_from=day) for at, day in enumerate(days))
    rankings = alone(catalogue(replace(known, deployments=(replace(known.deployments[0], prices=prices),))))
    for _ in range(2):
        for at, day in enumerate(days):
            assert decide(rankings, task(), Constraints(), day).candidates[0].mean_price == at + 1
            assert len(rankings._spans) <= ranking.MAX_SPANS


# --- bounds


@pytest.mark.parametrize("buffer", ["1", "1.2", "1.3333", "1.2000", "5", "1.00000001"])
@pytest.mark.parametrize("window", [1, 8, 999, 12_000, 131_072, 1_000_000])
def test_the_largest_prompt_is_the_last_that_fits_with_the_buffer(window: int, buffer: str) -> None:
    largest = max_input_tokens(window, Decimal(buffer))
    assert largest * Decimal(buffer) <= window < (largest + 1) * Decimal(buffer)


@pytest.mark.parametrize(
    "limit", ["0.0025", "0.00249999999999999999999999999999", "0.00250000000000000000000000000001"]
)
def test_a_cost_limit_counts_to_its_last_digit(limit: str) -> None:
    """1,000 tokens in and 500 out cost 0.0025 USD."""
    decision = decide(alone(catalogue(model("a:b"))), task(), Constraints(max_cost_usd=Decimal(limit)), NOW)
    assert bool(decision.candidates) == (Decimal(limit) >= Decimal("0.0025"))


def test_the_filters_that_are_kept_are_bounded_and_a_forgotten_one_comes_out_the_same(monkeypatch: Any) -> None:
    monkeypatch.setattr(places, "MAX_FILTERS", 8)
    known = catalogue(*(model(f"p{at}:m") for at in range(12)))
    rankings = alone(known)
    for _ in range(2):
        for at in range(12):
            blocked = Constraints(blocked_providers=frozenset({f"p{at}"}))
            decision = decide(rankings, task(), blocked, NOW, None)
            assert [out.model for out in decision.excluded] == [f"p{at}:m"]
    found = rankings.of("coding", "moderate", NOW)
    assert found.passing.cache_info().currsize == 8  # type: ignore[attr-defined]


def test_what_one_caller_asks_is_never_answered_to_another() -> None:
    known = catalogue(
        model("a:open"), model("a:inside", is_internal_only=True), model("a:pro", is_pro=True), model("b:x"), b={"is_local": True}
    )  # fmt: skip
    rankings = Rankings(
        catalogue=known, router=router(), availability=Availability(providers=frozenset("ab"), sandbox=False)
    )
    asked: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["a:open", "b:x"]),
        ({"allow_internal": True}, ["a:inside", "a:open", "b:x"]),
        ({"allow_pro": True}, ["a:open", "a:pro", "b:x"]),
        ({"blocked_providers": frozenset({"b"})}, ["a:open"]),
        ({"blocked_models": frozenset({"b:x"})}, ["a:open"]),
        ({"allowed": ((frozenset({"b"}), frozenset()),)}, ["b:x"]),
        ({"priority": "privacy"}, ["b:x"]),
    ]
    for _ in range(2):
        for constraints, left in asked:
            decision = decide(rankings, task(), Constraints(**constraints), NOW)
            assert [each.model for each in decision.candidates] == left


def test_another_configuration_is_ranked_by_itself() -> None:
    known = catalogue(model("a:b"), model("a:c", ("0.1", "0.3")))
    plain, turned = (
        alone(known, release=replace(router(), config=config(cheap_below=Decimal(below)))) for below in ("1", "0.1")
    )
    assert decide(plain, task(), Constraints(), NOW).candidates[0].model == "a:c"
    assert decide(turned, task(), Constraints(), NOW).candidates[0].tier == "mid"


# --- several threads


def test_threads_that_come_at_once_to_a_new_ranking_all_get_the_same_decision() -> None:
    expected = {
        name: oracle.decide(CATALOGUE, ROUTER, task(), Constraints(blocked_models=frozenset({name})), SANDBOXED, NOW)
        for name in list(CATALOGUE.models)[:40]
    }
    found: list[bool] = []

    def ask(rankings: Rankings, start: threading.Barrier) -> None:
        start.wait()
        for name, decision in expected.items():
            few = decide(rankings, task(), Constraints(blocked_models=frozenset({name})), NOW)
            found.append(few.candidates == decision.candidates[:4])

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            rankings = Rankings(catalogue=CATALOGUE, router=ROUTER, availability=SANDBOXED)
            start = threading.Barrier(6)
            threads = [threading.Thread(target=ask, args=(rankings, start)) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(switching)
    assert found == [True] * (5 * 6 * len(expected))


def test_every_ranking_can_be_compiled_beforehand() -> None:
    rankings = Rankings(catalogue=CATALOGUE, router=ROUTER, availability=SANDBOXED)
    rankings.compile_all(NOW)
    (span,) = rankings._spans
    assert len(span.rankings) == len(CATEGORIES) * len(COMPLEXITIES)
    before = rankings.of("coding", "complex", NOW)
    decide(rankings, task(complexity="complex"), Constraints(), NOW)
    assert rankings.of("coding", "complex", NOW) is before


def test_an_empty_catalogue_decides_that_there_is_nobody() -> None:
    for priority in PRIORITIES:
        decision = decide(alone(catalogue()), task(), Constraints(priority=priority), NOW)
        assert (decision.candidates, decision.excluded, decision.considered) == ((), (), 0)


def test_a_profile_of_a_model_that_is_not_there_changes_nothing() -> None:
    release = router(profile("gone:x", "99", coding="99"))
    assert (
        decide(alone(catalogue(model("a:b")), release=release), task(), Constraints(), NOW).candidates[0].quality == 70
    )
