"""Whose rows somebody's roles open: Django's permissions, about a row of an account."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.db.models import Model, Q

from budgets.models import Account, Membership
from budgets.people.roles import extent


def roles_of(user: Any) -> Mapping[int, str]:
    """The roles of a login by account; of a person's key, that in the key's account. Asked of the database once a request."""
    if hasattr(user, "caller"):
        found = roles_of(user.person) if user.acts_as_person and user.person else {}
        return {account: role for account, role in found.items() if account == user.caller.account_id}
    if not user.is_authenticated or not user.is_active:
        return {}
    if not hasattr(user, "_roles"):
        held = Membership.objects.filter(user=user, is_active=True, account__is_active=True)
        user._roles = dict(held.values_list("account_id", "role"))
    roles: Mapping[int, str] = user._roles
    return roles


def accounts_open(user: Any, right: str) -> list[int]:
    """Those in which somebody's role gives a right, about all rows or their own."""
    return [account for account, role in roles_of(user).items() if extent(right, role) is not None]


def within(user: Any, right: str, model: type[Model]) -> Q:
    """Rows of a table for which somebody's roles give a right."""
    whole: list[int] = []
    own: list[int] = []
    for account, role in roles_of(user).items():
        {"account": whole, "own": own, None: []}[extent(right, role)].append(account)
    column = "pk" if model is Account else "account_id"
    found = Q(**{f"{column}__in": whole})
    return found | Q(**{f"{column}__in": own}, user_id=user.pk) if own else found


class RoleBackend(BaseBackend):
    """Answers `has_perm` about a row, or about `SOMEWHERE`, by the roles; about a row that belongs to no account, by any of them.
    Without a row it gives nothing."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if obj is None:
            return False
        roles = roles_of(user_obj)
        account = obj.pk if isinstance(obj, Account) else getattr(obj, "account_id", None)
        if account is None:
            return any(extent(perm, role) for role in roles.values())
        role = roles.get(account)
        found = extent(perm, role) if role else None
        return found == "account" or (found == "own" and getattr(obj, "user_id", None) == user_obj.pk)
