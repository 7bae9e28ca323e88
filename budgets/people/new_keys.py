"""A key that somebody makes, as far as their rights go: checked here for pages and the API."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from budgets.choices import Period
from budgets.models import Account, ApiKey
from budgets.people import keys
from routerhub.audit.change import Change
from routerhub.audit.permissions import may

RIGHT = "budgets.add_apikey"


def make_own(
    account: Account, name: str, change: Change, *, limit_usd: Decimal | None, expires_at: datetime | None
) -> str:
    """A key of the change's author in an account, with a limit per month where one is given. Returns its text, which is shown
    now and never again. Raises ValidationError."""
    author: Any = change.author
    key = ApiKey(account=account, user=author)
    limit = None if limit_usd is None else {"amount_usd": limit_usd, "period": Period.MONTH}
    demand_may_add(author, key, author)
    fill(key, {"name": name, "expires_at": expires_at}, change)
    return keys.make(key, change, limit)


def demand_may_add(author: Any, key: ApiKey, person: Any, names_user: bool = False) -> None:
    """That a login or a key may make such a key, by the right or by the role; a member's is their own, also where that is not
    said (`names_user`). Raises ValidationError."""
    if may(author, "add", ApiKey):
        return
    if author.has_perm(RIGHT, key):
        if key.user is not None and not key.has_member():
            raise ValidationError({"user": f"{key.user} is no active member of the account {key.account.slug!r}."})
        return
    own = ApiKey(account=key.account, user=person)
    if not author.has_perm(RIGHT, own):
        raise ValidationError({"account": f"Object with slug={key.account.slug} does not exist."})
    if names_user:
        raise ValidationError({"user": f"Your role makes keys of your own alone: leave it out, or write {own.user}."})
    key.user = own.user


def fill(key: ApiKey, values: Mapping[str, Any], change: Change) -> None:
    """Set these columns of a new key or an old one. Raises ValidationError."""
    for name, value in values.items():
        setattr(key, name, value)
    keys.demand_grantable(change.author, key.user, key.permissions)
    key.full_clean(exclude=["prefix", "digest"])
