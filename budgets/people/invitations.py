"""Invitations to an account: a link that makes whoever holds it a member, once, until it expires or is revoked.

One to an email is sent there and shown to nobody else, so that who holds it reads that mailbox: the address counts as verified
for a login that is made with it. Accepting needs a sign-in, with a login that is there or a new one.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from budgets.models import Invitation, Membership
from budgets.people import members
from budgets.people.keys import digest
from budgets.people.ownership import visible
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.tenancy.scope import system

LASTS = timedelta(days=7)
"""Where nobody says otherwise."""
MAX_LASTS = timedelta(days=90)
IN_SESSION = "invitation"
CLOSED = "This invitation is {why}. Ask who invited you for another one."


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What somebody is invited to."""

    account: Any
    role: str
    email: str = ""
    expires_at: datetime | None = None


def open_ones(user: Any, account: Any) -> QuerySet[Invitation]:
    """Those of an account that still lead somewhere, as far as somebody sees them, the newest first."""
    found = visible(Invitation.objects.filter(account=account), user)
    return found.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now()).order_by("-pk")


def invite(asked: Asked, change: Change) -> tuple[Invitation, str]:
    """A new invitation and the secret of its link, which is known now and never again. Raises ValidationError."""
    check(asked, change.author)
    secret, expires_at = secrets.token_urlsafe(32), asked.expires_at or timezone.now() + LASTS
    made = Invitation(
        account=asked.account, role=asked.role, email=asked.email, expires_at=expires_at, digest=digest(secret)
    )
    made.full_clean()
    history.stamp(made, change)
    made.save()
    return made, secret


def check(asked: Asked, author: Any) -> None:
    """That somebody may invite to that. Raises ValidationError."""
    members.demand_role(author, asked.account, asked.role)
    now, until = timezone.now(), asked.expires_at
    if until is not None and not now < until <= now + MAX_LASTS:
        raise ValidationError({"expires_at": f"{until:%Y-%m-%d %H:%M} is not within {MAX_LASTS.days} days from now."})
    if asked.email and not settings.EMAIL_URL:
        raise ValidationError({"email": "No mail server is set up (EMAIL_URL): leave it out, and pass the link on."})


def invite_by(asked: Asked, change: Change, base: str) -> tuple[Invitation, str]:
    """The same, with the link in place of the secret; where an email is given, it was sent there. Raises ValidationError."""
    made, secret = invite(asked, change)
    link = link_of(secret, base)
    if made.email:
        send(made, link, change)
    return made, link


def send(invitation: Invitation, link: str, change: Change) -> None:
    """Mail the link, after the invitation was committed. One that cannot be sent is revoked. Raises ValidationError."""
    told = {"invitation": invitation, "link": link}
    try:
        send_mail(
            f"Join {invitation.account.name} on RouterHub", render_to_string("people/invitation.txt", told), None,
            [invitation.email],
        )  # fmt: skip
    except OSError as problem:  # SMTP's errors are such, too
        revoke(invitation, change.because("the mail could not be sent"))
        text = f"It could not be mailed ({type(problem).__name__}), so the invitation is revoked. Invite by link."
        raise ValidationError({"email": text}) from problem


def link_of(secret: str, base: str) -> str:
    """The address that somebody is sent. `base`: where the pages are, without a path."""
    return f"{settings.PUBLIC_URL or base.rstrip('/')}{reverse('invitation', args=[secret])}"


def revoke(invitation: Invitation, change: Change) -> None:
    """From now on the link opens nothing. Revoking twice keeps the first moment. Raises ValidationError."""
    members.demand_role(change.author, invitation.account, invitation.role)
    if invitation.accepted_at is not None:
        raise ValidationError({"accepted_at": "It was accepted: remove the member instead."})
    if invitation.revoked_at is None:
        invitation.revoked_at = timezone.now()
        history.stamp(invitation, change)
        invitation.save()


@system()
@transaction.atomic
def accept(invitation: Invitation, user: Any, address: str | None) -> Membership:
    """Make somebody a member. Raises ValidationError."""
    row = Invitation.objects.select_for_update(of=("self",)).select_related("account").get(pk=invitation.pk)
    if why := why_closed(row):
        raise ValidationError(CLOSED.format(why=why))
    if Membership.objects.filter(account=row.account, user=user).exists():
        raise ValidationError(f"{user} belongs to {row.account.name} already, or did and is switched off there.")
    change = Change(reason=f"invited to be {row.role}", author=user, address=address)
    made = Membership(account=row.account, user=user, role=row.role)
    row.accepted_at, row.accepted_by = timezone.now(), user
    for each in (made, row):
        history.stamp(each, change)
        each.save()
    return made


def why_closed(invitation: Invitation) -> str:
    """Why a link opens nothing; empty where it does."""
    if invitation.accepted_at is not None:
        return "used up"
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.expires_at <= timezone.now():
        return "expired"
    return "" if invitation.account.is_active else "for an account that is not active"


@system()
def find(secret: str) -> Invitation | None:
    """The one with this secret, open or not."""
    return Invitation.objects.select_related("account").filter(digest=digest(secret)).first()


def bring(request: Any, invitation: Invitation) -> None:
    """Remember in a session with which invitation somebody came."""
    request.session[IN_SESSION] = invitation.pk


@system()
def brought(request: Any) -> Invitation | None:
    """With which open invitation somebody came."""
    found = Invitation.objects.select_related("account").filter(pk=request.session.get(IN_SESSION)).first()
    return None if found is None or why_closed(found) else found
