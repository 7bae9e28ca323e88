"""Composed dashboards by API: whose they are, what they may hold, and their figures."""

from typing import Any

import pytest
from django.test import Client

from analytics.models import Dashboard
from tests.analytics.rows import insert_many, rolled_up
from tests.cast import Cast, Member

pytestmark = pytest.mark.django_db
TILES = [{"kind": "over_time", "by": ["provider"], "measure": "requests"}, {"kind": "top", "by": ["user"]}]


def logged_in(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def post(client: Client, **changes: Any) -> Any:
    body = {"account": "acme", "name": "Mornings", "tiles": TILES, "reason": "tried", **changes}
    return client.post("/api/dashboards", body, content_type="application/json")


def test_one_is_private_until_it_is_shared_within_the_account(cast: Cast) -> None:
    ada, ben, cy = (logged_in(each) for each in (cast.ada, cast.ben, cast.cy))
    made = post(ben).json()
    assert (made["user"], made["visibility"], made["range"]) == ("ben", "private", "28d")
    assert [each.get("/api/dashboards").json()["count"] for each in (ben, ada, cy)] == [1, 0, 0]
    place = f"/api/dashboards/{made['id']}"
    shared = ben.patch(place, {"visibility": "account", "reason": "useful"}, content_type="application/json")
    assert shared.status_code == 200
    assert [each.get(place).status_code for each in (ben, ada, cy)] == [200, 200, 404]
    assert Dashboard.history.count() == 2
    assert post(cy).status_code == 400, "of an account of others"
    assert ben.delete(f"{place}?reason=old").status_code == 204


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tiles": [{"kind": "pie"}]}, "Tile 1, kind: 'pie' is none of sentence, targets"),
        ({"tiles": [{"kind": "top", "by": ["moon"]}]}, "Tile 1, by: ['moon'] is no grouping of top. Allowed: model; key"),
        ({"tiles": [{"kind": "top", "measure": "joy"}]}, "measure: 'joy' is none of cost, requests, tokens"),
        ({"tiles": [{"kind": "saved", "range": "ever"}]}, "range: 'ever' is none of 24h"),
        ({"tiles": [{"kind": "saved", "colour": "red"}]}, "colour: there is no such field. Allowed: kind"),
        ({"tiles": [{"kind": "saved", "title": 7}]}, "title: write at most 100 characters"),
        ({"tiles": [{"kind": "saved", "where": {"model": "a:b"}}]}, "model: write a list of 1 to 20 texts"),
        ({"tiles": [{"kind": "saved"}] * 25}, "25 tiles are too many: 24 at most"),
        ({"where": {"moon": ["full"]}}, "'moon' is none of account"),
    ],
)  # fmt: skip
def test_what_a_tile_may_not_be_is_refused_by_its_place(cast: Cast, changes: Any, problem: str) -> None:
    refused = post(logged_in(cast.ben), **changes)
    assert refused.status_code == 400
    assert problem in str(refused.json()).replace("\\'", "'")


def test_its_figures_are_those_of_its_account_alone(cast: Cast) -> None:
    for member, count in ((cast.ada, 2), (cast.cy, 3)):
        insert_many(
            count, account_id=member.account.pk, user_id=member.user.pk, outcome="success", provider="a", model="a:b"
        )
    rolled_up()
    ada = logged_in(cast.ada)
    place = f"/api/dashboards/{post(ada).json()['id']}/figures"
    told = ada.get(place, {"range": "7d"}).json()
    over_time, top = told["tiles"]
    assert (told["traffic"], over_time["value"]["figure"]) == ("real", "2")
    assert [each["name"] for each in top["value"]["entries"]] == ["ada"]
    assert ada.get(place, {"range": "ever"}).status_code == 400
    assert ada.get("/api/dashboards/kinds").json()["kinds"]["flow"]["by"][0] == ["category", "model"]
