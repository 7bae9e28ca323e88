"""Alerts, rules, channels and what was sent, in the REST API."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from budgets.alerts import outbox
from budgets.alerts.channels import open_address
from budgets.alerts.raising import raise_alert
from budgets.models import Alert, AlertChannel, AlertRule, Delivery, LedgerEntry
from tests.budgets.alerts.findings import channel, finding, of
from tests.cast import Cast, Member

pytestmark = pytest.mark.django_db
JSON = "application/json"


def login(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def listed(client: Client, path: str, field: str = "id") -> list[Any]:
    return [each[field] for each in client.get(path).json()["results"]]


def hook(client: Client, **changes: Any) -> Any:
    sent = {
        "account": "acme",
        "name": "hook",
        "kind": "webhook",
        "address": "https://hooks.example/canary",
        "reason": "x",
    }
    return client.post("/api/alerts/channels", {**sent, **changes}, JSON)


def rule(client: Client, **changes: Any) -> Any:
    sent = {"account": "acme", "amount_usd": "15", "window": "24h", "reason": "x"}
    return client.post("/api/alerts/rules", {**sent, **changes}, JSON)


def test_an_alert_is_shown_with_its_figures_and_acknowledged(cast: Cast) -> None:
    raise_alert(of(cast.ada, kind="forecast", subject="forecast:12", figures={"passes_on": "2026-03-24"}))
    client, alert = login(cast.ada.user), Alert.objects.get()
    shown = client.get(f"/api/alerts/{alert.pk}").json()
    assert (shown["kind"], shown["account"], shown["state"]) == ("forecast", "acme", "near")
    assert shown["figures"] == {"passes_on": "2026-03-24"}
    done = client.post(f"/api/alerts/{alert.pk}/acknowledge").json()
    assert (done["state"], done["acknowledged_by"]) == ("acknowledged", "ada")
    assert listed(client, "/api/alerts?state=acknowledged") == [alert.pk]
    assert listed(client, "/api/alerts?state__in=near,triggered") == []
    assert client.get("/api/alerts?state=bad").status_code == 400


def test_owners_see_their_accounts_alerts_members_their_own_and_others_none(cast: Cast) -> None:
    ben = {"user_id": cast.ben.user.pk}
    for found in (
        of(cast.ada), of(cast.ada, subject="limit:13", **ben), finding(subject="daily", **ben), finding(subject="site")
    ):  # fmt: skip
        raise_alert(found)
    seen = {name: set(listed(login(who), "/api/alerts", "subject")) for name, who in {
        "ada": cast.ada.user, "ben": cast.ben.user, "cy": cast.cy.user, "staff": cast.staff}.items()}  # fmt: skip
    assert seen == {
        "ada": {"limit:12", "limit:13"}, "ben": {"limit:13", "daily"}, "cy": set(),
        "staff": {"limit:12", "limit:13", "daily", "site"},
    }  # fmt: skip
    whole = Alert.objects.get(subject="limit:12")
    assert login(cast.ben.user).post(f"/api/alerts/{whole.pk}/acknowledge").status_code == 404


def test_a_webhooks_secret_is_told_once_and_its_address_never(cast: Cast) -> None:
    client = login(cast.ada.user)
    made = hook(client).json()
    row = AlertChannel.objects.get()
    assert made["secret"] == open_address(row).secret
    assert made["shown"] == "https://hooks.example/…"
    pages = ["/api/alerts/channels", f"/api/alerts/channels/{row.pk}", "/api/changes?table=alertchannel"]
    staff = login(cast.staff)
    for path in pages:
        for reader in (client, staff):
            text = reader.get(path).content.decode()
            assert "canary" not in text, path
            assert made["secret"] not in text, path
    turned = client.post(f"/api/alerts/channels/{row.pk}/rotate", {"reason": "leaked"}, JSON).json()
    assert turned["secret"] not in {"", made["secret"]}
    moved = client.patch(
        f"/api/alerts/channels/{row.pk}", {"address": "https://other.example/", "reason": "x"}, JSON
    ).json()
    assert moved["secret"] not in {"", made["secret"], turned["secret"]}
    assert moved["shown"] == "https://other.example/…"
    renamed = client.patch(f"/api/alerts/channels/{row.pk}", {"name": "billing", "reason": "x"}, JSON).json()
    assert ("secret" in renamed, renamed["name"]) == (False, "billing")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"address": "http://127.0.0.1/in"}, "address"), ({"address": ""}, "address"), ({"kind": "fax"}, "kind"),
        ({"name": ""}, "name"), ({"account": "none"}, "account"), ({"colour": "red"}, "colour"), ({"reason": ""}, "reason"),
    ],
)  # fmt: skip
def test_a_channel_that_cannot_be_is_refused_by_field(cast: Cast, changes: Any, field: str) -> None:
    answer = hook(login(cast.ada.user), **changes)
    assert answer.status_code == 400
    assert field in str(answer.json())
    assert not AlertChannel.objects.exists()


def test_a_member_adds_what_is_their_own_and_an_owner_what_is_the_accounts(cast: Cast) -> None:
    assert hook(login(cast.ben.user), name="Ben's").json()["user"] == "ben"
    assert hook(login(cast.ada.user)).json()["user"] is None
    assert hook(login(cast.ben.user), user="ada").status_code == 400
    assert hook(login(cast.ben.user), account=None).status_code == 400
    assert hook(login(cast.cy.user)).status_code == 400
    assert hook(login(cast.ada.user), name="Cy's", user="cy").status_code == 400
    assert hook(login(cast.staff), account=None).status_code == 201
    assert len(listed(login(cast.ada.user), "/api/alerts/channels")) == 2
    assert listed(login(cast.ben.user), "/api/alerts/channels", "name") == ["Ben's"]


def test_a_test_is_sent_by_the_outbox_and_stands_in_the_log(cast: Cast, settings: Any) -> None:
    row, client = channel(cast.ada, url="http://hooks.invalid/in"), login(cast.ada.user)
    assert client.post(f"/api/alerts/channels/{row.pk}/test").status_code == 202
    assert outbox.send_due() == 1
    (sent,) = client.get("/api/alerts/deliveries").json()["results"]
    assert (sent["title"], sent["state"], sent["tries"]) == ("This is a test of the channel hook.", "pending", 1)
    assert sent["log"][0]["error"] == "It could not be reached: ConnectionError."
    assert listed(login(cast.ben.user), "/api/alerts/deliveries") == []
    assert Delivery.objects.get().message_id == sent["message_id"]


def spent(member: Member, nano: int) -> None:
    LedgerEntry.objects.create(
        operation_id=uuid.uuid4(), hop=0, kind="charge", account_id=member.account.pk, user_id=member.user.pk,
        amount_nano=nano, tokens=1, counters=[], outcome="success", settled_at=timezone.now(), incurred_at=timezone.now(),
    )  # fmt: skip


def test_any_member_makes_as_many_alerts_on_own_spend_as_they_like(cast: Cast) -> None:
    spent(cast.ben, 9_120_000_000)
    client = login(cast.ben.user)
    made = [rule(client, window=window).json() for window in ("24h", "7d", "30d", "day", "week", "month", "24h")]
    assert {(each["user"], each["spent_usd"], each["percent"]) for each in made} == {("ben", "9.12", 60)}
    assert len(listed(client, "/api/alerts/rules")) == 7
    first = f"/api/alerts/rules/{made[0]['id']}"
    assert client.patch(first, {"is_active": False, "reason": "x"}, JSON).json()["is_active"] is False
    assert client.delete(f"{first}?reason=x").status_code == 204
    assert AlertRule.objects.count() == 6
    assert rule(client, user="ada").status_code == 400
    assert rule(login(cast.ada.user), user="ben").status_code == 201
    assert rule(login(cast.ada.user), user="cy").status_code == 400
    assert login(cast.cy.user).get("/api/alerts/rules").json()["results"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"amount_usd": "0"}, "amount_usd"), ({"amount_usd": "x"}, "amount_usd"), ({"window": "90d"}, "window"),
     ({"channels": ["1"]}, "channels"), ({"channels": [str(uuid.uuid4())]}, "channels")],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_refused_by_field(cast: Cast, changes: Any, field: str) -> None:
    answer = rule(login(cast.ben.user), **changes)
    assert answer.status_code == 400
    assert field in str(answer.json())


def test_a_rule_names_channels_that_are_ones_own_or_the_accounts(cast: Cast) -> None:
    client = login(cast.ben.user)
    hers, his = channel(cast.ada), hook(client, name="his").json()["id"]
    other = channel(cast.ada, name="Ada's", user=cast.ada.user)
    assert rule(client, channels=[str(hers.pk), his]).status_code == 201
    assert rule(client, channels=[str(other.pk)]).status_code == 400


def test_an_administrators_key_of_a_member_does_what_they_may(cast: Cast) -> None:
    cast.ben.key.permissions = ["admin"]
    cast.ben.key.save()
    client = Client(headers=cast.ben.auth)
    assert rule(client).json()["user"] == "ben"
    assert hook(client).json()["user"] == "ben"
