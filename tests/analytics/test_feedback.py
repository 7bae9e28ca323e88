"""How satisfied somebody was: reported for a request of one's own account, and again to correct it."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
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


@pytest.mark.parametrize(
    ("said", "satisfaction", "given_as"),
    [
        ({"thumbs": "up"}, "1.000", "thumbs"),
        ({"thumbs": "down"}, "0.000", "thumbs"),
        ({"score": 1}, "0.000", "score"),
        ({"score": 4}, "0.750", "score"),
        ({"score": 5}, "1.000", "score"),
        ({"satisfaction": 0.3}, "0.300", "satisfaction"),
    ],
)
def test_thumbs_and_scores_are_shares_and_it_is_known_which_was_given(
    cast: Cast, said: Any, satisfaction: str, given_as: str
) -> None:
    body = {"operation_id": str(of(cast.ada)), **said}
    answer = Client(headers=cast.ben.auth).post("/api/feedback", body, "application/json").json()
    assert (answer["satisfaction"], answer["given_as"], answer["user_id"]) == (satisfaction, given_as, cast.ben.user.pk)


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"thumbs": "sideways"}, ["thumbs"]),
        ({"score": 0}, ["score"]),
        ({"score": 6}, ["score"]),
        ({"score": 2.5}, ["score"]),
        ({"thumbs": "up", "score": 5}, ["thumbs", "score"]),
        ({"stars": 5}, ["satisfaction", "stars"]),
    ],
)
def test_one_way_is_said_and_no_other_word(cast: Cast, said: Any, fields: list[str]) -> None:
    body = {"operation_id": str(of(cast.ada)), **said}
    answer = Client(headers=cast.ada.auth).post("/api/feedback", body, "application/json")
    assert (answer.status_code, [each["field"] for each in answer.json()["errors"]]) == (400, fields)


def test_what_came_of_a_selection_is_judged_when_it_is_told(cast: Cast) -> None:
    selection = insert(account_id=cast.ada.account.pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE analytics_record SET is_reported = true WHERE operation_id = %s", [selection])
    assert report(cast.ada, selection).status_code == 201


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
