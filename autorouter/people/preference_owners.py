"""Whose preferences somebody may see and change: one's own; an account's as one's role lets see or change the account itself; by
Django's right everybody's, with a key those of its account and of its members."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from autorouter.models import Preferences
from budgets.people.naming import account_of
from budgets.people.rights import accounts_open
from routerhub.audit.permissions import may

SEES, CHANGES = "budgets.view_account", "budgets.change_account"


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """A user or an account: exactly one of them."""

    user_id: int | None = None
    account_id: int | None = None

    @classmethod
    def of(cls, row: Preferences) -> "Owner":
        return cls(user_id=row.user_id, account_id=row.account_id)

    def row(self) -> Preferences:
        """A set of theirs that is not saved yet."""
        return Preferences(user_id=self.user_id, account_id=self.account_id)


def visible(user: Any) -> Q:
    """The sets that a login or a key may see."""
    caller, own = getattr(user, "caller", None), Q(user_id=user.pk, user__isnull=False)
    sees_all = may(user, "view", Preferences)
    if caller is None:
        return Q() if sees_all else own | Q(account_id__in=accounts_open(user, SEES))
    found = own | Q(account_id=caller.account_id)
    return found | Q(user__in=_members(caller.account_id)) if sees_all else found


def may_see_user(user: Any, user_id: int) -> bool:
    """Whether somebody may see another user's sets: staff; by a key those of its account's members alone."""
    caller = getattr(user, "caller", None)
    users = _members(caller.account_id) if caller else User.objects.all()
    return may(user, "view", Preferences) and users.filter(pk=user_id).exists()


def _members(account_id: int) -> QuerySet[User]:
    return User.objects.filter(memberships__account=account_id)


def account(user: Any, slug: str) -> int:
    """The id of an account whose sets somebody may see. Raises ValidationError."""
    caller = getattr(user, "caller", None)
    sees_all = may(user, "view", Preferences)
    among = [caller.account_id] if caller else None if sees_all else accounts_open(user, SEES)
    return account_of(slug, among).id


def may_change(user: Any, owner: Owner) -> bool:
    """Whether somebody may change, make and delete sets of an owner whose sets they see."""
    if owner.user_id is not None and owner.user_id == user.pk:
        return True
    if may(user, "change", Preferences):
        return True
    return owner.account_id in accounts_open(user, CHANGES)
