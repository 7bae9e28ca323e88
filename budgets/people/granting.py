"""Keys made and changed for somebody: what they may make and give away, checked in one place for pages and API."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from budgets.models import Account, ApiKey
from budgets.people import keys
from budgets.people.ownership import claim, visible
from routerhub.audit.change import Change
from routerhub.audit.permissions import may


def of_account(user: Any, account: Account) -> Any:
    """The keys of an account that somebody may look after, the newest first, with when each was used last."""
    found = visible(ApiKey.objects.filter(account=account, is_playground=False), user)
    return found.select_related("account", "user", "use").order_by("-created_at", "-pk")


def new(account: Account, user: Any) -> ApiKey:
    """One of the person's own in an account, not saved yet."""
    return ApiKey(account=account, user=user)


def make(
    user: Any,
    key: ApiKey,
    names_user: bool,
    values: Mapping[str, Any],
    change: Change,
    limit: Mapping[str, Any] | None = None,
) -> str:
    """Save a new key as `user` may make it: a member's is their own, also where that is not said (`names_user`: it was said).
    Returns its text, which is shown now and never again. `limit` as in keys.make. Raises ValidationError."""
    claim(key, user, names_user)
    if not may(user, "add", ApiKey) and key.user is not None and not key.has_member():
        raise ValidationError({"user": f"{key.user} is no active member of the account {key.account.slug!r}."})
    _set(key, values, change)
    return keys.make(key, change, limit)


def alter(key: ApiKey, values: Mapping[str, Any], change: Change) -> None:
    """Other values for a key; whose it is stays. Raises ValidationError."""
    _set(key, values, change)
    keys.save(key, change)


def _set(key: ApiKey, values: Mapping[str, Any], change: Change) -> None:
    for name, value in values.items():
        setattr(key, name, value)
    keys.demand_grantable(change.author, key.user, key.permissions)
    key.full_clean(exclude=["prefix", "digest"])
