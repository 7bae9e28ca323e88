"""How satisfied somebody was: reported for a request of one's own account, and again to correct it."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from analytics.models import Feedback
from budgets.people.keys import create_key
from tests.analytics.rows import insert
from tests.cast import Cast, Member


def report(who: Member, operation: Any, satisfaction: Any = "0.75", **more: Any) -> Any:
    body = {"operation_id": str(operation), "satisfaction": satisfaction, **more}
    return Client(headers=who.auth).post("/api/feedback", body, "application/json")


def of(member: Member) -> uuid.UUID:
    """A request of the member's account."""
    return insert(account_id=member.account.pk)


def test_a_request_of_ones_own_account_is_judged(cast: Cast) -> None:
    operation = of(cast.ada)
    answer = report(cast.ada, operation, 0.125, comment="too long")
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in ("operation_id", "satisfaction", "comment")} == {
        "operation_id": str(operation), "satisfaction": "0.125", "comment": "too long",
    }  # fmt: skip
    row = Feedback.objects.get()
    assert (row.operation_id, row.account_id, row.satisfaction) == (operation, cast.ada.account.pk, Decimal("0.125"))


def test_a_member_may_judge_what_another_of_the_account_asked(cast: Cast) -> None:
    assert report(cast.ben, of(cast.ada)).status_code == 201


def test_reporting_again_corrects_what_was_said(cast: Cast) -> None:
    operation = of(cast.ada)
    report(cast.ada, operation, 0, comment="useless")
    first = Feedback.objects.get().reported_at
    assert report(cast.ben, operation, 1, comment="I had misread it").status_code == 201
    row = Feedback.objects.get()
    assert (row.satisfaction, row.comment) == (Decimal(1), "I had misread it")
    assert row.reported_at > first


def test_a_request_of_another_account_cannot_be_judged_and_is_not_told_apart_from_none(cast: Cast) -> None:
    operation, unknown = of(cast.ada), uuid.uuid4()
    for sought in (operation, unknown):
        answer = report(cast.cy, sought)
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert answer.json()["errors"] == [
            {"field": "operation_id", "message": f"There is no request {sought} of yours.", "given": str(sought)}
        ]
    assert not Feedback.objects.exists()


def test_what_another_account_said_is_not_corrected(cast: Cast) -> None:
    operation = of(cast.ada)
    report(cast.ada, operation, 1)
    report(cast.cy, operation, 0)
    assert Feedback.objects.get().satisfaction == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"satisfaction": 1.001}, "satisfaction"), ({"satisfaction": -0.1}, "satisfaction"),
        ({"satisfaction": "good"}, "satisfaction"), ({"satisfaction": None}, "satisfaction"),
        ({"satisfaction": "NaN"}, "satisfaction"), ({"satisfaction": "0.12345"}, "satisfaction"),
        ({"operation_id": "horse"}, "operation_id"), ({"operation_id": None}, "operation_id"),
        ({"comment": "x" * 1_001}, "comment"), ({"comment": "a\0b"}, "comment"),
    ],
)  # fmt: skip
def test_a_bad_value_is_named(cast: Cast, changes: dict[str, Any], field: str) -> None:
    body = {"operation_id": str(of(cast.ada)), "satisfaction": 1, "comment": "", **changes}
    answer = Client(headers=cast.ada.auth).post("/api/feedback", body, "application/json")
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, [field])
    assert not Feedback.objects.exists()


def test_what_is_missing_is_named(cast: Cast) -> None:
    answer = Client(headers=cast.ada.auth).post("/api/feedback", {}, "application/json")
    assert {each["field"] for each in answer.json()["errors"]} == {"operation_id", "satisfaction"}


def test_each_account_sees_its_own_feedback_and_staff_see_all(cast: Cast) -> None:
    mine, theirs = of(cast.ada), of(cast.cy)
    report(cast.ada, mine)
    report(cast.cy, theirs)
    staff = Client()
    staff.force_login(cast.staff)
    seen = [
        {each["operation_id"] for each in client.get("/api/feedback").json()["results"]}
        for client in (Client(headers=cast.ben.auth), Client(headers=cast.cy.auth), staff)
    ]
    assert seen == [{str(mine)}, {str(theirs)}, {str(mine), str(theirs)}]


def test_staff_may_judge_for_any_account_and_a_member_for_their_own(cast: Cast) -> None:
    operation = of(cast.ada)
    body = {"operation_id": str(operation), "satisfaction": 0.5}
    client = Client()
    client.force_login(cast.cy.user)
    assert client.post("/api/feedback", body, "application/json").status_code == 400
    client.force_login(cast.staff)
    assert client.post("/api/feedback", body, "application/json").status_code == 201
    assert Feedback.objects.get().account_id == cast.ada.account.pk


def test_without_a_key_nothing_is_taken(cast: Cast) -> None:
    body = {"operation_id": str(of(cast.ada)), "satisfaction": 1}
    assert Client().post("/api/feedback", body, "application/json").status_code in {401, 403}
    _, text = create_key(cast.ada.account, "inference", cast.ada.user, ["inference"])
    allowed = Client(headers={"Authorization": f"Bearer {text}"}).post("/api/feedback", body, "application/json")
    assert allowed.status_code == 201, "whoever may ask may say how it was"
