"""Home: what needs attention, what is spent beside the limit, what routing saved, and a key in the lines of a tool."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils.timezone import now

from budgets.alerts.raising import raise_alert
from budgets.forecasting.burning import burn_of
from budgets.models import Alert, ApiKey, Limit
from budgets.people.keys import digest
from tests.analytics import rows
from tests.budgets.alerts.findings import of
from tests.cast import Cast
from tests.console.test_figures import read, signed_in

pytestmark = pytest.mark.django_db
KEY = {"action": "key", "name": "laptop", "limit_usd": "20", "period": "month", "lives": "90", "reason": "my laptop"}


def limited(cast: Cast, usd: int = 100) -> Limit:
    row = Limit(kind="account", subject=str(cast.ada.account.pk), account=cast.ada.account, amount=usd * 10**9)
    row.save()
    return row


def test_home_says_what_is_spent_saved_and_asked_in_the_account(cast: Cast) -> None:
    limited(cast)
    rows.insert_many(3, account_id=cast.ada.account.pk, cost_nano=2_000_000_000, model="her:model", category="coding")
    rows.insert_many(5, account_id=cast.cy.account.pk, cost_nano=7_000_000_000, model="his:model")
    rows.rolled_up()
    page = read(signed_in(cast.ben.user), "/console/")
    assert "of $100.00 · 0 %" in page
    assert re.search(r"Requests <span[^>]*>[^<]*</span></dt><dd class=\"figure\">3</dd>", page)
    assert page.count('<span class="p">her:</span>model') == 3
    assert "his:" not in page
    assert "ada's key" not in page, "a member sees keys of their own alone"
    assert "ben's key" in page


def test_an_account_without_a_limit_or_a_request_is_told_what_to_do(cast: Cast) -> None:
    page = read(signed_in(cast.cy.user), "/console/")
    assert "This account has no limit of its own" in page
    assert "Nothing was spent yet" in page
    assert "No request yet" in page


def test_the_chart_follows_the_limit_of_the_account_on_its_own_clock(cast: Cast) -> None:
    limited(cast)
    burn = burn_of(cast.ada.account.pk, ZoneInfo("UTC"), datetime(2026, 11, 24, 12, tzinfo=UTC))
    assert (burn.start.day, burn.before.month, burn.amount, burn.left) == (1, 10, "$100.00", "$100.00")
    assert burn.resets == "6 days, 12 hours"
    assert [mark.text for mark in burn.chart.heights] == ["$0.00", "$25.00", "$50.00", "$75.00", "$100.00"]
    unbounded = burn_of(cast.cy.account.pk, ZoneInfo("America/New_York"), datetime(2026, 11, 1, 2, tzinfo=UTC))
    assert (unbounded.start.month, unbounded.bar, unbounded.is_empty) == (10, None, True)


def test_an_open_alert_stands_on_top_until_somebody_has_it_in_hand(cast: Cast) -> None:
    raise_alert(of(cast.ada, state="near", title="Ben's monthly limit is near"))
    alert, ben, ada = Alert.objects.get(), signed_in(cast.ben.user), signed_in(cast.ada.user)
    assert "Needs attention" not in read(ben, "/console/"), "a member sees alerts of their own alone"
    assert ben.post("/console/", {"action": "acknowledge", "alert": alert.pk}).status_code == 404
    assert "Ben's monthly limit is near." in read(ada, "/console/")
    assert ada.post("/console/", {"action": "acknowledge", "alert": alert.pk}).status_code == 302
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", cast.ada.user)
    assert "Needs attention" not in read(ada, "/console/")


def test_a_key_that_is_made_stands_in_the_lines_of_the_tool_once(cast: Cast) -> None:
    ben = signed_in(cast.ben.user)
    answer = ben.post("/console/", {**KEY, "tool": "claude"})
    page = answer.content.decode()
    text = re.search(r'ANTHROPIC_AUTH_TOKEN=<span class="c-str">(rh_[\w-]+)<', page)
    assert text
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.search(r'id="t-claude"[^>]*aria-selected="true"', page)
    key = ApiKey.objects.get(digest=digest(text[1]))
    assert (key.user, key.account, key.history.get().history_change_reason) == (
        cast.ben.user,
        cast.ben.account,
        "my laptop",
    )
    assert key.expires_at is not None
    assert (key.expires_at - now()).days in (89, 90)
    assert Limit.objects.get(kind="key", subject=str(key.pk)).amount == int(Decimal(20) * 10**9)
    assert text[1] not in read(ben, "/console/")


def test_what_is_wrong_with_a_key_is_said_beside_its_field(cast: Cast) -> None:
    page = signed_in(cast.ben.user).post("/console/", {**KEY, "limit_usd": "1_0", "tool": "nothing"}).content.decode()
    assert 'id="make-key"' in page
    assert "data-shown" in page
    assert ApiKey.objects.count() == 3


def test_nobody_comes_in_without_an_account(cast: Cast) -> None:
    cast.ben.user.memberships.all().delete()
    assert signed_in(cast.ben.user).get("/console/").status_code == 403
    assert Client().get("/console/").status_code == 302
