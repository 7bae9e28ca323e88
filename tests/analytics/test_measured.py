"""How models did over the last day, measured from the records and read by the router."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from analytics.measuring import facts as measured
from analytics.models import MeasuredFact
from analytics.tasks import measure
from models_registry import availability
from tests.analytics.rows import insert_many

pytestmark = pytest.mark.django_db


def answers(count: int = 5, **columns: Any) -> None:
    values = {"model": "a:b", "latency_ms": 1_000, "output_tokens": 100, "is_sandbox": False, **columns}
    insert_many(count, **values)


def test_time_and_speed_are_means_over_the_answers_of_each_model() -> None:
    answers(3, latency_ms=1_000, output_tokens=50)
    answers(3, latency_ms=3_000, output_tokens=250)
    answers(model="c:d", latency_ms=200, output_tokens=10)
    assert measure() == 2
    # a:b: 900 tokens in 12 seconds
    assert measured.facts() == ({"a:b": 2_000, "c:d": 200}, {"a:b": 75.0, "c:d": 50.0})
    assert MeasuredFact.objects.get(pk="a:b").requests == 6


@pytest.mark.parametrize(
    ("latency_ms", "rounded"), [(1_001, 1_100), (1_100, 1_100), (999, 1_000), (87, 87), (123_456, 130_000), (0, 0)]
)
def test_figures_have_two_digits_and_are_rounded_up(latency_ms: int, rounded: int) -> None:
    answers(latency_ms=latency_ms)
    measured.refresh()
    assert measured.facts()[0] == {"a:b": rounded}


def test_a_model_that_wrote_nothing_has_no_speed() -> None:
    answers(output_tokens=0)
    answers(model="c:d", latency_ms=0)
    measured.refresh()
    assert measured.facts()[1] == {}


@pytest.mark.parametrize(
    "columns",
    [
        {"outcome": "failure"},
        {"outcome": "abandoned"},
        {"fallback_used": True},
        {"saved_nano": 0},
        {"created_at": now() - timedelta(hours=25)},
    ],
)
def test_what_says_nothing_of_a_model_is_left_out(columns: dict[str, Any]) -> None:
    """F16: who fails fast is not fast."""
    answers(latency_ms=100)
    answers(50, latency_ms=90_000, **columns)
    measured.refresh()
    assert measured.facts()[0] == {"a:b": 100}


def test_fewer_than_five_answers_say_nothing() -> None:
    answers(4)
    answers(5, model="c:d")
    measured.refresh()
    assert list(measured.facts()[0]) == ["c:d"]


def test_the_sandbox_says_nothing_of_real_models_nor_they_of_it() -> None:
    answers(9, latency_ms=10, is_sandbox=True, created_at=now() - timedelta(hours=2))
    answers(latency_ms=700)
    measured.refresh()
    assert measured.facts()[0] == {"a:b": 700}
    answers(latency_ms=20, is_sandbox=True)  # (9 x 10 + 5 x 20) / 14
    measured.refresh()
    assert measured.facts()[0] == {"a:b": 14}


def test_only_the_newest_are_looked_at(monkeypatch: Any) -> None:
    monkeypatch.setattr(measured, "MAX_REQUESTS", 6)
    answers(50, latency_ms=90_000, created_at=now() - timedelta(hours=1))
    answers(6, latency_ms=100)
    measured.refresh()
    assert measured.facts()[0] == {"a:b": 100}


def test_a_model_that_did_not_answer_lately_is_forgotten_and_the_others_renewed() -> None:
    """F16"""
    answers(created_at=now() - timedelta(hours=23))
    answers(model="c:d")
    measured.refresh()
    before = MeasuredFact.objects.get(pk="c:d").measured_at
    with connection.cursor() as cursor:
        cursor.execute("UPDATE analytics_record SET created_at = created_at - interval '2 hours' WHERE model = 'a:b'")
    assert measured.refresh() == 1
    assert list(measured.facts()[0]) == ["c:d"]
    assert MeasuredFact.objects.get(pk="c:d").measured_at > before


def test_an_answer_is_usually_no_longer_than_half_as_much_again_as_99_in_100_are() -> None:
    answers(198, output_tokens=900)
    answers(output_tokens=4_000, count=2)
    answers(19, model="c:d", output_tokens=9_000)
    answers(20, model="e:f", output_tokens=9)
    measured.refresh()
    assert measured.read()[1] == {"a:b": 1_400, "e:f": measured.MIN_USUAL_OUTPUT}


def test_an_answer_that_was_cut_at_the_usual_length_does_not_shrink_it() -> None:
    answers(97, output_tokens=2_000)
    answers(3, output_tokens=3_000)
    measured.refresh()
    assert measured.read()[1] == {"a:b": 4_500}


def test_without_records_nothing_is_measured() -> None:
    assert measured.refresh() == 0
    assert measured.read() == (({}, {}), {})


def test_the_router_reads_them_by_one_query_through_the_registry() -> None:
    answers()
    measured.refresh()
    with CaptureQueriesContext(connection) as queries:
        assert availability.measured() == ({"a:b": 1_000}, {"a:b": 100.0})
    assert len(queries) == 1


def test_every_process_is_told_when_the_facts_are_others_and_only_then(monkeypatch: Any) -> None:
    told: list[str] = []
    monkeypatch.setattr("routerhub.releases.notify.announce", told.append)
    answers()
    measured.refresh()
    assert told == ["measured"]
    measured.refresh()
    assert told == ["measured"]
    answers(50, latency_ms=3_000)
    measured.refresh()
    assert told == ["measured", "measured"]
