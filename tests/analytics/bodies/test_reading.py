"""Who reads and who deletes what was said, by API, in the admin and by command; and who chooses that it is kept."""

import uuid
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from analytics.bodies import keeping
from analytics.bodies.turns import turns
from analytics.models import Body
from budgets.people.keys import create_key
from routerhub.audit.models import Event
from tests.admin.answers import text
from tests.analytics.bodies.said import said
from tests.analytics.rows import insert
from tests.cast import Cast, Member, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def body(cast: Cast) -> Body:
    """What Ada's account said, with its record."""
    operation = insert(account_id=cast.ada.account.pk)
    row = keeping.kept(said(operation_id=operation, account_id=cast.ada.account.pk, created_at=now()))
    keeping.write([row])
    return row


def address(body: Body) -> str:
    return f"/api/requests/{body.pk}/body"


def login(member: Member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def events() -> list[tuple[str, str, str]]:
    return list(Event.objects.filter(kind__startswith="body").order_by("id").values_list("kind", "who", "text"))


def test_an_owner_reads_what_was_said_and_that_is_written_down(cast: Cast, body: Body) -> None:
    told = login(cast.ada).get(address(body)).json()
    assert told["request"] == {"messages": [{"role": "user", "content": "I am [email]"}]}
    assert (told["answer"], told["redacted"], told["is_cut"]) == ([{"text": "Hello, Ada!"}], {"email": 1}, False)
    assert events() == [("body read", "ada", "read by the API")]


def test_a_member_and_another_account_and_a_plain_key_read_nothing(cast: Cast, body: Body) -> None:
    answers = [
        login(cast.ben).get(address(body)), login(cast.cy).get(address(body)),
        Client(headers=cast.ada.auth).get(address(body)), Client().get(address(body)),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [403, 404, 403, 401]
    assert events() == []


def test_an_owners_key_with_admin_reads_it_too(cast: Cast, body: Body) -> None:
    _, secret = create_key(cast.ada.account, "admin", cast.ada.user, ["admin"])
    assert Client(headers={"Authorization": f"Bearer {secret}"}).get(address(body)).status_code == 200


def test_what_is_not_kept_is_said(cast: Cast) -> None:
    answer = login(cast.ada).get(f"/api/requests/{uuid.UUID(int=5)}/body")
    assert answer.status_code == 404
    assert "Nothing is kept" in str(answer.json())


def test_what_is_past_its_time_is_not_shown_though_nobody_deleted_it_yet(cast: Cast, settings: Any) -> None:
    settings.ANALYTICS_BODY_RETENTION_DAYS = 1
    row = keeping.kept(said(account_id=cast.ada.account.pk, created_at=said().created_at.replace(year=2020)))
    keeping.write([row])
    assert login(cast.ada).get(address(row)).status_code == 404


def test_an_owner_deletes_it_for_a_reason(cast: Cast, body: Body) -> None:
    assert login(cast.ben).delete(f"{address(body)}?reason=x").status_code == 403
    assert login(cast.ada).delete(address(body)).status_code == 400
    assert login(cast.ada).delete(f"{address(body)}?reason=private").status_code == 204
    assert not Body.objects.exists()
    assert events() == [("body deleted", "ada", "private")]


def test_under_legal_hold_nobody_deletes_it(cast: Cast, body: Body) -> None:
    cast.ada.account.legal_hold = True
    cast.ada.account.save()
    answer = login(cast.ada).delete(f"{address(body)}?reason=private")
    assert (answer.status_code, "legal hold" in str(answer.json())) == (400, True)
    with pytest.raises(CommandError, match="legal hold"):
        call_command("forget_bodies", "--account=acme", "--reason=asked for")
    assert Body.objects.exists()


def test_staff_read_it_by_a_permission_of_its_own(cast: Cast, body: Body) -> None:
    clerk = UserFactory.create(username="clerk", is_staff=True)
    client = Client()
    client.force_login(clerk)
    page, request = (reverse(f"admin:analytics_{name}_change", args=[body.pk]) for name in ("body", "record"))
    clerk.user_permissions.add(Permission.objects.get(codename="view_record"))
    assert client.get(page).status_code == 403
    assert page in text(client.get(request)), "the page of the request says that it is kept"
    assert events() == []
    clerk.user_permissions.add(Permission.objects.get(codename="view_body"))
    shown = text(client.get(page))
    assert '<mark class="rh-out">[email]</mark>' in shown
    assert "Hello, Ada!" in shown
    assert events() == [("body read", "clerk", "read in the admin")]
    assert client.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_staff_delete_it_in_the_admin(cast: Cast, body: Body) -> None:
    client = Client()
    client.force_login(cast.staff)
    client.post(reverse("admin:analytics_body_delete", args=[body.pk]), {"post": "yes"})
    assert not Body.objects.exists()
    assert events() == [("body deleted", "staff", "deleted in the admin")]


def test_a_command_deletes_all_of_an_account(cast: Cast, body: Body) -> None:
    with pytest.raises(CommandError, match="--reason"):
        call_command("forget_bodies", "--account=acme")
    out = StringIO()
    call_command("forget_bodies", "--account=acme", "--reason=asked for", stdout=out)
    assert out.getvalue() == "What 1 requests said is deleted.\n"
    assert events() == [("body deleted", "", "asked for")]


def test_an_accounts_own_people_choose_what_is_kept(cast: Cast) -> None:
    def patch(member: Member, **given: Any) -> int:
        sent = {"reason": "to look into answers", **given}
        return login(member).patch("/api/accounts/acme", sent, content_type="application/json").status_code

    assert patch(cast.ada, bodies="chosen", body_retention_days=7) == 200
    assert [patch(cast.ada, bodies="some"), patch(cast.ada, body_retention_days=0), patch(cast.ben, bodies="all")] == [
        400, 400, 403,
    ]  # fmt: skip
    cast.ada.account.refresh_from_db()
    assert (cast.ada.account.bodies, cast.ada.account.body_retention_days) == ("chosen", 7)
    key = login(cast.ada).patch(
        f"/api/keys/{cast.ada.key.pk}", {"keeps_bodies": True, "reason": "a test"}, content_type="application/json"
    )
    assert key.json()["keeps_bodies"] is True


def test_a_command_chooses_and_shows_what_is_kept(cast: Cast, settings: Any) -> None:
    settings.ANALYTICS_BODIES = True
    out = StringIO()
    call_command(
        "keep_bodies", "acme", "--of=chosen", "--days=7", "--key=ada's key", "--say=yes", "--reason=a look", stdout=out
    )
    assert out.getvalue() == "site: on; acme: chosen, 7 days\n  ada's key: kept\n  ben's key: not kept\n"
    cast.ada.account.refresh_from_db()
    assert cast.ada.account.history.first().history_change_reason == "a look"
    for wrong in (
        ["--of=all"],
        ["--days=0", "--reason=x"],
        ["--key=none", "--say=no", "--reason=x"],
        ["--key=ada's key"],
    ):
        with pytest.raises(CommandError):
            call_command("keep_bodies", "acme", *wrong, stdout=out)


@pytest.mark.parametrize(
    ("request_", "answer", "told"),
    [
        ({"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]}, [{"text": "Yes?"}],
         [("system", "Be brief."), ("user", "Hi"), ("assistant", "Yes?")]),
        ({"system": [{"type": "text", "text": "S"}], "messages": [{"role": "user", "content": [
            {"type": "text", "text": "look"}, {"type": "image", "source": {"data": "[image/png, 3 bytes]"}}]}]}, None,
         [("system", "S"), ("user", "look\n[image/png, 3 bytes]")]),
        ({"instructions": "I", "input": "Hi"}, [{"tool_calls": [{"name": "f", "arguments": "{}"}]}],
         [("system", "I"), ("user", "Hi"), ("assistant", "calls f({})")]),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": "42"}]}, None,
         [("function_call_output", "42")]),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]}, None,
         [("assistant", "calls f({})")]),
        ({"input": ["one", "two"]}, None, [("user", "one"), ("user", "two")]),
    ],
    ids=str,
)  # fmt: skip
def test_a_conversation_is_told_turn_by_turn_in_every_dialect(request_: Any, answer: Any, told: list[Any]) -> None:
    assert [(turn.role, turn.text) for turn in turns(request_, answer)] == told


def test_what_stands_for_something_is_told_apart_from_what_was_said() -> None:
    (turn,) = turns({"input": "I am [email], see [image/png, 72 bytes] and [1]."}, None)
    assert [piece for is_out, piece in turn.pieces if is_out] == ["[email]", "[image/png, 72 bytes]"]
    assert "".join(piece for _, piece in turn.pieces) == turn.text
