"""Shares by API, by page and by command: the same words and the same rules."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from budgets.models import Limit
from budgets.shares.rebalancing import rebalance
from tests.budgets.shares.conftest import shares
from tests.cast import Cast

pytestmark = pytest.mark.django_db(databases=["default", "west"])
TEN, SIX, FOUR = (each * 1_000_000_000 for each in (10, 6, 4))


@pytest.fixture
def limit(west: str) -> Limit:
    return Limit.objects.create(kind="site", measure="money", period="month", amount=TEN)


@pytest.fixture
def client(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


def put(client: Client, limit: Limit, **body: object) -> tuple[int, dict[str, object]]:
    answer = client.put(f"/api/shares/{limit.pk}", body, content_type="application/json")
    return answer.status_code, answer.json()


def test_by_api(client: Client, limit: Limit) -> None:
    status, told = put(client, limit, shares={"home": "6", "west": "4"}, reason="a second region")
    assert (status, told["amount"], told["not_seen_yet"]) == (200, "10", ["home", "west"])
    rebalance()
    refused = client.delete(f"/api/budgets/{limit.pk}?reason=x")
    assert (refused.status_code, "take its shares back first" in refused.text) == (400, True)
    client.post(f"/admin/budgets/limit/{limit.pk}/delete/", {"post": "yes", "reason": "x"})
    assert Limit.objects.filter(pk=limit.pk).exists()
    (found,) = client.get("/api/shares").json()["limits"]
    assert [(each["place"], each["problem"]) for each in found["places"]] == [("home", ""), ("west", "")]
    assert sum(float(each["share"]) for each in found["places"]) == 10
    gone = client.delete(f"/api/shares/{limit.pk}", {"reason": "one again"}, content_type="application/json")
    assert gone.status_code == 204
    assert client.get(f"/api/shares/{limit.pk}").status_code == 404
    assert limit.history.latest().history_change_reason == "one again"
    assert client.delete(f"/api/budgets/{limit.pk}?reason=x").status_code == 204


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"shares": {"home": "6", "west": "3"}, "reason": "x"}, "shares"),
        ({"shares": {"home": "6", "west": "-4"}, "reason": "x"}, "shares.west"),
        ({"shares": {"home": "6", "west": "4"}}, "reason"),
        ({"shares": {"home": "6", "moon": "4"}, "reason": "x"}, "shares"),
    ],
)
def test_by_api_what_is_wrong_is_named(client: Client, limit: Limit, body: dict[str, object], field: str) -> None:
    status, told = put(client, limit, **body)
    assert (status, told["errors"][0]["field"]) == (400, field)  # type: ignore[index]
    limit.refresh_from_db()
    assert limit.shared_as is None


def test_by_page(client: Client, limit: Limit) -> None:
    form = {"action": "deal", "limit": limit.pk, "share_home": "6", "share_west": "4", "reason": "a second region"}
    assert (
        "They make 9: from 0 on, they make up the limit, 10"
        in client.post("/admin/shares/", {**form, "share_west": "3"}).text
    )
    assert client.post("/admin/shares/", form).status_code == 302
    limit.refresh_from_db()
    assert limit.share == SIX
    rebalance()
    shown = client.get("/admin/shares/").text
    assert "$10 in all" in shown
    assert "Take all shares back" in shown
    gather = {"action": "gather", "limit": limit.pk, "reason": "one again"}
    assert client.post("/admin/shares/", gather).status_code == 302
    assert "No limit is dealt out." in client.get("/admin/shares/").text


def test_by_command(limit: Limit) -> None:
    call_command("deal_limit", limit.pk, "home=6", "west=4", reason="a second region", stdout=StringIO())
    told = StringIO()
    call_command("rebalance_shares", stdout=told)
    assert "1 limits are dealt out, 1 transfers." in told.getvalue()
    assert "site, money per month at west" in told.getvalue()
    limit.refresh_from_db()
    assert sum(each or 0 for each in shares(limit).values()) == TEN
    with pytest.raises(CommandError, match="'west' is no share: write PLACE=AMOUNT"):
        call_command("deal_limit", limit.pk, "west", reason="x")
    call_command("deal_limit", limit.pk, gather=True, reason="one again", stdout=StringIO())
    limit.refresh_from_db()
    assert limit.shared_as is None
