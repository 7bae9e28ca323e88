"""Reports by API: whose they are, on whose clock, and what is refused."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from analytics.models import PolicyBand
from autorouter.models import Policy
from tests.analytics.rows import insert_many, rolled_up
from tests.cast import Cast, Member

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 11, 20, tzinfo=UTC)
DAYS = "since=2026-11-20&until=2026-11-21"
NANO = 10**9


@pytest.fixture
def staff(cast: Cast) -> Client:
    return login(cast.staff)


def login(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def told(client: Client, report: str, query: str = DAYS, status: int = 200) -> Any:
    answer = client.get(f"/api/routing/{report}?{query}")
    assert answer.status_code == status, answer.content
    return answer.json()


def spent(member: Member, count: int, at: datetime = DAY, **changes: Any) -> None:
    insert_many(
        count, **{"created_at": at, "account_id": member.account.pk, "user_id": member.user.pk, "key_id": member.key.pk,
                  "cost_nano": NANO // 100, "input_tokens": 100, "output_tokens": 50, "latency_ms": 800, **changes},
    )  # fmt: skip


def test_everybody_is_told_of_their_own_accounts_and_staff_of_all(cast: Cast, staff: Client) -> None:
    spent(cast.ada, 3)
    spent(cast.cy, 2)
    rolled_up()
    by_key = Client(headers=cast.ada.auth)
    for client, requests in ((staff, 5), (login(cast.ben.user), 3), (login(cast.cy.user), 2), (by_key, 3)):
        assert told(client, "performance")["total"]["requests"] == requests
        assert len(told(client, "dearest")["requests"]) == requests
    assert told(staff, "performance", f"{DAYS}&account=other")["total"]["requests"] == 2
    for report in ("performance", "savings", "targets", "opportunities", "dearest"):
        refused = told(by_key, report, f"{DAYS}&account=other", 400)
        assert [each["field"] for each in refused["errors"]] == ["account"]


def test_groups_are_told_by_name_with_costs_success_and_times(cast: Cast, staff: Client) -> None:
    spent(cast.ada, 3)
    spent(cast.ada, 1, outcome="failure", error_kind="timeout", cost_nano=0, fallback_used=True)
    spent(cast.cy, 1, outcome="refused", error_kind="budget_exceeded", input_tokens=0, output_tokens=0, cost_nano=0)
    spent(cast.cy, 1, is_sandbox=True)
    rolled_up()
    found = told(staff, "performance", f"{DAYS}&group_by=account,user&step=hour&compare=true&timezone=Asia/Kolkata")
    assert (found["timezone"], found["since"], found["count"]) == ("Asia/Kolkata", "2026-11-20T00:00:00+05:30", 2)
    acme = found["results"][0]
    assert (acme["account"], acme["account_id"], acme["user"]) == ("acme", cast.ada.account.pk, "ada")
    assert (acme["cost_usd"], acme["mean_cost_usd"], acme["success"], acme["errors"]) == (
        "0.03", "0.0075", 0.75, {"timeout": 1},
    )  # fmt: skip
    assert (acme["efficiency"], acme["latency_ms"]["mean"], acme["before"]["requests"]) == (0.5, 800.0, 0)
    assert acme["latency_ms"]["p95"] == pytest.approx(800, rel=0.01)
    assert sum(each["count"] for each in acme["latency_ms"]["histogram"]) == 3
    assert [(each["start"], each["requests"]) for each in acme["points"]] == [("2026-11-20T05:00:00+05:30", 4)]
    assert found["results"][1]["success"] is None
    assert told(staff, "performance", f"{DAYS}&traffic=sandbox")["total"]["requests"] == 1
    assert told(staff, "performance", f"{DAYS}&user=ada&group_by=model")["total"]["requests"] == 4


def test_days_are_whole_ones_of_the_zone_that_is_asked_for_and_edge_rows_stay(cast: Cast, staff: Client) -> None:
    """The 20th of November in Los Angeles is from 08:00 to 08:00 in UTC."""
    first = DAY + timedelta(hours=8)
    for at in (
        first - timedelta(milliseconds=1),
        first,
        first + timedelta(days=1) - timedelta(milliseconds=1),
        first + timedelta(days=1),
    ):
        spent(cast.ada, 1, at)
    rolled_up()
    one = "since=2026-11-20&until=2026-11-20&timezone=America/Los_Angeles"
    found = told(staff, "performance", f"{one}&step=day")["total"]
    assert [(each["start"], each["requests"]) for each in found["points"]] == [("2026-11-20T00:00:00-08:00", 2)]
    cast.ada.account.timezone = "America/Los_Angeles"
    cast.ada.account.save()
    assert told(staff, "performance", "since=2026-11-20&until=2026-11-20&account=acme")["total"]["requests"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=soon", "since"), ("since=2026-11-01T08:00", "since"), ("since=2026-11-30&until=2026-11-01", "until"),
        ("timezone=Mars/Olympus", "timezone"), ("traffic=some", "traffic"), ("group_by=colour", "group_by"),
        ("group_by=tag,model", "group_by"), ("step=minute", "step"), ("order=beauty", "order"), ("limit=0", "limit"),
        ("limit=1001", "limit"), ("offset=-1", "offset"), ("user=nobody", "user"), ("account=nobody", "account"),
        ("colour=red", "colour"), ("compare=perhaps", "compare"), ("tag=a&tag=b", "tag"), ("key=mine", "key"),
        ("since=2020-01-01&step=5min", "step"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_its_field(staff: Client, query: str, field: str) -> None:
    assert [each["field"] for each in told(staff, "performance", query, 400)["errors"]] == [field]


@pytest.mark.parametrize(
    ("report", "query", "count"),
    [
        ("performance", "group_by=account,model&step=day&compare=true&limit=2", 13),
        ("savings", "", 4),
        ("targets", "", 8),
        ("opportunities", "", 4),
        ("dearest", "", 12),
    ],
)
def test_queries_are_as_many_for_one_group_as_for_all(
    staff: Client, cast: Cast, report: str, query: str, count: int
) -> None:
    for member, number in ((cast.ada, 3), (cast.cy, 2)):
        for model in ("a:b", "c:d", "e:f"):
            spent(member, number, model=model)
    rolled_up()
    told(staff, report, f"{DAYS}&{query}")
    with CaptureQueriesContext(
        connection,
    ) as found:
        told(staff, report, f"{DAYS}&{query}")
    assert len(found) == count
    assert not [each["sql"] for each in found if "analytics_record" in each["sql"] and report != "dearest"]


def test_targets_stand_beside_what_is_wanted(cast: Cast, staff: Client) -> None:
    spent(cast.ada, 9, policy="ops")
    spent(cast.ada, 1, policy="code", outcome="failure", latency_ms=0, cost_nano=NANO)
    rolled_up()
    found = told(staff, "targets")
    assert [(each["target"], each["value"], each["is_met"]) for each in found["results"]] == [
        ("cost", "$0.109", False), ("success", "90.0%", False), ("latency", "0.80 s", True), ("budget", "-", None),
        ("balance", "1 of 2 within", False),
    ]  # fmt: skip
    assert [(each["policy"], each["share"], each["is_within"]) for each in found["policies"]] == [
        ("ops", 0.9, False), ("code", 0.1, True),
    ]  # fmt: skip


def test_bands_of_policies_are_set_for_a_reason_and_kept_in_the_history(staff: Client) -> None:
    Policy.objects.create(name="ops", version=1, title="Ops", model_ids=["a:b"], is_active=True)

    def send(method: str, path: str, sent: dict[str, Any]) -> Any:
        return staff.generic(method, f"/api/routing/targets/policies{path}", json.dumps(sent), "application/json")

    sent: dict[str, Any] = {"policy": "ops", "low_percent": 20, "high_percent": 95}
    assert send("POST", "", sent).status_code == 400
    assert send("POST", "", {**sent, "reason": "cheap ones first"}).status_code == 201
    for wrong, field in (
        ({"low_percent": 96}, "high_percent"),
        ({"high_percent": 101}, "high_percent"),
        ({"policy": "none"}, "policy"),
    ):
        refused = send("PATCH", "/ops", {**wrong, "reason": "r"})
        assert [each["field"] for each in refused.json()["errors"]] == [field]
    assert send("PATCH", "/ops", {"high_percent": 90, "reason": "not all"}).json()["high_percent"] == 90
    assert send("DELETE", "/ops?reason=done", {}).status_code == 204
    assert [each.history_change_reason for each in PolicyBand.history.all()] == ["done", "not all", "cheap ones first"]


def test_dearest_come_first_and_are_narrowed(cast: Cast, staff: Client) -> None:
    spent(cast.ada, 2, cost_nano=5 * NANO, tags=("night",))
    spent(cast.ben, 1, cost_nano=9 * NANO)
    spent(cast.cy, 1, cost_nano=7 * NANO, user_id=None)
    rolled_up()
    found = told(staff, "dearest", f"{DAYS}&limit=2")
    assert [each["cost_usd"] for each in found["requests"]] == ["9", "7"]
    assert [(each["user"], each["cost_usd"]) for each in found["users"]] == [("ada", "10"), ("ben", "9")]
    assert len(told(staff, "dearest", f"{DAYS}&user=")["requests"]) == 1
    assert len(told(staff, "dearest", f"{DAYS}&user=ben&user=ada")["requests"]) == 3
    refused = told(staff, "dearest", "since=2026-01-01&until=2026-11-20", 400)
    assert [each["field"] for each in refused["errors"]] == ["since"]
