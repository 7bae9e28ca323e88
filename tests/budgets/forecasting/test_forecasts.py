"""Forecasts of limits: from the hours of the ledger, with what is spent counted exactly; kept, told once, and shown."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from budgets.forecasting import forecasts, telling
from budgets.forecasting.season import HOUR
from budgets.models import AccountHour, Alert, Counter, Limit, LimitForecast, LimitHour
from budgets.money import usd
from tests.budgets.forecasting.ledger import counter_of
from tests.budgets.tables import limit
from tests.cast import AccountFactory, Cast

pytestmark = pytest.mark.django_db
USD = 10**9
NOW = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
"""A Wednesday: nine days and a half of the month are over, and twenty and a half to come."""
ACCOUNT = 900_001
HOURS_LEFT = 20.5 * 24 - 0.5


def spending(usd_an_hour: float = 1, days: int = 60, moment: datetime = NOW, **changes: Any) -> Limit:
    """A limit of an account that saw so much each hour until now."""
    AccountFactory.create(id=ACCOUNT, slug="first")
    made = limit(f"account:{ACCOUNT}", 1_000 * USD, **changes)
    nano, running = round(usd_an_hour * USD), moment.replace(minute=0)
    AccountHour.objects.bulk_create(
        AccountHour(account_id=ACCOUNT, hour=running - step * HOUR, amount_nano=nano, tokens=7, requests=2)
        for step in range(1, days * 24 + 1)
    )
    return made


def spent(made: Limit, nano: int, moment: datetime = NOW) -> Counter:
    counter = counter_of(made, moment)
    Counter.objects.filter(pk=counter.pk).update(spent=nano)
    return counter


def test_what_is_spent_is_counted_exactly_and_the_rest_expected() -> None:
    made = spending()
    spent(made, 228 * USD + 1)
    outlook = forecasts.look_ahead(made, NOW)
    assert outlook is not None
    forecast = outlook.forecast
    assert (forecast.period_start, forecast.period_end) == (
        datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC),
    )  # fmt: skip
    assert (forecast.spent, forecast.history_hours) == (228 * USD + 1, 60 * 24)
    assert forecast.expected == pytest.approx(228 * USD + HOURS_LEFT * USD, rel=1e-6)
    assert forecast.low < forecast.expected < forecast.high  # type: ignore[operator]
    assert forecast.passes_at is None


@pytest.mark.parametrize(("measure", "an_hour"), [("tokens", 7), ("requests", 2)])
def test_a_limit_is_forecast_in_its_own_measure(measure: str, an_hour: int) -> None:
    made = spending(measure=measure)
    outlook = forecasts.look_ahead(made, NOW)
    assert outlook is not None
    assert outlook.forecast.expected == pytest.approx(an_hour * HOURS_LEFT, abs=1)


def test_a_limit_of_another_scope_has_the_hours_that_it_saw_itself() -> None:
    spending()
    made = limit("model:openai:gpt-5", 100 * USD)
    LimitHour.objects.bulk_create(
        LimitHour(limit=made, hour=NOW.replace(minute=0) - step * HOUR, amount_nano=USD // 2, tokens=1, requests=1)
        for step in range(1, 72)
    )
    outlook = forecasts.look_ahead(made, NOW)
    assert outlook is not None
    assert outlook.forecast.history_hours == 71
    assert outlook.forecast.expected == pytest.approx(HOURS_LEFT * USD / 2, rel=1e-6)


def test_the_site_spends_what_all_accounts_do() -> None:
    spending()
    AccountHour.objects.create(
        account_id=2, hour=NOW.replace(minute=0) - HOUR, amount_nano=3 * USD, tokens=0, requests=1
    )
    outlook = forecasts.look_ahead(limit("site", 100 * USD), NOW)
    assert outlook is not None
    assert outlook.history.hours[-2:] == [USD, 4 * USD]


def test_too_little_history_is_said_and_how_much_there_is() -> None:
    made = spending(days=1)
    list(forecasts.refresh(NOW))
    forecast = forecasts.forecast_of(made)
    assert forecast is not None
    assert (forecast.is_known, forecast.history_hours, forecast.expected, forecast.low) == (False, 24, None, None)


@pytest.mark.parametrize(
    ("scope", "period"),
    [("account:1", "minute"), ("account:1", "hour"), ("account:1", "total"), ("task:a", "day"), ("worker:*", "day")],
)
def test_what_does_not_end_or_has_no_week_has_no_forecast(scope: str, period: str) -> None:
    assert forecasts.look_ahead(limit(scope, 10, period=period), NOW) is None


def test_days_of_a_range_and_of_a_zone_are_kept() -> None:
    made = spending(period="range")
    account = AccountFactory.create(id=2, slug="berlin", timezone="Europe/Berlin")
    Limit.objects.filter(pk=made.pk).update(starts_on="2026-06-05", ends_on="2026-06-11", account=account)
    made.refresh_from_db()
    outlook = forecasts.look_ahead(made, NOW)
    assert outlook is not None
    assert outlook.forecast.period_end == datetime(2026, 6, 11, 22, tzinfo=UTC)
    Limit.objects.filter(pk=made.pk).update(ends_on="2026-06-09")
    made.refresh_from_db()
    assert forecasts.look_ahead(made, NOW) is None


def test_the_newest_forecasts_are_kept_and_old_ones_forgotten() -> None:
    made, unused = spending(), limit("model:a:b", 10)
    assert [each.pk for each, _ in forecasts.refresh(NOW)] == [made.pk]
    assert forecasts.forecasts_of([made, unused]).keys() == {made.pk}
    list(forecasts.refresh(NOW + HOUR))
    assert LimitForecast.objects.get().made_at == NOW + HOUR
    Limit.objects.update(is_active=False)
    list(forecasts.refresh(NOW + 2 * HOUR))
    assert not LimitForecast.objects.exists()


def test_many_limits_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "CHUNK", 2)
    spending()
    for period in ("week", "day"):
        limit(f"account:{ACCOUNT}", USD, period=period)
    assert len(list(forecasts.refresh(NOW))) == 3


def test_that_a_limit_will_be_reached_is_told_once_a_period_with_its_day_and_figures() -> None:
    made = spending()
    Limit.objects.filter(pk=made.pk).update(amount=500 * USD)
    spent(made, 228 * USD)
    assert telling.refresh_and_tell(NOW) == 1
    alert = Alert.objects.get()
    # 272 hours at a dollar from half past twelve on
    assert alert.title.endswith("monthly limit: $500.00 will be reached on Sun 21 Jun")
    assert (alert.kind, alert.subject, alert.state) == ("forecast", f"forecast:{made.pk}", "triggered")
    assert alert.figures["limit_usd"] == "500"
    assert alert.figures["spent_usd"] == "228"
    assert float(alert.figures["expected_usd"]) == pytest.approx(719.5)
    assert alert.figures["passes_at"] == "2026-06-21T21:00:00+00:00"
    assert (alert.figures["history_hours"], alert.figures["interval_percent"]) == (1_440, 80)
    assert telling.refresh_and_tell(NOW + HOUR) == 0


def test_it_is_near_where_only_the_expected_passes_and_told_again_when_it_is_nearly_sure() -> None:
    made = spending()
    spent(made, 228 * USD)
    Limit.objects.filter(pk=made.pk).update(amount=719 * USD)
    assert telling.refresh_and_tell(NOW) == 1
    assert Alert.objects.get().state == "near"
    Limit.objects.filter(pk=made.pk).update(amount=500 * USD)
    assert telling.refresh_and_tell(NOW + HOUR) == 1
    assert Alert.objects.get().state == "triggered"


def test_a_limit_that_holds_or_is_reached_already_is_not_told_of() -> None:
    made = spending()
    assert telling.refresh_and_tell(NOW) == 0
    spent(made, 1_000 * USD)
    assert telling.refresh_and_tell(NOW) == 0


def test_the_command_prints_every_forecast() -> None:
    spending(moment=datetime.now(UTC).replace(second=0, microsecond=0))
    out = StringIO()
    call_command("forecast", stdout=out)
    assert f"account {ACCOUNT}, money per month: $0.00 of $1000.00 spent; " in out.getvalue().replace(
        ",000.00", "000.00"
    )
    assert "80 % between" in out.getvalue()


def test_the_api_says_it_hour_by_hour(cast: Cast) -> None:
    moment = datetime.now(UTC).replace(second=0, microsecond=0)
    made = spending(moment=moment, period="week")
    Limit.objects.filter(pk=made.pk).update(subject=str(cast.ada.account.pk))
    AccountHour.objects.update(account_id=cast.ada.account.pk)
    address = f"/api/budgets/{made.pk}/forecast"
    client = Client()
    client.force_login(cast.staff)
    told = client.get(address).json()
    assert (told["limit"], told["unit"], told["amount"], told["spent"]) == (made.pk, "usd", "1000", "0")
    assert float(told["low"]) < float(told["expected"]) < float(told["high"])
    assert told["hours"][-1]["expected"] == told["expected"]
    assert told["hours"][-1]["until"] == told["period_end"]
    assert Client().get(address, headers=cast.cy.auth).status_code in {403, 404}


def test_the_api_says_why_there_is_none(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.staff)
    answer = client.get(f"/api/budgets/{limit('account:1', 10, period='minute').pk}/forecast")
    assert answer.status_code == 404
    assert "a period from a day on" in answer.json()["detail"]
    assert "no limit 99999" in client.get("/api/budgets/99999/forecast").json()["detail"]


def test_the_pages_show_it_and_why_there_is_none(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.staff)
    assert "No forecast yet" in client.get("/admin/forecasts/").content.decode()
    moment = datetime.now(UTC).replace(second=0, microsecond=0)
    made = spending(moment=moment, period="week")
    Limit.objects.filter(pk=made.pk).update(amount=USD)
    list(forecasts.refresh(moment))
    assert f"/admin/forecasts/{made.pk}/" in client.get("/admin/forecasts/").content.decode()
    page = client.get(f"/admin/forecasts/{made.pk}/").content.decode()
    assert "Expected at the end" in page
    assert 'class="fc-fan"' in page
    minute = limit(f"account:{ACCOUNT}", 10, period="minute")
    assert "There is a forecast where" in client.get(f"/admin/forecasts/{minute.pk}/").content.decode()
    assert client.get("/admin/forecasts/99999/").status_code == 404


def test_the_lists_of_limits_tell_it_and_never_less_than_is_spent(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.staff)
    moment = datetime.now(UTC).replace(second=0, microsecond=0)
    made, rate = spending(moment=moment, period="week"), limit(f"account:{ACCOUNT}", 10, period="minute")
    list(forecasts.refresh(moment))
    kept = LimitForecast.objects.get()

    def told(row: Limit) -> Any:
        return next(each for each in client.get("/api/budgets").json()["results"] if each["id"] == row.pk)["forecast"]

    assert (told(made)["expected"], told(made)["passes_at"]) == (usd(kept.expected or 0), None)
    assert told(rate) is None
    page = client.get("/admin/budgets/limit/").content.decode()
    assert f'href="/admin/forecasts/{made.pk}/"' in page
    assert f'href="/admin/forecasts/{rate.pk}/"' not in page
    spent(made, 999 * USD, moment)
    assert [told(made)[name] for name in ("low", "expected", "high")] == ["999"] * 3
    assert "$999.00" in client.get("/admin/budgets/limit/").content.decode()
    LimitForecast.objects.update(period_start=NOW)
    assert told(made) is None


def test_limits_are_called_by_name_wherever_staff_look(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.staff)
    made = spending(period="week")
    spent(made, USD)
    for address in (f"/admin/budgets/limit/{made.pk}/change/", "/admin/budgets/counter/"):
        assert "account first, money per week" in client.get(address).content.decode(), address
