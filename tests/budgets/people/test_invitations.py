"""Invitations: by link or email, once, until they expire or are revoked, to no more than the inviter has."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from budgets.models import Invitation, Membership
from tests.api.answers import problem, send
from tests.budgets.people.test_openid import who
from tests.cast import Cast, UserFactory

INVITATIONS = "accounts/acme/invitations"


@pytest.fixture
def owner(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada.user)
    return client


def invited(client: Client, **body: Any) -> Any:
    return send(client, "POST", INVITATIONS, **{"role": "member", "reason": "a colleague", **body})


def dee() -> Client:
    """Somebody with a login, who belongs nowhere."""
    client = Client()
    client.force_login(UserFactory.create(username="dee"))
    return client


def path(answer: Any) -> str:
    link: str = answer.json()["link"]
    assert link.startswith("http://testserver/accounts/invitations/")
    return link.removeprefix("http://testserver")


def test_a_link_makes_a_member_of_who_is_signed_in_once(owner: Client) -> None:
    made = invited(owner, role="viewer")
    link, secret = path(made), path(made).rsplit("/", 2)[1]
    assert secret not in str(Invitation.objects.values()) + owner.get(f"/api/{INVITATIONS}").content.decode()
    client = dee()
    assert "Join as dee" in client.get(link).content.decode()
    assert not Membership.objects.filter(user__username="dee").exists()
    assert client.post(link)["Location"] == "/accounts/"
    member = Membership.objects.get(user__username="dee")
    assert (member.account.slug, member.role) == ("acme", "viewer")
    assert (member.history.first().history_user, member.history.first().ip) == (member.user, "127.0.0.1")
    (row,) = owner.get(f"/api/{INVITATIONS}").json()["results"]
    assert (row["is_open"], row["accepted_by"]) == (False, "dee")
    assert client.get(link).status_code == 410
    assert problem(send(owner, "POST", f"{INVITATIONS}/{row['id']}/revoke", reason="late")) == (400, ["accepted_at"])


def test_who_is_not_signed_in_signs_in_first_or_makes_a_login(owner: Client) -> None:
    link = path(invited(owner))
    stranger = Client()
    page = stranger.get(link).content.decode()
    assert f"/accounts/login/?next={link}" in page
    stranger.post(link)
    assert Membership.objects.count() == 3
    sent = {"username": "eve", "email": "eve@example.org", "password1": "a long enough word"}
    assert stranger.post("/accounts/signup/", sent)["Location"] == "/accounts/"
    assert (who(stranger), Membership.objects.get(user__username="eve").role) == ("eve", "member")
    assert not EmailAddress.objects.get(user__username="eve").verified


def test_a_mailed_link_is_told_to_nobody_else_and_verifies_the_address(owner: Client, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.invalid"
    made = invited(owner, email="eve@example.org")
    assert "link" not in made.json()
    (sent,) = mail.outbox
    assert (sent.to, sent.subject) == (["eve@example.org"], "Join Acme on RouterHub")
    (link,) = (line.removeprefix("http://testserver") for line in sent.body.splitlines() if line.startswith("http"))
    stranger = Client()
    stranger.get(link)
    fields = {"username": "eve", "email": "eve@example.org", "password1": "a long enough word"}
    stranger.post("/accounts/signup/", fields)
    assert EmailAddress.objects.get(user__username="eve", email="eve@example.org").verified


def test_without_a_mail_server_an_email_is_refused(owner: Client) -> None:
    assert problem(invited(owner, email="eve@example.org")) == (400, ["email"])
    assert not Invitation.objects.exists()


def test_a_mail_that_cannot_be_sent_leaves_no_open_invitation(owner: Client, settings: Any, monkeypatch: Any) -> None:
    def away(*_: Any) -> None:
        raise ConnectionRefusedError

    settings.EMAIL_URL = "smtp://mail.invalid"
    monkeypatch.setattr("budgets.people.invitations.send_mail", away)
    assert problem(invited(owner, email="eve@example.org")) == (400, ["email"])
    assert Invitation.objects.get().revoked_at is not None


def test_an_invitation_that_is_over_or_revoked_opens_nothing(owner: Client) -> None:
    late, revoked = invited(owner), invited(owner)
    send(owner, "POST", f"{INVITATIONS}/{revoked.json()['id']}/revoke", reason="a mistake")
    client = dee()
    assert client.get(path(revoked)).status_code == 410
    client.post(path(revoked))
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=1)):
        client.post(path(late))
        assert "expired" in Client().get(path(late)).content.decode()
    assert Membership.objects.count() == 3
    assert Client().get("/accounts/invitations/nonsense/").status_code == 410


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "king"}, "role"), ({"email": "nobody"}, "email"), ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"), ({"colour": "red"}, "colour"), ({"reason": ""}, "reason"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_names_its_field(owner: Client, body: Any, field: str) -> None:
    assert problem(invited(owner, **body)) == (400, [field])


def test_nobody_invites_above_their_own_role(cast: Cast) -> None:
    Membership.objects.filter(user=cast.ben.user).update(role="admin")
    admin = Client()
    admin.force_login(cast.ben.user)
    assert problem(invited(admin, role="owner")) == (400, ["role"])
    assert invited(admin, role="admin").status_code == 201


def test_who_was_switched_off_does_not_come_back_by_a_link(owner: Client, cast: Cast) -> None:
    Membership.objects.filter(user=cast.ben.user).update(is_active=False)
    client = Client()
    client.force_login(cast.ben.user)
    client.post(path(invited(owner)))
    assert not Membership.objects.get(user=cast.ben.user).is_active
    assert User.objects.filter(username="ben").exists()
