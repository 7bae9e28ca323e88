"""The members of an account: made, given another role, switched off and removed, each with a version in the history.

Nobody gives a role that is above their own, or touches who has one; and an account never loses its last active owner.
"""

from typing import Any

from allauth.usersessions.models import UserSession
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, QuerySet, When

from budgets.choices import Role
from budgets.models import Account, ApiKey, Membership
from budgets.people import keys
from budgets.people.ownership import visible
from budgets.people.rights import roles_of
from budgets.people.roles import ORDER, is_below
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.audit.permissions import may


def of(user: Any) -> QuerySet[Membership]:
    """The accounts that somebody belongs to at the moment, and as what, by the accounts' names."""
    held = Membership.objects.filter(user=user, is_active=True, account__is_active=True)
    return held.select_related("account").order_by("account__name", "pk")


def in_account(user: Any, account: Account) -> QuerySet[Membership]:
    """Who belongs to an account, as far as somebody sees it, those who may do most first."""
    found = visible(Membership.objects.filter(account=account), user).select_related("account", "user")
    order = {role: place for place, role in enumerate(ORDER)}
    return found.order_by(Case(*[When(role=role, then=place) for role, place in order.items()]), "user__username")


@transaction.atomic
def save(membership: Membership, change: Change) -> None:
    """A new member, or one with another role or state. Raises ValidationError."""
    before = _locked(membership)
    check(change.author, before, membership)
    membership.full_clean()
    history.stamp(membership, change)
    membership.save()
    if before and (is_below(membership.role, before.role) or not membership.is_active):
        end_sessions(membership.user)


def check(author: Any, before: Membership | None, after: Membership) -> None:
    """That somebody may make this of that. Raises ValidationError."""
    demand_role(author, after.account, after.role)
    if before is None:
        return
    demand_role(author, before.account, before.role)
    if before.role == Role.OWNER and not (after.role == Role.OWNER and after.is_active):
        _demand_other_owner(before)


@transaction.atomic
def remove(membership: Membership, change: Change) -> None:
    """Take somebody out of the account, which revokes their keys there. Raises ValidationError."""
    before = _locked(membership)
    if before is None:
        return
    if change.author != before.user:
        demand_role(change.author, before.account, before.role)
    if before.role == Role.OWNER:
        _demand_other_owner(before)
    for key in ApiKey.objects.filter(account=before.account, user=before.user):
        keys.revoke(key, change)
    history.delete([before], change)
    end_sessions(before.user)


def end_sessions(user: Any, but: str | None = None) -> None:
    """Sign somebody out everywhere, but for one session: who may do less than before begins anew."""
    for session in UserSession.objects.filter(user=user).exclude(session_key=but):
        session.end()


def demand_role(author: Any, account: Account, role: str) -> None:
    """That whoever changes something may give, or take, that role. Staff and commands may. Raises ValidationError."""
    if author is None or any(may(author, verb, Membership) for verb in ("add", "change", "delete")):
        return
    own = roles_of(author).get(account.pk, Role.VIEWER)
    if is_below(own, role):
        raise ValidationError({"role": f"{role!r} is above your own role in {account.slug!r}, which is {own!r}."})


def _locked(membership: Membership) -> Membership | None:
    """The row as it stands; whoever changes members of the account waits for one another, so that one owner stays."""
    Account.objects.select_for_update(no_key=True).get(pk=membership.account_id)
    return Membership.objects.select_related("account", "user").filter(pk=membership.pk).first()


def _demand_other_owner(membership: Membership) -> None:
    others = Membership.objects.filter(
        account=membership.account, role=Role.OWNER, is_active=True, user__is_active=True
    )
    if not others.exclude(pk=membership.pk).exists():
        raise ValidationError(
            {
                "role": f"{membership.user} is the last active owner of {membership.account.slug!r}: make another one first."
            }
        )
