"""Alerts, channels and own alerts, as staff see and change them."""

import html
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.html import strip_tags

from budgets.alerts.channels import open_address
from budgets.alerts.raising import raise_alert
from budgets.models import Alert, AlertChannel, AlertRule, Delivery
from tests.admin.people import check_doors, some_staff
from tests.budgets.alerts.findings import channel, of
from tests.cast import Cast, UserFactory

pytestmark = pytest.mark.django_db


def text(answer: Any) -> str:
    """What people read."""
    return " ".join(html.unescape(strip_tags(answer.content.decode())).split())


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


@pytest.fixture
def outsider(db: None) -> User:
    return UserFactory.create(username="outsider")


def test_the_page_shows_what_is_open_and_acknowledges_it(cast: Cast, staff: Client) -> None:
    channel(cast.ada)
    raise_alert(of(cast.ada, figures={"spent_usd": "8", "percent": 80}))
    raise_alert(of(cast.ada, kind="anomaly", subject="anomaly:spend", title="Spend was unusual: $6.80",
                   figures={"usual_from_usd": "1.77", "usual_to_usd": "3.53"}))  # fmt: skip
    AlertRule.objects.create(account=cast.ben.account, user=cast.ben.user, amount_usd=15, window="24h")
    shown = text(staff.get("/admin/alerts/"))
    for words in ("Open 2 wait for", "Spend was unusual: $6.80", "usual from $1.77", "ben: more than $15 in any 24 hours",
                  "now $0.00", "due"):  # fmt: skip
        assert words in shown, words
    alert = Alert.objects.get(kind="limit")
    done = staff.post("/admin/alerts/", {"action": "acknowledge", "alert": alert.pk}, follow=True)
    assert "Open 1 waits for somebody to acknowledge it" in text(done)
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", cast.staff)
    again = staff.post("/admin/alerts/", {"action": "acknowledge", "alert": alert.pk})
    assert "Select a valid choice" in text(again)


def test_who_may_not_change_alerts_may_look(staff: Client, outsider: User, cast: Cast) -> None:
    check_doors("/admin/alerts/", staff, outsider)
    raise_alert(of(cast.ada))
    clerk = some_staff("view_alert")
    shown = clerk.get("/admin/alerts/").content.decode()
    assert "is spent" in shown
    assert ">Acknowledge<" not in shown
    assert "Newest messages" not in shown
    assert clerk.post("/admin/alerts/", {"action": "acknowledge", "alert": 1}).status_code == 403


def test_an_alerts_own_page_shows_figures_and_messages(cast: Cast, staff: Client) -> None:
    channel(cast.ada)
    raise_alert(of(cast.ada, kind="forecast", figures={"forecast_usd": "66.10", "passes_on": "2026-03-24"}))
    shown = text(staff.get(f"/admin/budgets/alert/{Alert.objects.get().pk}/change/"))
    for words in ("$66.10", "passes on", "2026-03-24", "hook", "due"):
        assert words in shown, words
    log = text(staff.get(f"/admin/budgets/delivery/{Delivery.objects.get().pk}/change/"))
    assert "msg_" in log
    sent = {"action": "acknowledge_alerts", "_selected_action": [Alert.objects.get().pk]}
    assert "1 acknowledged" in text(staff.post("/admin/budgets/alert/", sent, follow=True))


def added(staff: Client, **changes: Any) -> Any:
    sent = {"account": "", "user": "", "name": "hook", "kind": "webhook", "address": "https://hooks.example/canary",
            "is_active": "on", **changes}  # fmt: skip
    return staff.post("/admin/budgets/alertchannel/add/", sent, follow=True)


def test_a_channels_secret_is_shown_once_and_its_address_never(cast: Cast, staff: Client) -> None:
    told = text(added(staff, account=cast.ada.account.pk))
    row = AlertChannel.objects.get()
    secret = open_address(row).secret
    assert secret in told
    path = f"/admin/budgets/alertchannel/{row.pk}/change/"
    for page in (path, "/admin/budgets/alertchannel/", "/admin/changes/?table=alertchannel"):
        content = staff.get(page, follow=True).content.decode()
        assert secret not in content, page
        assert "canary" not in content, page
    renamed = {"name": "billing", "address": "", "is_active": "on", "reason": "clearer"}
    staff.post(path, renamed)
    row.refresh_from_db()
    assert (row.name, open_address(row).secret) == ("billing", secret)
    turn = {"action": "rotate_secrets", "_selected_action": [row.pk], "post": "yes", "reason": "leaked"}
    turned = text(staff.post("/admin/budgets/alertchannel/", turn, follow=True))
    row.refresh_from_db()
    assert open_address(row).secret in turned
    sent = {"action": "send_test", "_selected_action": [row.pk]}
    assert "On its way" in text(staff.post("/admin/budgets/alertchannel/", sent, follow=True))
    assert Delivery.objects.get().channel == row


@pytest.mark.parametrize(
    ("changes", "problem"),
    [({"address": "http://10.0.0.5/"}, "10.0.0.5 is a private address"), ({"address": ""}, "This field is required"),
     ({"kind": "chat", "address": "file:///etc/passwd"}, "file: not one of discord")],
)  # fmt: skip
def test_an_address_that_cannot_be_is_told_beside_its_field(staff: Client, changes: Any, problem: str) -> None:
    assert problem in text(added(staff, **changes))
    assert not AlertChannel.objects.exists()


def test_an_own_alert_is_made_for_a_member(cast: Cast, staff: Client) -> None:
    hers = channel(cast.ada)
    sent = {
        "account": cast.ben.account.pk,
        "user": cast.ben.user.pk,
        "amount_usd": "15",
        "window": "7d",
        "is_active": "on",
    }
    staff.post("/admin/budgets/alertrule/add/", {**sent, "channels": [hers.pk]})
    row = AlertRule.objects.get()
    assert (row.user, row.channels) == (cast.ben.user, [hers.pk])
    page = staff.get(f"/admin/budgets/alertrule/{row.pk}/change/").content.decode()
    assert f'value="{hers.pk}"' in page
    assert "checked" in page.partition(f'value="{hers.pk}"')[2][:200]
    refused = text(staff.post("/admin/budgets/alertrule/add/", {**sent, "user": cast.cy.user.pk}))
    assert "cy is no member of Acme" in refused
