"""How models and their deployments did lately, measured from the records step by step and read by the router."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from analytics.measuring import facts as measured
from analytics.measuring.lengths import UNMEASURED
from analytics.models import MeasuredFact
from analytics.tasks import measure
from models_registry import availability
from models_registry.types import Measured
from routerhub.tenancy.scope import system
from tests.analytics.measuring.answers import answers, attempt
from tests.analytics.rows import insert_many

pytestmark = pytest.mark.django_db
HORIZON = measured.HORIZON


def latencies() -> dict[str, int]:
    return dict(measured.facts()[0])


def later(monkeypatch: pytest.MonkeyPatch, hours: float) -> datetime:
    """From here on it is so many hours later."""
    moment = now() + timedelta(hours=hours)
    monkeypatch.setattr(measured, "now", lambda: moment)
    return moment


def test_time_and_speed_are_means_over_the_answers_of_each_model() -> None:
    answers(3, latency_ms=1_000, output_tokens=50)
    answers(3, latency_ms=3_000, output_tokens=250)
    answers(model="c:d", latency_ms=200, output_tokens=10)
    assert measure() == 2
    # a:b: 900 tokens in 12 seconds
    assert measured.facts()[:2] == ({"a:b": 2_000, "c:d": 200}, {"a:b": 75.0, "c:d": 50.0})


@pytest.mark.parametrize(
    ("latency_ms", "rounded"), [(1_001, 1_100), (1_100, 1_100), (999, 1_000), (87, 87), (123_456, 130_000), (0, 0)]
)
def test_figures_have_two_digits_and_are_rounded_up(latency_ms: int, rounded: int) -> None:
    answers(latency_ms=latency_ms)
    measured.refresh()
    assert latencies() == {"a:b": rounded}


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
        {"outcome": "unknown"},
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
    assert latencies() == {"a:b": 100}


def test_what_was_reported_from_outside_steers_nobodys_requests() -> None:
    answers(latency_ms=100)
    answers(50, latency_ms=90_000)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE analytics_record SET is_reported = true WHERE latency_ms = 90000")
    measured.refresh()
    assert latencies() == {"a:b": 100}


def test_fewer_than_five_answers_say_nothing() -> None:
    answers(4)
    answers(5, model="c:d")
    measured.refresh()
    assert list(latencies()) == ["c:d"]
    assert "a:b" not in measured.facts()[2]


def test_what_is_a_half_life_ago_counts_half(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.MEASURED_HALF_LIFE_S = 3_600
    answers(10, latency_ms=1_000)
    measured.refresh()
    later(monkeypatch, 1)
    answers(10, latency_ms=4_000, created_at=now() + timedelta(hours=1))
    measured.refresh()
    # 5 of 1 s and 10 of 4 s
    assert latencies() == {"a:b": 3_000}
    assert measured.facts()[2]["a:b"].calls == 10
    assert MeasuredFact.objects.get(model="a:b", deployment="*").calls == pytest.approx(15, rel=1e-3)


def test_each_record_counts_once_however_often_is_looked() -> None:
    answers(latency_ms=1_000)
    for _ in range(3):
        measured.refresh()
    answers(latency_ms=3_000)
    measured.refresh()
    assert latencies() == {"a:b": 2_000}
    assert MeasuredFact.objects.get(model="a:b", deployment="*").calls == pytest.approx(10, rel=1e-3)


def test_a_look_reads_what_is_new_and_not_the_day() -> None:
    answers(created_at=now() - timedelta(hours=20))
    measured.refresh()
    bounds = measured._bounds(now())
    assert bounds["mark"] == 2
    assert now() - bounds["since"] < timedelta(hours=1, minutes=1)


def test_an_amended_record_counts_when_it_is_known_what_happened() -> None:
    answers(outcome="unknown")
    measured.refresh()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE analytics_record SET outcome = 'success', written_in = pg_current_xact_id()")
    measured.refresh()
    assert latencies() == {"a:b": 1_000}


def test_every_deployment_is_told_apart_and_a_failed_attempt_counts_where_it_was_made() -> None:
    """A deployment that fails, while the next one answers, is seen although every request succeeds."""
    answers(20, attempts=[attempt("x/m")], latency_ms=100, ttft_ms=50)
    answers(20, attempts=[attempt("y/m", "unreachable"), attempt("x/m")], fallback_used=True, latency_ms=9_000)
    answers(20, attempts=[attempt("y/m")], latency_ms=300)
    measured.refresh()
    latency_ms, _, found = measured.facts()
    assert latency_ms == {"a:b": 200, "x/m": 100, "y/m": 300}
    assert found["*"] == Measured(calls=50, success=0.75, expected_ms=200, ttft_ms=50)
    assert found["a:b"] == Measured(calls=50, success=0.75, expected_ms=200, ttft_ms=50)
    # 40 of 40, and 20 more as the model: 15
    assert found["x/m"] == Measured(calls=20, success=0.92, expected_ms=150, ttft_ms=50)
    assert found["y/m"] == Measured(calls=20, success=0.58, expected_ms=250)


@pytest.mark.parametrize(
    ("more", "success"),
    [
        ({"status": 503}, 0.5), ({"status": None}, 0.5), ({"status": 429}, 0.5), ({"status": 401}, 0.5),
        ({"status": 400}, 1.0), ({"status": 422}, 1.0), ({"was_cut": True}, 1.0),
    ],
)  # fmt: skip
def test_what_was_the_requests_own_fault_or_was_cut_speaks_against_no_place(more: Any, success: float) -> None:
    answers(10, attempts=[attempt("x/m")])
    answers(10, attempts=[attempt("x/m", "failed: it did", **more)], outcome="failure")
    measured.refresh()
    assert measured.facts()[2]["x/m"].success == success


def test_a_few_calls_are_drawn_towards_all_others() -> None:
    answers(200, model="c:d", latency_ms=1_000)
    answers(5, latency_ms=5_000)
    answers(200, model="e:f", latency_ms=5_000)
    measured.refresh()
    found = measured.facts()[2]
    # all: 3,000 in the mean of 405; a:b: 5 of 5,000 and 20 of 3,000 (3,025 rounded up: 3,100)
    assert (found["a:b"].expected_ms, found["a:b"].calls) == (3_500, 5)
    assert found["e:f"].expected_ms == 4_900
    assert latencies()["a:b"] == 5_000, "a longest latency is held against the plain mean"


def test_the_sandbox_says_nothing_of_real_models_nor_they_of_it() -> None:
    answers(9, latency_ms=10, is_sandbox=True, created_at=now() - timedelta(hours=2))
    answers(latency_ms=700)
    measured.refresh()
    assert latencies() == {"a:b": 700}
    answers(latency_ms=20, is_sandbox=True, created_at=now() + timedelta(seconds=1))
    measured.refresh()
    assert latencies() == {"a:b": 14}, "what it answered before is read again: 9 of 10 ms, 2 hours ago, and 5 of 20"


def test_only_the_newest_are_looked_at(monkeypatch: Any) -> None:
    monkeypatch.setattr(measured, "MAX_REQUESTS", 6)
    answers(50, latency_ms=90_000, created_at=now() - timedelta(hours=1))
    answers(6, latency_ms=100)
    measured.refresh()
    assert latencies() == {"a:b": 100}


def test_a_model_that_did_not_answer_lately_is_forgotten_and_the_others_are_renewed(monkeypatch: Any) -> None:
    """F16"""
    answers()
    measured.refresh()
    moment = later(monkeypatch, 23)
    answers(model="c:d", created_at=moment)
    assert measured.refresh() == 1
    assert list(latencies()) == ["c:d"]
    assert not MeasuredFact.objects.filter(model="a:b").exists()


def test_an_answer_is_usually_no_longer_than_half_as_much_again_as_99_in_100_are() -> None:
    answers(198, output_tokens=900)
    answers(output_tokens=4_000, count=2)
    answers(19, model="c:d", output_tokens=9_000)
    answers(20, model="e:f", output_tokens=9)
    measured.refresh()
    assert measured.read_lengths()[1] == {"a:b": 1_400, "e:f": measured.MIN_USUAL_OUTPUT}


def test_an_answer_that_was_cut_at_the_usual_length_does_not_shrink_it() -> None:
    answers(97, output_tokens=2_000)
    answers(3, output_tokens=3_000)
    measured.refresh()
    assert measured.read_lengths()[1] == {"a:b": 4_500}


def test_without_records_nothing_is_measured() -> None:
    assert measured.refresh() == 0
    assert (measured.facts(), measured.read_lengths()) == (({}, {}, {}), (UNMEASURED, {}))


def test_the_router_reads_them_by_one_query_through_the_registry() -> None:
    answers()
    measured.refresh()
    with CaptureQueriesContext(connection) as queries:
        assert availability.measured()[:2] == ({"a:b": 1_000}, {"a:b": 100.0})
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


@pytest.mark.django_db(transaction=True)
def test_what_a_slow_transaction_wrote_is_measured_when_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stamps would skip it: it came in before what is measured already."""
    monkeypatch.setattr(measured, "HORIZON", HORIZON)
    with system():
        slow = connection.copy()
        slow.set_autocommit(False)
        monkeypatch.setattr("tests.analytics.rows.connection", slow)
        insert_many(5, model="c:d", latency_ms=9, created_at=now())
        monkeypatch.setattr("tests.analytics.rows.connection", connection)
        insert_many(5, model="a:b", latency_ms=7, created_at=now())
        measured.refresh()
        assert latencies() == {}, "the slow one began first, so nothing after it is sure to be whole"
        slow.commit()
        slow.close()
        measured.refresh()
        assert latencies() == {"a:b": 7, "c:d": 9}
