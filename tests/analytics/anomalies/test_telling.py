"""Anomalies of accounts, models and providers: out of the request records, and told with their figures once a day."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.anomalies import hours, telling
from analytics.anomalies.types import NONE, Figures
from analytics.models import HourFigures
from budgets.models import Alert
from tests.analytics.rows import insert_many
from tests.cast import AccountFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 27, 12, 20, tzinfo=UTC)
NOON = NOW.replace(minute=0)
HOUR = timedelta(hours=1)
ACCOUNT = 900_001


def records(hour: datetime, count: int = 1, **changes: Any) -> None:
    values = {
        "created_at": hour, "account_id": ACCOUNT, "model": "openai:gpt-5", "provider": "openai", "is_sandbox": False,
        "cost_nano": 10**9, "latency_ms": 1_000, **changes,
    }  # fmt: skip
    insert_many(count, **values)


def history(days: int = 22, **changes: Any) -> None:
    """The same in every hour until noon, of an account, a model and a provider."""
    AccountFactory.create(id=ACCOUNT, slug="first", name="First")
    values = {"requests": 50, "failures": 0, "cost_nano": 10**9, "latency_ms": 1_000, **changes}
    who = (("account", str(ACCOUNT), ACCOUNT), ("model", "openai:gpt-5", None), ("provider", "openai", None))
    HourFigures.objects.bulk_create(
        HourFigures(kind=kind, subject=subject, account_id=account_id, hour=NOON - step * HOUR, **values)
        for kind, subject, account_id in who
        for step in range(4, days * 24 + 1)
    )


def usual(**newest: Any) -> None:
    """A history, records of the last hours like it, and a newest hour that may be other."""
    history()
    for step in (3, 2):
        records(NOON - step * HOUR, 50, cost_nano=10**9 // 50)
    records(NOON - HOUR, 50, **{"cost_nano": 10**9 // 50, **newest})


def told() -> dict[str, Any]:
    return {each.subject: each for each in Alert.objects.all()}


def test_figures_are_of_each_hour_and_of_whom_it_concerns() -> None:
    records(NOON - HOUR, 2)
    records(NOON - HOUR + timedelta(minutes=59), outcome="failure", latency_ms=9_000, cost_nano=0)
    records(NOON - HOUR, outcome="refused", provider="", model="", cost_nano=0)
    records(NOON - HOUR, outcome="abandoned", cost_nano=5)
    records(NOON, 5)
    assert hours.gather(NOW) == NOON
    rows = HourFigures.objects.values_list("kind", "subject", "requests", "failures", "cost_nano", "latency_ms")
    assert sorted(rows) == [
        ("account", str(ACCOUNT), 3, 1, 2 * 10**9 + 5, 1_000), ("model", "openai:gpt-5", 3, 1, 2 * 10**9 + 5, 1_000),
        ("provider", "openai", 3, 1, 2 * 10**9 + 5, 1_000),
    ]  # fmt: skip
    assert HourFigures.objects.get(kind="account").account_id == ACCOUNT


def test_records_that_come_late_are_in_and_known_hours_are_read_no_more() -> None:
    records(NOON - 2 * HOUR)
    records(NOON - 30 * HOUR)
    hours.gather(NOW)
    records(NOON - 2 * HOUR)
    records(NOON - 30 * HOUR)
    hours.gather(NOW)
    counts = HourFigures.objects.filter(kind="model").order_by("hour").values_list("requests", flat=True)
    assert list(counts) == [1, 2]


def test_many_hours_are_read_in_parts_and_those_before_all_history_not_at_all() -> None:
    for days in (60, 20, 1):
        records(NOON - timedelta(days=days))
    with CaptureQueriesContext(connection) as queries:
        hours.gather(NOW)
    assert HourFigures.objects.filter(kind="model").count() == 2
    assert sum("INSERT" in each["sql"] for each in queries) == 10


def test_what_the_sandbox_makes_up_is_left_out_once_real_models_answer() -> None:
    records(NOON - 2 * HOUR, is_sandbox=True)
    records(NOON - HOUR)
    hours.gather(NOW)
    assert HourFigures.objects.filter(kind="model").count() == 1


def test_a_series_has_no_gaps() -> None:
    records(NOON - HOUR)
    records(NOON - 4 * HOUR)
    hours.gather(NOW)
    series = {subject.kind: found for subject, found in hours.series(NOON - HOUR)}
    one = Figures(requests=1, failures=0, cost_nano=10**9, latency_ms=1_000)
    assert series["account"][-5:] == [NONE, one, NONE, NONE, one]
    assert list(hours.series(NOON - 2 * HOUR)) == []


def test_an_hour_as_ever_is_not_told() -> None:
    usual()
    assert telling.look_and_tell(NOW) == 0


def test_unusual_spend_is_told_of_the_account_and_the_model_with_its_figures() -> None:
    usual(cost_nano=10**9 // 5)
    assert telling.look_and_tell(NOW) == 2
    alert = told()[f"anomaly:spend:account:{ACCOUNT}"]
    assert alert.title == "Account First spent $10.00 in the hour until 12:00 UTC; usual is $1.00"
    assert (alert.kind, alert.account_id, alert.state) == ("anomaly", ACCOUNT, "triggered")
    assert alert.period_start == datetime(2026, 11, 27, tzinfo=UTC)
    assert (alert.figures["spent_usd"], alert.figures["usual_spent_usd"], alert.figures["requests"]) == ("10", "1", 50)
    assert (alert.figures["compared_with"], alert.figures["window_hours"]) == ("the same hour of the week", 1)
    assert alert.figures["deviations"] > alert.figures["told_from_deviations"] == 5
    assert told()["anomaly:spend:model:openai:gpt-5"].account_id is None


def test_slow_answers_are_told_of_the_model_and_its_provider() -> None:
    usual(latency_ms=1_700)
    assert telling.look_and_tell(NOW) == 2
    title = told()["anomaly:latency:provider:openai"].title
    assert title.startswith(
        "Provider openai took 1.7 s in the median of 50 requests in the hour until 12:00 UTC; usual is 1 s"
    )


def test_errors_are_told_of_everybody_whom_they_hit() -> None:
    usual(outcome="failure")
    assert telling.look_and_tell(NOW) == 3
    assert told()["anomaly:errors:model:openai:gpt-5"].title == (
        "Model openai:gpt-5 failed in 100.0 % of 50 requests in the hour until 12:00 UTC; usual is 0.0 %"
    )


def test_it_is_told_once_a_day() -> None:
    usual(outcome="failure")
    assert telling.look_and_tell(NOW) == 3
    assert telling.look_and_tell(NOW + timedelta(minutes=15)) == 0


def test_the_command_prints_what_it_finds_and_tells_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.management.commands.find_anomalies.now", lambda: NOW)
    usual(outcome="failure")
    out = StringIO()
    call_command("find_anomalies", stdout=out)
    assert "Model openai:gpt-5 failed in 100.0 % of 50 requests" in out.getvalue()
    assert not Alert.objects.exists()
    call_command("find_anomalies", "--tell", stdout=out)
    assert Alert.objects.count() == 3
