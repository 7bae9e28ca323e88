"""The ledger, credits, billing records, reconciliation and costs in the REST API."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.books.billing import close
from budgets.books.costs import Asked, costs
from budgets.books.exporting import as_csv, as_pdf
from budgets.models import Account, BillingRecord, LedgerEntry, Reconciliation
from budgets.people.keys import create_key
from tests.budgets.tables import limit
from tests.budgets.test_books import DECEMBER, NOVEMBER, OCTOBER, charge
from tests.cast import Cast, because

pytestmark = pytest.mark.django_db
USD = 10**9


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


@pytest.fixture
def key(cast: Cast) -> Client:
    """An administrator's of acme."""
    _, text = create_key(cast.ada.account, "admin", cast.staff, ["admin"])
    return Client(headers={"Authorization": f"Bearer {text}"})


def post(client: Client, path: str, **sent: Any) -> Any:
    return client.post(path, sent, "application/json")


def fields(refused: Any) -> list[str]:
    return [each["field"] for each in refused.json()["errors"]]


# --- the ledger


def test_pages_of_the_ledger_stay_as_they_are_while_it_grows(staff: Client, cast: Cast) -> None:
    made = [charge(cast.ada.account, amount, NOVEMBER).pk for amount in range(1, 6)]
    first = staff.get("/api/ledger?limit=2").json()
    charge(cast.ada.account, 99, OCTOBER)
    second = staff.get(first["next"]).json()
    third = staff.get(second["next"]).json()
    assert [each["id"] for page in (first, second, third) for each in page["results"]] == made[::-1]
    assert third["next"] is None
    assert fields(staff.get("/api/ledger?before=x")) == ["before"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("account=acme", {1, 2}),
        ("user=ada", {2}),
        ("scope=tag:night", {2}),
        ("basis=no_price", {4}),
        ("is_sandbox=true", {4}),
        ("since=2026-11-01T00:00:00Z", {2, 4}),
        ("until=2026-11-01T00:00:00Z", {1}),
    ],
)
def test_the_ledger_is_filtered(staff: Client, cast: Cast, query: str, found: set[int]) -> None:
    charge(cast.ada.account, USD, OCTOBER)
    charge(cast.ada.account, 2 * USD, NOVEMBER, user_id=cast.ada.user.pk, scopes=["tag:night"])
    charge(cast.cy.account, 4 * USD, NOVEMBER, basis="no_price", is_sandbox=True)
    assert {int(each["amount_usd"]) for each in staff.get(f"/api/ledger?{query}").json()["results"]} == found


def test_a_credit_by_api_says_what_is_wrong_by_field_and_is_the_accounts(
    staff: Client, key: Client, cast: Cast
) -> None:
    operation = str(charge(cast.ada.account, 5 * USD, NOVEMBER).operation_id)
    for sent, field in (
        ({"amount_usd": "0"}, "amount_usd"), ({"amount_usd": "6"}, "amount_usd"), ({"amount_usd": "x"}, "amount_usd"),
        ({"account": "nobody"}, "account"), ({"operation_id": "00000000-0000-0000-0000-000000000001"}, "operation_id"),
        ({"reason": ""}, "reason"), ({"nonsense": 1}, "nonsense"),
    ):  # fmt: skip
        given = {"account": "acme", "amount_usd": "1", "reason": "broken", **sent}
        answer = post(staff, "/api/ledger", **given)
        assert (answer.status_code, fields(answer)) == (400, [field]), sent
    assert fields(post(key, "/api/ledger", account="other", amount_usd="1", reason="x")) == ["account"]
    told = post(
        key, "/api/ledger", account="acme", amount_usd="1.250000001", operation_id=operation, reason="broken"
    ).json()
    assert (told["kind"], told["amount_usd"], told["refers_to"], told["author"]) == (
        "credit",
        "-1.250000001",
        operation,
        "staff",
    )


# --- billing


def record_of(account: Account) -> BillingRecord:
    charge(account, 1_250_000_001, OCTOBER, model="=cmd()", input_tokens=812, output_tokens=95)
    charge(account, 49_500, OCTOBER, model="anthropic:claude-sonnet-4", basis="held")
    (record,) = close(account, because("x"), NOVEMBER)
    return record


def test_a_billing_record_is_read_as_json_csv_and_pdf_by_its_account_alone(key: Client, cast: Cast) -> None:
    own, other = record_of(cast.ada.account), record_of(cast.cy.account)
    assert [each["name"] for each in key.get("/api/billing").json()["results"]] == ["acme-0001"]
    told = key.get(f"/api/billing/{own.pk}").json()
    assert (told["total_usd"], sorted(each["amount_usd"] for each in told["lines"])) == (
        "1.250049501", ["0.0000495", "1.250000001"],
    )  # fmt: skip
    for kind, begins in (("csv", b"\xef\xbb\xbfrecord,account"), ("pdf", b"%PDF-")):
        answer = key.get(f"/api/billing/{own.pk}/{kind}")
        assert answer.content.startswith(begins)
        assert answer["Content-Disposition"] == f'attachment; filename="acme-0001.{kind}"'
        assert key.get(f"/api/billing/{other.pk}/{kind}").status_code == 404


def test_a_file_of_a_record_has_the_same_bytes_always_and_no_formulas(cast: Cast) -> None:
    record = record_of(cast.ada.account)
    assert as_pdf(record) == as_pdf(BillingRecord.objects.get(pk=record.pk))
    rows = list(csv.DictReader(io.StringIO(as_csv(record).decode("utf-8-sig"))))
    assert {row["model"]: row["amount_usd"] for row in rows} == {
        "'=cmd()": "1.250000001", "anthropic:claude-sonnet-4": "0.0000495", "": "1.250049501",
    }  # fmt: skip
    assert {(row["time_zone"], row["period_start"]) for row in rows} == {("UTC", "2026-10-01T00:00:00+00:00")}


# --- reconciliation


def test_the_last_reconciliation_is_shown_and_a_new_one_asked_for(staff: Client, key: Client, cast: Cast) -> None:
    assert staff.get("/api/ledger/reconciliation").json()["id"] is None
    site, hers = limit(f"account:{cast.cy.account.pk}", 9), limit(f"account:{cast.ada.account.pk}", 9)
    for each in (site, hers):
        each.counters.create(measure="money", period="month", period_start=NOVEMBER, spent=7)
    told = post(staff, "/api/ledger/reconciliation", reason="a look").json()
    assert (len(told["differences"]), told["is_repair"]) == (2, False)
    assert [each["limit_id"] for each in key.get("/api/ledger/reconciliation").json()["differences"]] == [hers.pk]
    assert post(staff, "/api/ledger/reconciliation", reason="", repair=True).status_code == 400
    told = post(staff, "/api/ledger/reconciliation", reason="after the move", repair=True).json()
    assert (told["is_repair"], told["author"], hers.counters.get().spent) == (True, "staff", 0)
    assert Reconciliation.objects.count() == 2


# --- costs


def some_costs(cast: Cast) -> None:
    account = cast.ada.account
    scopes = [f"account:{account.pk}", "policy:code", "worker:w1", "task:t9", "tag:a", "tag:b"]
    charge(account, 5 * USD, OCTOBER, user_id=cast.ada.user.pk, key_id=cast.ada.key.pk, provider="p", scopes=scopes,
           task_type="review", category="coding", input_tokens=3)  # fmt: skip
    charge(account, 2 * USD, NOVEMBER, model="a:c", basis="no_price", scopes=[])
    charge(account, 9 * USD, NOVEMBER, is_sandbox=True)
    charge(cast.cy.account, 4 * USD, NOVEMBER, model="a:c")


@pytest.mark.parametrize(
    ("dimension", "found"),
    [
        ("account", {"acme": "7", "other": "4"}),
        ("user", {"ada": "5", "": "6"}),
        ("key", {"ada's key": "5", "": "6"}),
        ("model", {"a:b": "5", "a:c": "6"}),
        ("provider", {"p": "5", "": "6"}),
        ("deployment", {"": "11"}),
        ("policy", {"code": "9", "": "2"}),
        ("task_type", {"review": "5", "": "6"}),
        ("category", {"coding": "5", "": "6"}),
        ("worker", {"w1": "5", "": "6"}),
        ("task", {"t9": "5", "": "6"}),
        ("tag", {"a": "5", "b": "5", "": "6"}),
        ("day", {"2026-10-01": "5", "2026-11-01": "6"}),
        ("week", {"2026-09-28": "5", "2026-10-26": "6"}),
        ("month", {"2026-10-01": "5", "2026-11-01": "6"}),
    ],
)
def test_costs_by_every_dimension(staff: Client, cast: Cast, dimension: str, found: dict[str, str]) -> None:
    some_costs(cast)
    told = staff.get(f"/api/routing/costs?since=2026-10-01&until=2026-11-30&group_by={dimension}").json()
    assert {each[dimension]: each["cost_usd"] for each in told["results"]} == found
    total = told["total"]
    assert (total["cost_usd"], total["sandbox_usd"], total["requests"]) == ("11", "9", 4)
    assert (total["unpriced_usd"], total["unpriced_share"], told["is_cut"]) == ("2", 0.181818, False)


def test_costs_are_the_callers_and_narrowed_and_bounded(staff: Client, key: Client, cast: Cast) -> None:
    some_costs(cast)
    days = "since=2026-10-01&until=2026-11-30"
    assert key.get(f"/api/routing/costs?{days}").json()["total"]["cost_usd"] == "7"
    assert key.get(f"/api/routing/costs?{days}&account=other").status_code == 400
    narrowed = staff.get(f"/api/routing/costs?{days}&worker=w1&group_by=model,day").json()
    assert [(each["model"], each["day"], each["cost_usd"]) for each in narrowed["results"]] == [
        ("a:b", "2026-10-01", "5")
    ]
    for wrong, field in (
        ("since=2024-01-01", "until"), ("group_by=colour", "group_by"), ("since=soon", "since"), ("account=x", "account"),
        ("group_by=day,week,month,user", "group_by"),
    ):  # fmt: skip
        answer = staff.get(f"/api/routing/costs?until=2026-11-30&{wrong}")
        assert (answer.status_code, fields(answer)) == (400, [field]), wrong


def test_costs_come_in_pages_beside_the_others_and_the_days_before(staff: Client, cast: Cast) -> None:
    some_costs(cast)
    days = "since=2026-11-01&until=2026-11-30"
    first = staff.get(f"/api/routing/costs?{days}&group_by=account&limit=1&compare=true").json()
    assert ([each["account"] for each in first["results"]], first["is_cut"]) == (["other"], True)
    assert (first["others"]["cost_usd"], first["others"]["sandbox_usd"], "requests" in first["others"]) == (
        "2",
        "9",
        False,
    )
    assert (first["before"]["since"], first["before"]["until"]) == ("2026-10-02", "2026-10-31")
    assert (first["before"]["total"]["cost_usd"], first["before"]["change"]) == ("0", None)
    second = staff.get(f"/api/routing/costs?{days}&group_by=account&limit=1&offset=1").json()
    assert ([each["account"] for each in second["results"]], second["others"]["cost_usd"]) == (["acme"], "4")
    assert "before" not in second
    whole = staff.get(f"/api/routing/costs?{days}&group_by=account").json()
    assert (whole["others"], whole["is_cut"]) == (None, False)


@pytest.mark.parametrize(
    ("traffic", "told"), [("real", ("6", "0", 2)), ("sandbox", ("0", "9", 1)), ("both", ("6", "9", 3))]
)
def test_costs_of_the_sandbox_can_be_left_out(
    staff: Client, cast: Cast, traffic: str, told: tuple[str, str, int]
) -> None:
    some_costs(cast)
    total = staff.get(f"/api/routing/costs?since=2026-11-01&until=2026-11-30&traffic={traffic}").json()["total"]
    assert (total["cost_usd"], total["sandbox_usd"], total["requests"]) == told


def test_costs_are_of_the_readers_days(staff: Client, cast: Cast) -> None:
    charge(cast.ada.account, USD, datetime(2026, 11, 1, 3, tzinfo=UTC))
    query = "since=2026-10-31&until=2026-10-31&group_by=day"
    for zone, spent in (("UTC", "0"), ("America/New_York", "1")):
        told = staff.get(f"/api/routing/costs?{query}&timezone={zone}").json()
        assert (told["time_zone"], told["total"]["cost_usd"]) == (zone, spent)
    assert fields(staff.get(f"/api/routing/costs?{query}&timezone=Mars")) == ["timezone"]
    for wrong in ("limit=0", "limit=1001", "offset=-1", "traffic=some"):
        assert fields(staff.get(f"/api/routing/costs?{query}&{wrong}")) == [wrong.partition("=")[0]]


def test_roles_open_the_books_of_the_own_account(cast: Cast) -> None:
    some_costs(cast)
    days = "since=2026-10-01&until=2026-11-30"
    for member, rows, spent in ((cast.ada, 3, "7"), (cast.ben, 0, "0"), (cast.cy, 1, "4")):
        client = Client()
        client.force_login(member.user)
        assert len(client.get("/api/ledger").json()["results"]) == rows
        assert client.get(f"/api/routing/costs?{days}").json()["total"]["cost_usd"] == spent
        assert client.get("/api/billing").status_code == (403 if member == cast.ben else 200)
        assert post(client, "/api/ledger", account="acme", amount_usd="1", reason="r").status_code == 403
        wrong = "acme" if member == cast.cy else "other"
        assert fields(client.get(f"/api/routing/costs?{days}&account={wrong}")) == ["account"]
    client.force_login(cast.ben.user)
    charge(cast.ada.account, 3 * USD, NOVEMBER, user_id=cast.ben.user.pk)
    assert client.get(f"/api/routing/costs?{days}&account=acme&group_by=user").json()["results"][0]["user"] == "ben"
    assert fields(client.get(f"/api/routing/costs?{days}&user=ada")) == ["user"]
    assert len(client.get("/api/ledger").json()["results"]) == 1


@given(
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "America/Los_Angeles", "Europe/Berlin"]),
    hours=st.lists(st.integers(-30, 24 * 9), min_size=1, max_size=20),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_the_days_of_a_range_are_the_range_in_every_zone_also_when_clocks_change(
    db: None, zone: str, hours: list[int]
) -> None:
    account = Account.objects.create(slug=f"x{LedgerEntry.objects.count()}-{len(hours)}", name="x")
    for hour in hours:
        charge(account, 1, datetime(2026, 10, 24, tzinfo=UTC) + timedelta(hours=hour))
    asked = Asked(since=date(2026, 10, 24), until=date(2026, 11, 1), zone=ZoneInfo(zone), account_id=account.pk)
    by_day = costs(
        Asked(since=asked.since, until=asked.until, zone=asked.zone, group_by=["day"], account_id=account.pk)
    )
    assert sum(row["cost_nano"] for row in by_day.rows) == costs(asked).total["cost_nano"]
    assert {row["day"] for row in by_day.rows} <= {str(asked.since + timedelta(days=day)) for day in range(9)}
    account.delete()


def test_too_many_days_or_groups_are_refused() -> None:
    with pytest.raises(ValidationError):
        costs(Asked(since=DECEMBER.date(), until=NOVEMBER.date(), zone=ZoneInfo("UTC")))
