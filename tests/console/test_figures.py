"""The figures of one's own accounts, by one's own sign-in."""

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
    page = read(ada, f"/console/{name}/")
    assert "<b>3 requests</b> cost <b>$6.00</b>" in page
    assert "his" not in page.replace("this", "")
    assert "/admin/" not in page
    assert "<b>0 requests</b>" in read(ada, f"/console/{name}/?account=999") or "No request" in read(
        ada, f"/console/{name}/?account=999"
    )


def test_dashboards_are_ones_own_and_those_that_are_shared_in_the_account(ada: Client, cast: Cast) -> None:
    made = {
        (who.user, sight): Dashboard(
            name=f"{who.user} {sight}", user=who.user, account=who.account, visibility=sight, tiles=[{"kind": "sentence"}]
        )
        for who in (cast.ada, cast.ben, cast.cy) for sight in ("private", "account")
    }  # fmt: skip
    history.create(list(made.values()), because("to look at"))
    page = read(ada, "/console/usage/")
    for (who, sight), each in made.items():
        is_seen = who == cast.ada.user or (who == cast.ben.user and sight == "account")
        assert (each.name in page) == is_seen, each.name
        assert ada.get(f"/console/dashboards/{each.pk}/").status_code == (200 if is_seen else 404), each.name
    assert "<b>3 requests</b>" in read(ada, f"/console/dashboards/{made[cast.ada.user, 'private'].pk}/")


def test_addresses_lead_there_and_who_is_not_signed_in_signs_in_first(ada: Client) -> None:
    assert ada.get("/enterprise-router", follow=True).redirect_chain[-1] == ("/console/usage/", 302)
    assert ada.get("/console/everything/").status_code == 404
    assert "range: 'ever' is not one of" in read(ada, "/console/usage/?range=ever")
    assert Client().get("/console/usage/").headers["Location"].startswith("/accounts/login/")
