"""One search over requests, changes and sign-ins: who did what from where, as far as one may see it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from budgets.models import Account, Membership
from routerhub.audit import events, history
from routerhub.audit.chain import sealing, verifying
from routerhub.audit.change import Change
from routerhub.audit.models import Event
from tests.admin.people import some_staff
from tests.analytics import rows
from tests.cast import Cast, because

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough word"


@pytest.fixture
def happened(cast: Cast) -> Cast:
    """A request of Ada's and one of Cy's, a change of each one's account, a sign-in, and an export of Ada's account."""
    for member, at, address in (
        (cast.ada, "2026-11-01T10:00Z", "10.1.2.3"),
        (cast.cy, "2026-11-01T11:00Z", "192.0.2.9"),
    ):
        rows.insert(
            created_at=at, account_id=member.account.pk, user_id=member.user.pk, key_id=member.key.pk, ip=address,
            requested_model="openai:gpt-5", error="no such tool",
        )  # fmt: skip
        member.account.name = f"{member.account.name} Ltd"
        change = Change(reason=f"renamed by {member.user}", author=cast.staff, address="10.9.9.9")
        history.update([member.account], ["name"], change)
    User.objects.filter(pk=cast.ada.user.pk).update(password="")
    events.note("exported", Change(reason="", author=cast.ada.user), "requests, csv", cast.ada.account.pk)
    return cast


def asked(client: Any, **query: Any) -> Any:
    answer = client.get("/api/audit", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


def told(client: Any, **query: Any) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["who"], each["subject"]) for each in asked(client, **query)["results"]]


@pytest.fixture
def staff(happened: Cast) -> APIClient:
    client = APIClient()
    client.force_login(happened.staff)
    return client


def test_requests_changes_and_events_are_found_by_who_from_where_what_and_words(
    staff: APIClient, happened: Cast
) -> None:
    assert {kind for kind, _, _ in told(staff, limit=200)} == {"request", "added", "changed", "exported", "signed in"}
    assert told(staff, kind="request", who="ADA") == [
        ("request", f"ada, {happened.ada.key.name}", told(staff, who="ada")[-1][2])
    ]
    assert told(staff, kind="request", who=happened.cy.key.name)[0][1].startswith("cy")
    assert len(told(staff, address="10.0.0.0/8")) == 3
    assert [kind for kind, _, _ in told(staff, address="192.0.2.9")] == ["request"]
    assert told(staff, q="renamed by ada") == [("changed", "staff", "account Acme Ltd")]
    assert [kind for kind, _, _ in told(staff, account="acme", kind="changed")] == ["changed"]
    assert len(told(staff, q="no such tool")) == 2
    assert told(staff, subject="requests, csv") == [("exported", "ada", "requests, csv")]
    [found] = asked(staff, subject="account", kind="changed", q="by cy")["results"]
    assert (found["address"], found["changes"][0]["field"]) == ("10.9.9.9", "name")


def test_pages_go_on_behind_the_last_entry_and_have_each_once(
    staff: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [(each["source"], each["key"]) for each in asked(staff, limit=200)["results"]]
    before, seen = "", []
    while True:
        page = asked(staff, limit=3, before=before)
        seen += [(each["source"], each["key"]) for each in page["results"]]
        before = page["next"]
        if not before:
            break
    assert seen == whole
    monkeypatch.setattr("analytics.audit_log.searching.LOOKED_AT", 1)
    page = asked(staff, q="no such tool", limit=5)
    assert [page["looked_back_to"], len(page["results"])] == ["2026-11-01T10:00:00Z", 2]


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ({"since": "yesterday"}, "since", "'yesterday' is no day or time"),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "until", "is not after"),
        ({"kind": "seen"}, "kind", "'seen' is none of request, change"),
        ({"address": "here"}, "address", "'here' is no address"),
        ({"account": "nobody"}, "account", "There is no account 'nobody'"),
        ({"zone": "Mars"}, "zone", "Mars"),
        ({"before": "now"}, "before", "'now' is not what a page gave"),
        ({"limit": "0"}, "limit", "from 1 to 200"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(staff: APIClient, query: Any, field: str, words: str) -> None:
    answer = staff.get("/api/audit", query)
    assert answer.status_code == 400
    [problem] = answer.json()["errors"]
    assert problem["field"] == field
    assert words in problem["message"]


def test_an_account_s_owner_sees_what_is_its_own_and_a_member_nothing(happened: Cast) -> None:
    ada, ben = APIClient(), APIClient()
    ada.force_login(happened.ada.user)
    ben.force_login(happened.ben.user)
    found = asked(ada, limit=200)["results"]
    assert {each["account"] for each in found} <= {"acme", ""}
    assert {"request", "exported", "changed"} <= {each["kind"] for each in found}
    assert not any("cy" in each["text"] or each["who"] == "cy" for each in found)
    assert ben.get("/api/audit").status_code == 403
    assert Client().get("/api/audit", headers=happened.cy.auth).status_code == 403, (
        "a key without the rights of its person"
    )


def test_sign_ins_are_kept_and_a_name_that_is_nobody_s_is_not(cast: Cast) -> None:
    cast.ada.user.set_password(PASSWORD)
    cast.ada.user.save()
    client = Client(REMOTE_ADDR="192.0.2.1")
    for name, word in (("ada", "wrong"), ("my password", "typed twice"), ("ada", PASSWORD)):
        client.post("/accounts/login/", {"login": name, "password": word})
    client.post("/accounts/logout/")
    found = Event.objects.order_by("id").values_list("kind", "who", "address")
    assert [*found][-4:] == [
        ("sign-in failed", "ada", "192.0.2.1"), ("sign-in failed", "", "192.0.2.1"), ("signed in", "ada", "192.0.2.1"),
        ("signed out", "ada", "192.0.2.1"),
    ]  # fmt: skip


def test_the_page_and_its_files_tell_the_same_and_that_somebody_took_one(staff: APIClient, happened: Cast) -> None:
    sealing.seal(10**12)
    verifying.verify(because("a look"))
    page = staff.get("/admin/audit/", {"q": "no such tool"}).content.decode()
    assert page.count("<tr>") == 3
    assert "as it was sealed" in page
    answer: Any = staff.get("/admin/audit/", {"q": "no such tool", "as": "csv"})
    assert len(b"".join(answer.streaming_content).splitlines()) == 3
    assert Event.objects.order_by("id").last().subject == "audit log, csv"  # type: ignore[union-attr]
    exported: Any = staff.get("/api/audit/export", {"as": "json", "kind": "request"})
    assert b"".join(exported.streaming_content).count(b'"request"') >= 2
    assert staff.get("/api/audit/chain").json()["verified"]["problems"] == []
    Account.history.filter(history_change_reason="renamed by ada").delete()
    verifying.verify(because("another look"))
    assert "removed row" in staff.get("/admin/audit/").content.decode()


def test_staff_see_only_the_tables_that_their_rights_name(happened: Cast) -> None:
    client = some_staff("view_event", "view_membership")
    assert {each["source"] for each in asked(client, limit=200)["results"]} == {"event", "membership"}
    assert Membership.objects.exists()
