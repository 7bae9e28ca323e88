"""Which candidates are tried, in order, as limits refuse some of them."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from budgets.types import Refused
from models_registry.types import Deployment, Measured
from routerhub.gateway.attempts.plans import Plans
from routerhub.gateway.operation import Operation
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import decision, operation, rankings

LARGE, MIDDLE, SMALL = "acme:large", "acme:middle", "acme:small"


def names(plans: Plans) -> list[str]:
    found = []
    while (plan := plans.take()) is not None:
        found.append(plan.candidate.model)
    return found


def plans(made: Operation | None = None) -> Plans:
    return Plans(made or operation(), 4_000)


def refusal(left_nano: int, **changes: Any) -> Refused:
    values: dict[str, Any] = {
        "operation_id": operation().id, "hop": 0, "limit_id": 1, "label": "x", "measure": "money", "period": "day",
        "limit": 10**9, "spent": 10**9 - left_nano, "reserved": 0, "asked": 1, "resets_at": None, "retry_after_s": None,
    }  # fmt: skip
    return Refused(**{**values, **changes})


def test_candidates_come_in_the_decisions_order_and_no_more_than_three() -> None:
    models = [router_fakes.model(f"acme:m{at}") for at in range(5)]
    made = operation(*[model.id for model in models], met=rankings(*models))
    assert names(plans(made)) == ["acme:m0", "acme:m1", "acme:m2"]


def test_looking_at_the_next_one_does_not_take_it() -> None:
    found = plans()
    assert (found.left, found.peek(), found.left) == (3, found.peek(), 3)
    assert names(found) == [LARGE, MIDDLE, SMALL]
    assert (found.peek(), found.left) == (None, 0)


def test_after_a_refusal_only_what_fits_into_the_room_that_is_left_is_tried() -> None:
    """Ceilings: 31,000,000, 3,100,000 and 310,000 nano-dollars."""
    found = plans()
    found.take()
    found.refused(refusal(left_nano=3_099_999))
    assert names(found) == [SMALL]


def test_a_limit_in_requests_leaves_no_room_for_anybody() -> None:
    found = plans()
    found.take()
    found.refused(refusal(left_nano=10**9, measure="requests"))
    assert names(found) == []


def test_where_money_is_short_the_candidates_that_the_decision_did_not_name_are_looked_at_too() -> None:
    everything = decision(LARGE, MIDDLE, SMALL)
    found = plans(operation(LARGE, everything=everything))
    found.take()
    found.refused(refusal(left_nano=400_000))
    assert names(found) == [SMALL]


def test_where_money_is_not_short_they_are_not() -> None:
    assert names(plans(operation(LARGE, everything=decision(LARGE, MIDDLE, SMALL)))) == [LARGE]


def test_what_cannot_be_made_to_fit_the_limit_for_one_request_is_passed_over() -> None:
    limit: Any = {"max_cost_usd": Decimal("0.0002")}
    everything = decision(LARGE, MIDDLE, SMALL, **limit)
    assert names(plans(operation(LARGE, everything=everything, **limit))) == [MIDDLE, SMALL]


def test_when_nothing_fits_every_candidate_is_told_with_the_limit() -> None:
    limit: Any = {"max_cost_usd": Decimal("0.000001")}
    found = plans(operation(LARGE, everything=decision(LARGE, MIDDLE, SMALL, **limit), **limit))
    assert names(found) == []
    told = found.none_fits()
    assert told.candidates == ()
    assert [(out.model, out.reason) for out in told.excluded] == [
        (model, "its worst case is over the limit of 0.000001 USD for one task") for model in (LARGE, MIDDLE, SMALL)
    ]


def test_a_blocked_provider_is_no_place_to_call() -> None:
    model = router_fakes.model(LARGE)
    beta = Deployment(provider="beta", upstream_model="l", prices=model.deployments[0].prices)
    both = router_fakes.model(LARGE, deployments=(*model.deployments, beta))
    made = operation(LARGE, met=rankings(both), blocked_providers=frozenset({"acme"}))
    plan = plans(made).take()
    assert plan is not None
    assert [place.deployment.provider for place in plan.places] == ["beta"]


def test_the_places_of_a_model_are_tried_in_the_order_that_was_measured_and_none_that_takes_too_long() -> None:
    model = router_fakes.model(LARGE)
    places = [replace(model.deployments[0], provider=name) for name in ("acme", "beta", "gamma")]
    everywhere = router_fakes.model(LARGE, deployments=tuple(places))
    measured = {
        "acme/large": Measured(calls=50, success=0.5, expected_ms=100),
        "beta/large": Measured(calls=50, success=0.99, expected_ms=100),
    }

    def tried(**constraints: Any) -> list[str]:
        met = rankings(everywhere, measured=measured, latency_ms={"beta/large": 900})
        plan = plans(operation(LARGE, met=met, **constraints)).take()
        return [each.deployment.provider for each in plan.places] if plan else []

    assert tried() == ["beta", "acme", "gamma"]
    assert tried(max_latency_ms=500) == ["acme", "gamma"]
