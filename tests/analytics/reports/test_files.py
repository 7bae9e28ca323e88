"""Reports as files, and the same money in the ledger and in the roll-ups."""

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client

from analytics.reports.performance import performance
from analytics.windows.types import Question
from tests.analytics.reports.test_api import DAY, DAYS, login, spent, told
from tests.analytics.rows import rolled_up
from tests.budgets.test_books import charge
from tests.cast import Cast

pytestmark = pytest.mark.django_db
NANO = 10**9


@pytest.fixture
def staff(cast: Cast) -> Client:
    return login(cast.staff)


def content(client: Client, report: str, query: str) -> bytes:
    answer: Any = client.get(f"/api/routing/{report}?{query}")
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def lines(client: Client, report: str, query: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(client, report, f"{query}&as=csv").decode("utf-8-sig"))))


def test_a_report_is_a_line_for_each_group_and_step_and_one_for_the_others(cast: Cast, staff: Client) -> None:
    spent(cast.ada, 3, model="=cmd()")
    spent(cast.cy, 1)
    rolled_up()
    found = lines(staff, "performance", f"{DAYS}&group_by=account,model&limit=1&step=day&timezone=Europe/Berlin")
    assert [(row["account"], row["model"], row["requests"], row["cost_usd"], row["start"]) for row in found] == [
        ("acme", "'=cmd()", "3", "0.03", "2026-11-20T00:00:00+01:00"),
        ("(all others)", "(all others)", "1", "0.01", "2026-11-20T00:00:00+01:00"),
    ]  # fmt: skip
    for kind, begins in (("xlsx", b"PK"), ("parquet", b"PAR1"), ("json", b"{")):
        assert content(staff, "performance", f"{DAYS}&as={kind}").startswith(begins)
    assert b"saving_estimate_usd" in content(staff, "opportunities", f"{DAYS}&as=csv")
    for report in ("performance", "opportunities", "costs"):
        assert [each["field"] for each in told(staff, report, f"{DAYS}&as=doc", 400)["errors"]] == ["as"]


def test_the_ledger_is_the_money_and_the_roll_ups_are_its_picture(cast: Cast, staff: Client) -> None:
    """Where nothing was credited since, and no sandbox is asked for, both say the same."""
    for member, cost in ((cast.ada, 1_250_000_001), (cast.cy, 49_500)):
        spent(member, 1, cost_nano=cost, model="a:b")
        charge(member.account, cost, DAY, model="a:b")
    spent(cast.ada, 1, cost_nano=NANO, is_sandbox=True)
    charge(cast.ada.account, NANO, DAY, is_sandbox=True)
    rolled_up()
    found = lines(staff, "costs", f"{DAYS}&group_by=account,model&traffic=real")
    money = {row["account"]: row["cost_usd"] for row in found}
    picture = told(staff, "performance", f"{DAYS}&group_by=account,model")
    assert money == {row["account"]: row["cost_usd"] for row in picture["results"]} == {
        "acme": "1.250000001", "other": "0.0000495",
    }  # fmt: skip
    assert [row["cost_usd"] for row in lines(staff, "costs", DAYS)] == [picture["total"]["cost_usd"]]


def test_a_file_tells_all_that_the_page_tells(cast: Cast, staff: Client) -> None:
    spent(cast.ada, 2)
    rolled_up()
    file = json.loads(content(staff, "performance", f"{DAYS}&as=json"))
    (row,) = file["rows"]
    whole = performance(Question(since=DAY, until=DAY.replace(day=22))).total.figures
    assert (row["requests"], row["cost_usd"], row["success"]) == (whole.requests, "0.02", 1.0)
