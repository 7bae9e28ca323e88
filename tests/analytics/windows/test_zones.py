"""Days of any zone come to the range, and the range to the raw rows: also where clocks change."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from analytics.windows.reading import ask
from analytics.windows.types import Dimension, Question, Step
from routerhub.tenancy.scope import system
from tests.analytics.rows import insert, rolled_up

pytestmark = pytest.mark.django_db
FIRST, DAYS = datetime(2026, 10, 20, tzinfo=UTC), 20
"""In these days clocks change in Berlin (on the 25th), New York (on the 1st of November) and before that, half an hour, on Lord
Howe (on the 4th of October): of that only the odd offset is left."""
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
)
STEPS: tuple[Step, ...] = ("quarter", "hour", "day", "week", "month")
BY: tuple[tuple[Dimension, ...], ...] = (
    (),
    ("account",),
    ("model",),
    ("category", "model"),
    ("user", "policy"),
    ("account", "worker"),
)
QUARTER = timedelta(minutes=15)
MODELS = ("a:b", "c:d")


def _facts(random: Random) -> dict[str, Any]:
    """Some lie on the edge of a day or just before it, in some zone."""
    moment = FIRST + random.randrange(DAYS * 96) * QUARTER
    return {
        "created_at": moment - random.choice((timedelta(0), timedelta(microseconds=1), timedelta(minutes=7))),
        "account_id": random.choice((1, 2)), "model": random.choice(MODELS), "category": random.choice(("coding", "chat")),
        "user_id": random.choice((None, 7)), "policy": random.choice(("", "fast")), "worker": random.choice(("", "w")),
        "cost_nano": random.randrange(10**12), "latency_ms": random.randrange(10_000),
        "outcome": random.choice(("success", "failure")),
    }  # fmt: skip


@pytest.fixture(scope="module")
def facts(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[list[dict[str, Any]]]:
    """Records, rolled up before the last of them came and after."""
    made = [_facts(Random(seed)) for seed in range(160)]
    with django_db_blocker.unblock(), transaction.atomic(), system():
        for at, each in enumerate(made):
            if at == 100:
                rolled_up()
            insert(**each)
        rolled_up()
        yield made
        transaction.set_rollback(True)


@st.composite
def ranges(draw: st.DrawFn) -> tuple[datetime, datetime]:
    begin, length = draw(st.integers(-8, DAYS * 96)), draw(st.integers(1, DAYS * 96))
    return FIRST + begin * QUARTER, FIRST + (begin + length) * QUARTER


@settings(max_examples=40)
@given(ranges(), st.sampled_from(ZONES), st.sampled_from(STEPS), st.sampled_from(BY))
def test_steps_come_to_the_range_and_the_range_to_the_records(
    facts: list[dict[str, Any]], span: tuple[datetime, datetime], zone: str, step: Step, by: tuple[Dimension, ...]
) -> None:
    since, until = span
    whole = Question(since=since, until=until, zone=zone, by=by)
    cut = Question(since=since, until=until, zone=zone, by=by, step=step)
    found = {row.group: row.figures for row in ask(whole).rows}
    by_step: dict[tuple[str, ...], Counter[str]] = {}
    steps: Counter[Any] = Counter()
    for row in ask(cut).rows:
        numbers = {name: value for name, value in asdict(row.figures).items() if isinstance(value, int)}
        by_step.setdefault(row.group, Counter()).update(numbers)
        steps[row.start] += row.figures.cost_nano
    expected: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    in_days: Counter[Any] = Counter()
    for each in facts:
        if since <= each["created_at"] < until:
            expected.setdefault(tuple(_value(each, name) for name in by), []).append(each)
            in_days[_step_of(each["created_at"].astimezone(ZoneInfo(zone)), step)] += each["cost_nano"]
    assert found.keys() == by_step.keys() == expected.keys()
    for group, records in expected.items():
        assert found[group].requests == by_step[group]["requests"] == len(records)
        assert found[group].cost_nano == by_step[group]["cost_nano"] == sum(each["cost_nano"] for each in records)
        assert found[group].successes == sum(each["outcome"] == "success" for each in records)
        assert found[group].latency_ms == by_step[group]["latency_ms"]
    if step in ("day", "week", "month"):
        assert {start.date(): nano for start, nano in steps.items() if nano} == {
            day: nano for day, nano in in_days.items() if nano
        }


def _value(record: dict[str, Any], name: str) -> str:
    value = record[{"account": "account_id", "user": "user_id"}.get(name, name)]
    return "" if value is None else str(value)


def _step_of(local: datetime, step: Step) -> Any:
    """The calendar day that the step begins on."""
    day = local.date()
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


@pytest.mark.parametrize(
    ("zone", "day", "hours"), [("Europe/Berlin", 25, 25), ("America/New_York", 25, 24), ("Asia/Kolkata", 25, 24)]
)
def test_a_day_has_the_hours_that_it_has_there(facts: list[dict[str, Any]], zone: str, day: int, hours: int) -> None:
    """H4: an edge belongs to the day that it begins; and of an hour that comes twice each is told by itself."""
    begin = datetime(2026, 10, day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    question = Question(since=begin, until=begin + timedelta(days=3), zone=zone, step="day")
    assert len(facts) == 160
    starts = [row.start for row in ask(question).rows]
    assert [(start.hour, start.minute) for start in starts if start] == [(0, 0)] * len(starts)
    within = [each for each in facts if begin <= each["created_at"] < begin + timedelta(hours=hours)]
    assert ask(question).rows[0].figures.requests == len(within)
