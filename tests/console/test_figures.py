"""Analytics: the figures of an account, by one's own sign-in, and dashboards that are composed there."""

import html

import pytest
from django.test import Client

from analytics.models import Dashboard
from routerhub.audit import history
from tests.analytics import rows
from tests.cast import Cast, because

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(cast: Cast) -> Client:
    rows.insert_many(3, account_id=cast.ada.account.pk, cost_nano=2_000_000_000, model="her:model")
    rows.insert_many(5, account_id=cast.cy.account.pk, cost_nano=7_000_000_000, model="his:model")
    rows.rolled_up()
    return signed_in(cast.ada.user)


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def read(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return html.unescape(answer.content.decode())


@pytest.mark.parametrize("name", ["usage", "performance"])
def test_a_member_sees_the_figures_of_their_accounts_alone(ada: Client, name: str) -> None:
    page = read(ada, f"/console/analytics/{name}/")
    assert "<b>3 requests</b> cost <b>$6.00</b>" in page
    assert "his" not in page.replace("this", "")
    assert "/admin/" not in page
    assert "<b>0 requests</b>" in read(ada, f"/console/analytics/{name}/?account=999") or "No request" in read(
        ada, f"/console/analytics/{name}/?account=999"
    )


def test_dashboards_are_ones_own_and_those_that_are_shared_in_the_account(ada: Client, cast: Cast) -> None:
    made = {
        (who.user, sight): Dashboard(
            name=f"{who.user} {sight}", user=who.user, account=who.account, visibility=sight, tiles=[{"kind": "sentence"}]
        )
        for who in (cast.ada, cast.ben, cast.cy) for sight in ("private", "account")
    }  # fmt: skip
    history.create(list(made.values()), because("to look at"))
    page = read(ada, "/console/analytics/usage/")
    for (who, sight), each in made.items():
        is_seen = who == cast.ada.user or (who == cast.ben.user and sight == "account")
        assert (each.name in page) == is_seen, each.name
        assert ada.get(f"/console/analytics/dashboards/{each.pk}/").status_code == (200 if is_seen else 404), each.name
    assert "<b>3 requests</b>" in read(ada, f"/console/analytics/dashboards/{made[cast.ada.user, 'private'].pk}/")


def test_addresses_lead_there_and_who_is_not_signed_in_signs_in_first(ada: Client) -> None:
    assert ada.get("/enterprise-router", follow=True).redirect_chain[-1] == ("/console/", 302)
    for old, new in (("usage/?range=7d", "usage/?range=7d"), ("dashboards/7/", "dashboards/7/")):
        assert ada.get(f"/console/{old}").headers["Location"] == f"/console/analytics/{new}"
    assert ada.get("/console/analytics/everything/").status_code == 404
    assert "range: 'ever' is not one of" in read(ada, "/console/analytics/usage/?range=ever")
    assert Client().get("/console/analytics/usage/").headers["Location"].startswith("/accounts/login/")


def test_an_empty_site_says_that_nothing_was_counted_yet(cast: Cast) -> None:
    page = read(signed_in(cast.cy.user), "/console/analytics/usage/")
    assert "Nothing was counted yet" in page
    assert "1970" not in page


def test_a_dashboard_is_composed_shared_and_deleted_in_the_console(ada: Client, cast: Cast) -> None:
    ben = signed_in(cast.ben.user)
    page = read(ada, "/console/analytics/usage/?by=key&model=her:model")
    assert "/console/analytics/dashboards/new/?by=key&model=her%3Amodel&tiles=usage" in page
    values = {"action": "save", "name": "Ours", "visibility": "private", "range": "7d", "where": "{}"}
    new = "/console/analytics/dashboards/new/"
    assert "Tile 1, kind: 'nothing' is none of" in html.unescape(
        ada.post(new, {**values, "tiles": '[{"kind": "nothing"}]'}).content.decode()
    )
    made = ada.post(new, {**values, "tiles": '[{"kind": "sentence"}]'}).headers["Location"]
    assert "<b>3 requests</b>" in read(ada, made)
    assert ben.get(made).status_code == 404
    ada.post(f"{made}edit/", {**values, "visibility": "account", "tiles": '[{"kind": "sentence"}]'})
    assert "Edit or share" not in read(ben, made)
    assert ben.get(f"{made}edit/").status_code == 403
    assert ada.post(f"{made}edit/", {"action": "delete"}).headers["Location"] == "/console/analytics/"
    assert not Dashboard.objects.exists()
    assert [row.history_change_reason for row in Dashboard.history.order_by("history_id")] == [
        "composed in the console", "composed in the console", "deleted in the console",
    ]  # fmt: skip
