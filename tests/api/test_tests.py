"""/api/experiments: members test for themselves, owners for their account, staff for everybody; Cy sees nothing of it."""

from typing import Any

import pytest
from django.test import Client

from experiments.models import Experiment
from experiments.tasks import look_at_tests
from tests.access.test_api import key, login
from tests.analytics.rows import insert_many
from tests.api.answers import problem
from tests.cast import Cast
from tests.experiments.ab.running import AS_IT_IS, POLICIES, shop, traffic

pytestmark = pytest.mark.django_db
WHY = {"reason": "to find out"}
DRAFT = {"name": "large or small", **POLICIES, **WHY}


@pytest.fixture(autouse=True)
def open_the_shop() -> None:
    shop()


def post(client: Client, path: str, status: int, **values: Any) -> Any:
    answer = client.post(f"/api/experiments{path}", {**WHY, **values}, "application/json")
    assert answer.status_code == status, answer.content
    return answer.json()


def get(client: Client, path: str = "") -> Any:
    return client.get(f"/api/experiments{path}").json()


def test_a_test_from_draft_to_declared(cast: Cast) -> None:
    ada = login(cast.ada.user)
    made = post(ada, "", 201, **DRAFT, account="acme", guardrails=[{"measure": "success", "margin": 0.02}])
    assert (made["state"], made["user"], made["unit"], made["phase"]) == ("draft", None, "user", 0)
    place = f"/{made['id']}"
    assert post(ada, f"{place}/start", 200)["state"] == "running"
    traffic(Experiment.objects.get(), "a", 3)
    look_at_tests()
    changed = ada.patch(f"/api/experiments{place}", {"share_b": 20, **WHY}, "application/json").json()
    assert (changed["share_b"], changed["phase"]) == (20, 2)
    look_at_tests()
    read = get(ada, place)
    assert [each["share_b"] for each in read["phases"]] == [50, 20]
    assert (read["findings"]["phase"], read["findings"]["requests_a"]) == (2, 0)
    assert [each["requests_a"] for each in get(ada, f"{place}/history")["looks"]] == [3, 0]
    assert post(ada, f"{place}/stop", 200)["stopped_by"] == "person"
    done = post(ada, f"{place}/declare", 200, declared="neither")
    assert (done["state"], done["declared"], done["applied"]) == ("ended", "neither", {})


def test_whose_tests_one_may_start_and_see(cast: Cast) -> None:
    ada, ben, cy, staff = (login(each) for each in (cast.ada.user, cast.ben.user, cast.cy.user, cast.staff))
    own = post(ben, "", 201, **DRAFT, account="acme")
    assert (own["user"], own["unit"]) == ("ben", "session")
    of_all = post(staff, "", 201, **DRAFT)
    of_account = post(ada, "", 201, **DRAFT, account="acme")
    assert [each["id"] for each in get(ben)["results"]] == [of_account["id"], own["id"]]
    assert len(get(staff)["results"]) == 3
    assert get(cy)["results"] == []
    assert get(cy, f"/{own['id']}")["status"] == 404
    post(ben, f"/{of_account['id']}/start", 403)
    post(ben, f"/{of_all['id']}/start", 404)
    post(ben, f"/{own['id']}/start", 200)
    post(ada, f"/{own['id']}/end", 200)
    admin = key(cast, cast.ben.user, "admin")
    assert [each["id"] for each in get(admin)["results"]] == [of_account["id"], own["id"]]


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"account": None}, "account", "only staff add what is the whole site's"),
        ({"account": "other"}, "account", "does not exist"),
        ({"b": {"kind": "policy", "value": "gone"}}, "b", "no active policy 'gone'"),
        ({"main": "mood"}, "main", "'mood' is none of cost, success"),
        ({"share": 10}, "share", "There is no such field. Allowed: account, user, name"),
        ({"reason": ""}, "reason", "Say why"),
    ],
)  # fmt: skip
def test_an_error_names_the_field(cast: Cast, values: Any, field: str, said: str) -> None:
    answer = login(cast.ada.user).post("/api/experiments", {**DRAFT, "account": "acme", **values}, "application/json")
    assert problem(answer) == (400, [field])
    assert said in answer.json()["errors"][0]["message"]


def test_a_draft_is_deleted_for_a_reason_and_what_ran_is_not(cast: Cast) -> None:
    ada = login(cast.ada.user)
    place = f"/api/experiments/{post(ada, '', 201, **DRAFT, account='acme')['id']}"
    assert ada.delete(f"{place}?reason=no").status_code == 204
    ran = post(ada, "", 201, **{**DRAFT, "a": AS_IT_IS, "b": AS_IT_IS}, account="acme")["id"]
    post(ada, f"/{ran}/start", 200)
    assert "must be draft" in ada.delete(f"/api/experiments/{ran}?reason=no").json()["detail"]


def test_how_many_units_it_takes_is_told_before_it_starts(cast: Cast) -> None:
    for number in range(28):
        insert_many(2, account_id=cast.ada.account.pk, user_id=100 + number, cost_nano=1_000_000 * (1 + number % 3))
    ada = login(cast.ada.user)
    plan = get(ada, "/sample-size?account=acme&measure=cost&effect=0.2")
    assert (plan["units_a_day"], plan["requests"]) == (2, 56)
    assert 100 < plan["units_fixed"] < plan["units_watched"] < 2 * plan["units_fixed"]
    assert plan["days"] == plan["units_watched"] / 2
    assert plan["tuned_for"] == 2 * plan["units_watched"]
    assert get(ada, "/sample-size?account=other")["errors"][0]["message"] == "Object with slug=other does not exist."
    assert get(ada, "/sample-size")["errors"][0]["message"] == "Name an account of yours."
    assert get(login(cast.cy.user), "/sample-size?account=other")["units_watched"] is None
    assert get(ada, "/sample-size?account=acme&effect=20")["errors"][0]["field"] == "effect"
