"""Keys, alerts and the account in the console: what one does there, and what one's role leaves out."""

import html
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from autorouter.models import Preferences
from budgets.alerts.raising import raise_alert
from budgets.alerts.types import Finding
from budgets.models import Alert, AlertChannel, AlertRule, ApiKey, Invitation, Limit, Membership
from budgets.people.keys import find_caller
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def read(answer: object) -> str:
    return html.unescape(answer.content.decode())  # type: ignore[attr-defined]


def test_a_key_is_made_shown_once_bounded_rotated_and_revoked(cast: Cast) -> None:
    ada = signed_in(cast.ada.user)
    told = ada.post(
        "/console/keys/", {"name": "laptop", "limit_usd": "20", "period": "month", "lives": "90", "reason": "to try"}
    )
    assert told["Cache-Control"] == "no-store"
    text = re.findall(r'id="new-key">([^<]+)<', told.content.decode())[0]
    key = ApiKey.objects.get(name="laptop")
    assert (key.user, key.account) == (cast.ada.user, cast.ada.account)
    assert find_caller(text).key_id == key.pk
    assert Limit.objects.get(kind="key", subject=str(key.pk)).amount == 20 * 10**9
    page = read(ada.get("/console/keys/"))
    assert "laptop" in page
    assert text not in page
    where = f"/console/keys/{key.pk}/"
    kept = {"action": "save", "name": "desk", "is_enabled": "on", "permissions": ["inference"], "endpoints": ["chat"]}
    assert "Say why" in read(ada.post(where, kept))
    ada.post(where, {**kept, "networks": "10.0.0.0/8", "reason": "closer"})
    key.refresh_from_db()
    assert (key.name, key.endpoints, key.networks, key.preferences) == ("desk", ["chat"], ["10.0.0.0/8"], None)
    production = Preferences.objects.create(user=cast.ada.user, name="production", is_active=False)
    ada.post(where, {**kept, "preferences": production.pk, "reason": "steady"})
    key.refresh_from_db()
    assert key.preferences == production
    ada.post(where, {"action": "limit", "amount": "7.5", "period": "month", "reason": "less"})
    assert Limit.objects.get(kind="key", subject=str(key.pk)).amount == 7_500_000_000
    rotated = ada.post(where, {"action": "rotate", "hours": "24", "reason": "a week old"})
    assert re.findall(r'id="new-key">([^<]+)<', rotated.content.decode())[0] != text
    ada.post(where, {"action": "revoke", "reason": "lost"})
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_what_is_wrong_with_a_key_is_said_beside_its_field_and_nothing_is_made(cast: Cast) -> None:
    page = read(
        signed_in(cast.ada.user).post(
            "/console/keys/", {"name": "", "limit_usd": "lots", "period": "month", "reason": ""}
        )
    )
    assert "data-shown" in page
    assert page.count("why-not") >= 3
    assert not ApiKey.objects.filter(name="").exists()


def test_a_member_sees_own_keys_and_nobody_anothers_account(cast: Cast) -> None:
    ada, ben, cy = (signed_in(who.user) for who in (cast.ada, cast.ben, cast.cy))
    for client, name in ((ada, "of ada"), (ben, "of ben")):
        client.post("/console/keys/", {"name": name, "period": "month", "lives": "", "reason": "to try"})
    of_ada = ApiKey.objects.get(name="of ada")
    page = read(ben.get("/console/keys/"))
    assert "of ben" in page
    assert "of ada" not in page
    for client in (ben, cy):
        assert client.get(f"/console/keys/{of_ada.pk}/").status_code == 404
        assert client.post(f"/console/keys/{of_ada.pk}/", {"action": "revoke", "reason": "mine now"}).status_code == 404
    assert ben.post("/console/alerts/", new_limit(amount="1")).status_code == 403
    assert (
        ben.post(
            "/console/account/", {"action": "invite", "role": "member", "lasts": "7", "reason": "more"}
        ).status_code
        == 403
    )


def new_limit(**values: str) -> dict[str, str]:
    given = {
        "kind": "account",
        "measure": "money",
        "amount": "50",
        "period": "month",
        "mode": "hard",
        "soft_percent": "80",
    }
    return {"action": "new-limit", **given, "reason": "not more", **values}


def test_a_limit_is_set_raised_and_seen(cast: Cast) -> None:
    ada = signed_in(cast.ada.user)
    assert ada.post("/console/alerts/", new_limit()).status_code == 302
    limit = Limit.objects.get(kind="account", subject=str(cast.ada.account.pk))
    ada.post("/console/alerts/", {
        "action": "limit", "number": limit.pk, "amount": "80", "soft_percent": "90", "is_active": "on", "reason": "busy month",
    })  # fmt: skip
    limit.refresh_from_db()
    assert (limit.amount, limit.soft_percent) == (80 * 10**9, 90)
    page = read(ada.get("/console/alerts/"))
    assert "of $80.00" in page
    assert "monthly · hard" in page
    assert "of $80.00" not in read(signed_in(cast.cy.user).get("/console/alerts/"))
    refused = read(ada.post("/console/alerts/", new_limit(kind="user", subject="nobody-here")))
    assert "There is no user 'nobody-here'" in refused


def test_alerts_are_acknowledged_by_whom_they_concern(cast: Cast) -> None:
    raise_alert(Finding(
        kind="anomaly", account_id=cast.ada.account.pk, subject="anomaly:spend", period_start=timezone.now(), state="triggered",
        title="Spend was unusual: $6.80", figures={"spent_usd": "6.80"},
    ))  # fmt: skip
    alert = Alert.objects.get()
    cy, ada = signed_in(cast.cy.user), signed_in(cast.ada.user)
    assert "unusual: $6.80" not in read(cy.get("/console/alerts/"))
    assert cy.post("/console/alerts/", {"action": "acknowledge", "number": alert.pk}).status_code == 404
    assert "unusual: $6.80" in read(ada.get("/console/alerts/"))
    ada.post("/console/alerts/", {"action": "acknowledge", "number": alert.pk})
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_by) == ("acknowledged", cast.ada.user)


def test_own_alerts_and_channels_are_made_turned_off_and_forgotten(cast: Cast) -> None:
    ben = signed_in(cast.ben.user)
    told = ben.post("/console/alerts/", {
        "action": "channel", "kind": "webhook", "name": "mine", "address": "https://hooks.example.com/a", "reason": "to be told",
    })  # fmt: skip
    assert "whsec_" in told.content.decode()
    channel = AlertChannel.objects.get()
    assert channel.user == cast.ben.user
    ben.post("/console/alerts/", {
        "action": "rule", "amount_usd": "15", "window": "24h", "channels": [str(channel.pk)], "reason": "not more",
    })  # fmt: skip
    rule = AlertRule.objects.get()
    assert (rule.amount_usd, rule.channels) == (Decimal(15), [channel.pk])
    assert "More than $15 in any 24 hours" in read(ben.get("/console/alerts/"))
    ben.post("/console/alerts/", {"action": "turn", "number": rule.pk})
    rule.refresh_from_db()
    assert not rule.is_active
    ben.post("/console/alerts/", {"action": "forget", "channel": str(channel.pk), "reason": "gone"})
    assert not AlertChannel.objects.exists()


def test_owners_invite_change_roles_and_settings(cast: Cast) -> None:
    ada = signed_in(cast.ada.user)
    page = read(ada.post("/console/account/", {"action": "invite", "role": "viewer", "lasts": "7", "reason": "a look"}))
    assert "/accounts/invitations/" in page
    made = Invitation.objects.get()
    ada.post("/console/account/", {"action": "withdraw", "number": made.pk, "reason": "not now"})
    made.refresh_from_db()
    assert made.revoked_at is not None
    bens = Membership.objects.get(user=cast.ben.user, account=cast.ada.account)
    ada.post(
        "/console/account/",
        {"action": "role", "number": bens.pk, "role": "viewer", "is_active": "on", "reason": "reads"},
    )
    bens.refresh_from_db()
    assert bens.role == "viewer"
    own = Membership.objects.get(user=cast.ada.user, account=cast.ada.account)
    refused = read(
        ada.post(
            "/console/account/",
            {"action": "role", "number": own.pk, "role": "member", "is_active": "on", "reason": "x"},
        )
    )
    assert "last active owner" in refused
    ada.post("/console/account/", {
        "action": "settings", "name": "Atelier", "bodies": "none", "regions": "eu", "keeps_responses": "on", "reason": "moved",
    })  # fmt: skip
    cast.ada.account.refresh_from_db()
    assert (cast.ada.account.name, cast.ada.account.regions) == ("Atelier", ["eu"])


def test_the_account_is_chosen_above(cast: Cast) -> None:
    Membership.objects.create(user=cast.ada.user, account=cast.cy.account, role="viewer")
    ada = signed_in(cast.ada.user)
    there = ada.post("/console/choose-account/", {"account": cast.cy.account.pk, "next": "/console/keys/"})
    assert there["Location"] == "/console/keys/"
    assert ada.post("/console/keys/", {"name": "x", "period": "month", "reason": "y"}).status_code in {200, 403}
    assert not ApiKey.objects.filter(name="x").exists()
    assert (
        ada.post("/console/choose-account/", {"account": 1, "next": "https://elsewhere.example/"})["Location"]
        == "/console/"
    )
