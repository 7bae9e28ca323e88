"""Recorded traffic decided again. Pure: a made-up catalogue, figures by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autorouter.errors import RouterError
from autorouter.types import CATEGORIES, COMPLEXITIES, PRIORITIES, Constraints, RouterRelease
from experiments.replay import comparing
from experiments.types import Flow, Situation, Traffic
from models_registry.types import Catalogue, Price, Rates, Usage
from tests.autorouter.decision import oracle
from tests.autorouter.fakes import NOW, SANDBOXED, catalogue, model, policy, profile, router, task
from tests.experiments.traffic import LARGE, MIDDLE, SMALL, goods

SHOP = goods()
PLAIN = Constraints()
POLICIES = (policy("dear", LARGE, SMALL), policy("bounded", LARGE, MIDDLE, SMALL, max_cost_usd="0.002"))


def tuned(**changes: Any) -> RouterRelease:
    scores = [profile(name, None, coding=value) for name, value in ((SMALL, "60"), (MIDDLE, "80"), (LARGE, "90"))]
    return router(*scores, policies=POLICIES, speed_bonuses={}, **changes)


LIVE, TRIED = tuned(), tuned(cheap_below=Decimal("0.5"))


def situation(
    constraints: Constraints = PLAIN, at: datetime = NOW, tokens: tuple[int, int] = (1_000, 500), **asked: Any
) -> Situation:
    usage = Usage(input_tokens=tokens[0], output_tokens=tokens[1])
    return Situation(at=at, task=task(**asked), constraints=constraints, availability=SANDBOXED, usage=usage)


def traffic(*situations: Situation, **latency_ms: float) -> Traffic:
    return Traffic(situations=situations, is_recorded=True, latency_ms=latency_ms)


def choices(situations: Sequence[Situation], found: Catalogue, by: RouterRelease) -> list[str | None]:
    return comparing.Replay(found, by).choices(situations)


def one_by_one(situations: Sequence[Situation], found: Catalogue, by: RouterRelease) -> list[str | None]:
    """As the specification decides each, with nothing remembered. What the releases do not know leads nowhere."""
    chosen: list[str | None] = []
    for each in situations:
        given = each.constraints.candidates
        known = given and tuple(name for name in given if name in found.models)
        constraints = replace(each.constraints, candidates=known)
        try:
            decision = oracle.decide(found, by, each.task, constraints, each.availability, each.at)
        except RouterError:
            chosen.append(None)
        else:
            chosen.append(decision.chosen.model if decision.chosen else None)
    return chosen


# --- deciding

NEAR_WINDOWS = [8_332, 8_333, 8_334, 83_332, 83_333, 83_334]
"""10,000 and 100,000 tokens, with a buffer of 1.2: 8,333 and 83,333 are the last to fit."""
SIZES = st.one_of(st.sampled_from(NEAR_WINDOWS), st.integers(0, 120_000))
USD = st.one_of(st.none(), st.sampled_from([Decimal("0.0005"), Decimal("0.002"), Decimal("0.02"), Decimal(1)]))
CONSTRAINTS = st.builds(
    Constraints,
    previous_model=st.sampled_from([None, SMALL, LARGE, "gone:model"]),
    candidates=st.sampled_from([None, (SMALL, LARGE), (MIDDLE, "gone:model"), ("gone:model",)]),
    policy=st.sampled_from([None, "dear", "bounded", "none"]),
    priority=st.sampled_from(PRIORITIES),
    max_cost_usd=USD,
    preferred_providers=st.sampled_from([frozenset[str](), frozenset({"best"})]),
    blocked_models=st.sampled_from([frozenset[str](), frozenset({MIDDLE})]),
    keeps_model=st.booleans(),
)
SITUATIONS = st.lists(
    st.builds(
        lambda size, category, complexity, constraints: situation(
            constraints, input_tokens=size, category=category, complexity=complexity
        ),
        SIZES, st.sampled_from(CATEGORIES), st.sampled_from(COMPLEXITIES), CONSTRAINTS,
    ),
    max_size=40,
)  # fmt: skip


@given(SITUATIONS)
def test_each_situation_gets_what_the_specification_decides(situations: list[Situation]) -> None:
    assert choices(situations, SHOP, LIVE) == one_by_one(situations, SHOP, LIVE)


@given(st.lists(SIZES, max_size=60), st.sampled_from(COMPLEXITIES), USD, st.sampled_from([None, "dear", "bounded"]))
def test_sizes_around_the_windows_are_told_apart(
    sizes: list[int], complexity: str, limit: Decimal | None, name: str | None
) -> None:
    constraints = Constraints(max_cost_usd=limit, policy=name)
    situations = [situation(constraints, input_tokens=size, complexity=complexity) for size in sizes]
    assert choices(situations, SHOP, TRIED) == one_by_one(situations, SHOP, TRIED)


def test_a_window_is_passed_at_the_very_token() -> None:
    only_small = Constraints(candidates=(SMALL,))
    sizes = [situation(only_small, input_tokens=size) for size in (8_334, 8_333, 8_334)]
    assert choices(sizes, SHOP, LIVE) == [None, SMALL, None]


def test_a_latency_limit_counts_with_what_was_measured_then() -> None:
    slow = replace(SANDBOXED, latency_ms={MIDDLE: 900})
    asked = situation(Constraints(max_latency_ms=500))
    situations = [replace(asked, availability=slow), asked, replace(asked, availability=slow)]
    assert choices(situations, SHOP, LIVE) == [SMALL, MIDDLE, SMALL]


def test_for_the_priority_cost_the_size_of_a_prompt_counts() -> None:
    """Cheap to ask and dear to answer, or the other way round: which costs less depends on the prompt's size."""
    shop = catalogue(model("a:asks", ("1", "3")), model("b:answers", ("3", "1")))
    situations = [situation(Constraints(priority="cost"), input_tokens=size) for size in (10, 10_000)]
    assert choices(situations, shop, LIVE) == ["b:answers", "a:asks"]


def risen(name: str) -> Catalogue:
    """The shop with the price of one model raised to 100 USD at noon."""
    one = SHOP.models[name]
    dear = Price(
        effective_from=NOW,
        rates=Rates(input=Decimal(100), output=Decimal(100)),
        source="made up",
        dated=date(2026, 11, 21),
    )
    place = replace(one.deployments[0], prices=(*one.deployments[0].prices, dear))
    return replace(SHOP, models={**SHOP.models, name: replace(one, deployments=(place,))})


MORNING, EVENING = NOW - timedelta(hours=3), NOW + timedelta(hours=3)


def test_a_price_that_changes_overnight_counts_from_the_next_day() -> None:
    shop = risen(MIDDLE)
    situations = [situation(at=NOW - timedelta(days=1)), situation(at=NOW + timedelta(days=1))]
    assert choices(situations, shop, LIVE) == [MIDDLE, SMALL]
    replay = comparing.Replay(shop, LIVE)
    assert [replay.cost_usd(MIDDLE, each) for each in situations] == [Decimal("0.00095"), Decimal("0.15")]


def test_a_price_that_changes_at_noon_counts_from_noon() -> None:
    situations = [situation(at=MORNING), situation(at=EVENING)]
    assert choices(situations, risen(MIDDLE), LIVE) == [MIDDLE, SMALL]


def test_a_request_is_priced_at_its_own_hour() -> None:
    replay = comparing.Replay(risen(MIDDLE), LIVE)
    found = [replay.cost_usd(MIDDLE, situation(at=at)) for at in (MORNING, EVENING)]
    assert found == [Decimal("0.00095"), Decimal("0.15")]


# --- what a change would do


def test_what_moves_is_told_by_flow_with_the_cost_of_the_recorded_tokens() -> None:
    """cheap_below 0.5 makes acme:middle mid: of four requests the simple and the moderate ones go to acme:small."""
    asked = traffic(
        situation(complexity="simple"),
        situation(complexity="moderate", tokens=(2_000, 1_000)),
        situation(complexity="moderate"),
        situation(complexity="complex"),
    )
    report = comparing.compare(asked, (SHOP, LIVE), (SHOP, TRIED))
    # middle to small: -0.00055 USD for 1,000 in and 500 out, twice that for twice the tokens, nothing for the complex one
    assert report.flows == [Flow(before=MIDDLE, after=SMALL, requests=3, cost_change=Decimal("-0.0022"))]
    assert (report.requests, report.moved, report.refused_before, report.refused_after) == (4, 3, 0, 0)
    # before 0.00095 + 0.0019 + 0.00095 + 0.005 = 0.0088
    assert report.cost_usd.mean == pytest.approx(-0.0022 / 4)
    assert report.cost_usd.relative == pytest.approx(-0.25)
    # differences -5.5, -11, -5.5, 0 (1e-4 USD): mean -5.5, variance 60.5 / 3
    half = 1.96 * sqrt(60.5 / 3 / 4) * 1e-4
    assert [report.cost_usd.low, report.cost_usd.high] == pytest.approx([-5.5e-4 - half, -5.5e-4 + half])
    assert report.quality.mean == -15.0
    assert report.quality.relative == pytest.approx(-60 / 330)
    assert report.latency_ms is None
    assert report.latency_known == 0


def test_of_equal_scores_the_cheaper_model_gets_the_request() -> None:
    asked = traffic(situation(complexity="complex"), situation(), situation())
    report = comparing.compare(asked, (SHOP, LIVE), (SHOP, tuned(cheap_below=Decimal("0.2"), mid_below=Decimal("0.5"))))
    # small mid, middle and large premium: moderate 18, 16, 18 and complex 24, 24, 27 - equal scores go to the cheaper one
    assert [(flow.before, flow.after, flow.requests) for flow in report.flows] == [(MIDDLE, SMALL, 2)]
    assert report.moved == 2


def test_two_flows_are_kept_apart_and_the_larger_comes_first() -> None:
    weights = {each: {"cheap": Decimal("0.1"), "mid": Decimal("0.9"), "premium": Decimal(0)} for each in COMPLEXITIES}
    asked = traffic(situation(), situation(Constraints(candidates=(SMALL, LARGE))), situation())
    report = comparing.compare(asked, (SHOP, LIVE), (SHOP, tuned(tier_weights=weights)))
    assert report.flows == [
        Flow(before=MIDDLE, after=LARGE, requests=2, cost_change=Decimal("0.0081")),
        Flow(before=SMALL, after=LARGE, requests=1, cost_change=Decimal("0.0046")),
    ]


def test_latency_is_compared_only_where_both_models_were_measured() -> None:
    asked = traffic(situation(), situation(complexity="complex"), situation(), **{MIDDLE: 800.0, SMALL: 200.0})
    report = comparing.compare(asked, (SHOP, LIVE), (SHOP, TRIED))
    assert report.latency_known == 2, "best:large was never measured"
    assert report.latency_ms is not None
    assert (report.latency_ms.mean, report.latency_ms.relative) == (-600.0, -0.75)
    unmeasured = traffic(situation(), **{MIDDLE: 800.0})
    assert comparing.compare(unmeasured, (SHOP, LIVE), (SHOP, TRIED)).latency_ms is None


def test_refused_requests_are_counted_before_and_after_and_cost_nothing() -> None:
    """With a buffer of 1 a prompt of 9,000 tokens fits acme:small, which holds 10,000; with 1.2 it does not."""
    asked = traffic(situation(Constraints(candidates=(SMALL,)), input_tokens=9_000), situation())
    roomy = tuned(context_buffer=Decimal(1))
    report = comparing.compare(asked, (SHOP, LIVE), (SHOP, roomy))
    assert (report.refused_before, report.refused_after) == (1, 0)
    assert report.flows == [Flow(before=None, after=SMALL, requests=1, cost_change=Decimal("0.0004"))]
    assert report.cost_usd.mean == 0.0, "a request that was refused has no cost to compare"
    back = comparing.compare(asked, (SHOP, roomy), (SHOP, LIVE))
    assert (back.refused_before, back.refused_after) == (0, 1)
    assert back.flows == [Flow(before=SMALL, after=None, requests=1, cost_change=Decimal("-0.0004"))]


def test_a_dearer_catalogue_costs_more_though_nothing_moves() -> None:
    asked = traffic(situation(Constraints(candidates=(MIDDLE,)), at=EVENING))
    report = comparing.compare(asked, (SHOP, LIVE), (risen(MIDDLE), LIVE))
    assert (report.moved, report.flows) == (0, [])
    assert report.cost_usd.mean == pytest.approx(0.15 - 0.00095)


def test_what_a_request_names_and_the_release_lacks_leads_nowhere() -> None:
    without = replace(SHOP, models={name: each for name, each in SHOP.models.items() if name != LARGE})
    asked = traffic(situation(Constraints(candidates=(LARGE,))), situation(Constraints(candidates=(LARGE, SMALL))))
    report = comparing.compare(asked, (SHOP, LIVE), (without, LIVE))
    assert report.flows == [Flow(before=LARGE, after=None, requests=1, cost_change=Decimal("-0.005"))]
    assert report.refused_after == 1
    assert choices(asked.situations, without, LIVE) == [None, SMALL]


def test_nothing_replayed_is_a_report_of_nothing() -> None:
    report = comparing.compare(traffic(), (SHOP, LIVE), (SHOP, TRIED))
    assert (report.requests, report.moved, list(report.flows)) == (0, 0, [])
    assert (report.cost_usd.relative, report.latency_ms) == (None, None)
