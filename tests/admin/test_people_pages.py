"""Members and invitations in the admin: the same rules as by API."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from budgets.errors import MemberInactive, RevokedKey
from budgets.models import ApiKey, Invitation, Limit, Membership
from budgets.people.keys import find_caller
from tests.admin.answers import messages_of, post, text
from tests.cast import Cast, UserFactory

MEMBERS, INVITATIONS = "/admin/budgets/membership/", "/admin/budgets/invitation/"


@pytest.fixture
def staff(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.staff)
    return client


def page_of(cast: Cast, name: str) -> str:
    return f"{MEMBERS}{Membership.objects.get(user__username=name).pk}/change/"


def test_a_member_is_put_in_lowered_and_switched_off_with_a_reason(staff: Client, cast: Cast) -> None:
    dee = UserFactory.create(username="dee")
    post(staff, f"{MEMBERS}add/", account=cast.ada.account.pk, user=dee.pk, role="viewer", is_active="on")
    assert Membership.objects.get(user=dee).role == "viewer"
    post(staff, page_of(cast, "ben"), role="member", reason="a leave")
    with pytest.raises(MemberInactive):
        find_caller(cast.ben.text)
    version = Membership.history.first()
    assert (version.history_user, version.history_change_reason) == (cast.staff, "a leave")


def test_the_last_owner_is_refused_on_the_page_and_stays(staff: Client, cast: Cast) -> None:
    page = text(post(staff, page_of(cast, "ada"), role="member", is_active="on", reason="x"))
    assert "is the last active owner of &#x27;acme&#x27;: make another one first" in page
    sent = {"action": "delete_selected", "_selected_action": [Membership.objects.get(user=cast.ada.user).pk]}
    told = messages_of(post(staff, MEMBERS, **sent, post="yes", reason="x"))
    assert any("last active owner" in each for each in told)
    assert Membership.objects.filter(user=cast.ada.user, role="owner").exists()


def test_who_is_removed_has_revoked_keys(staff: Client, cast: Cast) -> None:
    post(staff, page_of(cast, "ben").replace("change", "delete"), post="yes", reason="gone")
    assert not Membership.objects.filter(user=cast.ben.user).exists()
    with pytest.raises(RevokedKey):
        find_caller(cast.ben.text)


def test_an_invitation_shows_its_link_once_and_is_revoked(staff: Client, cast: Cast) -> None:
    sent = {"account": cast.ada.account.pk, "email": "", "role": "viewer"}
    (told,) = (
        each for each in messages_of(post(staff, f"{INVITATIONS}add/", **sent)) if "/accounts/invitations/" in each
    )
    made = Invitation.objects.get()
    assert "not shown again" in told
    assert "/accounts/invitations/" not in text(staff.get(INVITATIONS))
    post(staff, INVITATIONS, action="revoke_invitations", _selected_action=[made.pk], post="yes", reason="a mistake")
    made.refresh_from_db()
    assert made.revoked_at is not None
    assert "No mail server" in text(post(staff, f"{INVITATIONS}add/", **{**sent, "email": "a@example.org"}))


def test_a_key_is_bound_on_its_page_and_gets_a_limit(staff: Client, cast: Cast) -> None:
    sent: dict[str, Any] = {
        "account": cast.ada.account.pk, "name": "service", "permissions": ["inference"], "endpoints": ["chat"],
        "networks": "10.0.0.0/8,2001:db8::/32", "models": "openai:gpt-5", "limit_usd": "2.5", "limit_period": "day",
    }  # fmt: skip
    assert staff.post("/admin/budgets/apikey/add/", sent).status_code == 302
    key = ApiKey.objects.get(name="service")
    assert (key.endpoints, key.networks, key.models) == (["chat"], ["10.0.0.0/8", "2001:db8::/32"], ["openai:gpt-5"])
    assert Limit.objects.get(kind="key", subject=str(key.pk)).amount == 2_500_000_000
    assert "Write addresses or ranges such as" in text(
        staff.post("/admin/budgets/apikey/add/", {**sent, "networks": "home"})
    )


# --- by command


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command(*arguments)
    return capsys.readouterr().out.strip()


def test_a_command_invites_and_says_what_somebody_is(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    link = said(capsys, "invite", "--account=acme", "--role=owner", "--days=2")
    assert Client().get(link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    assert said(capsys, "set_member", "--account=acme", "--user=ben", "--off") == "ben in acme: member, switched off"
    assert said(capsys, "set_member", "--account=acme", "--user=ben", "--on") == "ben in acme: member"
    assert said(capsys, "set_member", "--account=acme", "--user=ben", "--role=viewer") == "ben in acme: viewer"
    assert said(capsys, "set_member", "--account=acme", "--user=ben", "--remove") == "ben in acme: removed"
    assert said(capsys, "set_member", "--account=acme", "--user=cy") == "cy in acme: member"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["invite", "--account=no"], "no account 'no'"), (["invite", "--account=acme", "--days=91"], "from 1 to 90"),
        (["invite", "--account=acme", "--email=a@example.org"], "EMAIL_URL"),
        (["set_member", "--account=acme", "--user=no"], "no user 'no'"),
        (["set_member", "--account=acme", "--user=ada", "--remove"], "last active owner"),
        (["create_api_key", "--account=acme", "--name=x", "--network=home"], "--network: 'home' does not appear to be"),
        (["create_api_key", "--account=acme", "--name=x", "--expires=soon"], "2027-01-01"),
    ],
)  # fmt: skip
def test_a_command_says_what_is_wrong(cast: Cast, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command(*arguments)
