"""Which records are replayed, and what is read out of them."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from analytics.models import Record
from autorouter.models import AvailabilityFacts
from autorouter.types import READERS, Constraints, Likely, Reading
from experiments.errors import BadSlice
from experiments.replay import traffic
from experiments.replay.traffic import Slice
from models_registry.types import Availability, Health, Usage
from tests.analytics.rows import insert
from tests.autorouter.fakes import task
from tests.experiments.traffic import LARGE, MIDDLE, SHIPPED, SMALL, open_shop, request

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shop() -> None:
    open_shop()


def chosen(**fields: Any) -> list[uuid.UUID]:
    return [record.operation_id for record in traffic.records(Slice(**fields))]


def test_a_situation_is_the_request_as_the_router_met_it() -> None:
    at = now() - timedelta(hours=1)
    constraints = Constraints(
        previous_model=LARGE, candidates=(SMALL, LARGE), priority="quality", max_cost_usd=Decimal("0.01"), keeps_model=True,
        blocked_providers=frozenset({"other"}), allowed=((frozenset({"best", "acme"}), frozenset({SMALL})),),
        rules=("cheap at night",),
    )  # fmt: skip
    availability = Availability(
        providers=frozenset({"acme", "best"}), sandbox=False, open_circuits={"acme/middle": "since noon: down"},
        health=Health(degraded=frozenset({"best/large"})), latency_ms={SMALL: 300}, tokens_per_second={SMALL: 46.5},
    )  # fmt: skip
    likely: Likely = (("coding", Decimal("0.6")), ("analysis", Decimal("0.31")))
    asked = {
        "complexity": "complex", "input_tokens": 700, "needs": frozenset({"tools"}), "origin": "encoder", "likely": likely,
        "readings": tuple(Reading(by=by, likely=likely, complexity="complex", took_us=7) for by in READERS),
    }  # fmt: skip
    tokens: dict[str, Any] = {"cache_read_tokens": 40, "cache_write_tokens": 30, "reasoning_tokens": 20}
    request(constraints, at, availability, asked, **tokens)
    found = traffic.recent(Slice())
    (situation,) = found.situations
    assert found.is_recorded
    assert (situation.at, situation.constraints, situation.availability) == (at, constraints, availability)
    assert situation.task == task(**asked)
    assert situation.usage == Usage(input_tokens=1_000, output_tokens=500, **tokens)


def test_equal_constraints_and_availabilities_become_one_value() -> None:
    for _ in range(3):
        request()
    situations = traffic.recent(Slice()).situations
    assert len({id(each.availability) for each in situations}) == 1
    assert len({id(each.constraints) for each in situations}) == 1


def test_the_newest_records_come_first_and_the_limit_counts_from_them() -> None:
    old, middle, new = (request(at=now() - timedelta(hours=age)) for age in (3, 2, 1))
    assert chosen() == [new, middle, old]
    assert [each.at for each in traffic.recent(Slice(limit=2)).situations] == [
        Record.objects.get(pk=each).created_at for each in (new, middle)
    ]


def test_what_was_refused_went_nowhere_and_is_not_replayed() -> None:
    request(outcome="refused", model="")
    assert chosen() == []


def test_since_is_part_of_the_slice_and_until_is_not() -> None:
    at = now() - timedelta(hours=2)
    early, late = request(at=at), request(at=at + timedelta(hours=1))
    assert chosen(since=at) == [late, early]
    assert chosen(since=at + timedelta(microseconds=1)) == [late]
    assert chosen(until=at + timedelta(hours=1)) == [early]


@pytest.mark.parametrize(
    ("fields", "columns"),
    [
        ({"category": "coding"}, {"category": "research"}),
        ({"model": MIDDLE}, {"model": SMALL}),
        ({"tag": "night"}, {"tags": ["nightly", "day"]}),
        ({"account_id": 1}, {"account_id": 2}),
        ({"user_id": 7}, {"user_id": 8}),
        ({"read_by": "table"}, {"read_by": "encoder"}),
        ({"max_confidence": 0.41}, {"confidence": 0.42}),
        ({"min_confidence": 0.41}, {"confidence": None}),
    ],
)
def test_a_slice_takes_what_it_names_and_nothing_else(fields: dict[str, Any], columns: dict[str, Any]) -> None:
    known: dict[str, Any] = {"tags": ["day", "night"], "user_id": 7, "read_by": "table", "confidence": 0.41}
    wanted = request(**known)
    request(**{**known, **columns})
    assert chosen(**fields) == [wanted]
    assert len(chosen()) == 2


def test_a_record_that_keeps_no_decision_is_left_out() -> None:
    insert(decision={})
    assert chosen() == []


def test_a_record_that_keeps_only_a_part_of_its_decision_is_left_out() -> None:
    whole = request()
    insert(decision={"why": "a:b suits best."})
    assert len(traffic.recent(Slice()).situations) == 1
    assert chosen() == [whole]


def test_a_record_whose_facts_are_not_kept_any_more_is_left_out() -> None:
    request()
    request(availability=Availability(providers=frozenset({"acme"}), sandbox=False))
    AvailabilityFacts.objects.filter(facts__sandbox=True).delete()
    (situation,) = traffic.recent(Slice()).situations
    assert situation.availability.providers == {"acme"}


def test_the_latency_of_a_model_is_the_mean_of_its_answers() -> None:
    request(latency_ms=100)
    request(latency_ms=300)
    request(latency_ms=9_000, outcome="failure")
    request(latency_ms=50, at=now() - timedelta(days=31))
    request(asked={"complexity": "complex"}, latency_ms=700)
    assert traffic.recent(Slice()).latency_ms == {MIDDLE: 200.0, LARGE: 700.0}
    assert traffic.recent(Slice(since=now() - timedelta(days=60))).latency_ms == {MIDDLE: 150.0, LARGE: 700.0}


def test_without_a_record_the_prompts_that_ship_are_replayed_and_it_says_so() -> None:
    request(user_id=1)
    found = traffic.recent(Slice(user_id=2))
    assert (found.is_recorded, found.latency_ms) == (False, {})
    assert len(found.situations) == SHIPPED
    assert {each.usage.output_tokens for each in found.situations} == {500}
    assert {each.task.category for each in found.situations} >= {"coding", "research", "creative"}


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"limit": 0}, "limit", "0 is not from 1 to 1,000,000."),
        ({"limit": 1_000_001}, "limit", "1000001 is not from 1 to 1,000,000."),
        ({"read_by": "me"}, "read_by", "'me' is none of table, encoder, model."),
        ({"max_confidence": 1.5}, "max_confidence", "1.5 is not from 0 to 1."),
        ({"min_confidence": 0.6, "max_confidence": 0.5}, "min_confidence", "0.6 is above max_confidence, 0.5."),
        ({"since": now(), "until": now() - timedelta(days=1)}, "since", "is not before until"),
    ],
)
def test_a_slice_that_makes_no_sense_is_refused(fields: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(BadSlice, match=told) as refused:
        traffic.recent(Slice(**fields))
    assert refused.value.field == field


def test_what_is_remembered_for_a_preview_is_of_its_own_slice() -> None:
    traffic._remembered.clear()
    request(user_id=1)
    assert len(traffic.remembered(Slice(user_id=1)).situations) == 1
    request(user_id=1)
    assert len(traffic.remembered(Slice(user_id=1)).situations) == 1, "at most 20 s old"
    request(user_id=2)
    assert traffic.remembered(Slice(user_id=2)).is_recorded
    assert len(traffic.remembered(Slice(user_id=1)).situations) == 2, "another slice was asked for in between"
