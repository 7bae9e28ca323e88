"""Whom a limit is of, by the names that people know: an account's slug, a user's name, a key's prefix; and back."""

from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q, Value

from budgets.choices import ScopeKind
from budgets.models import Account, ApiKey, Limit
from budgets.models.limits import EACH
from routerhub import numerals

KNOWN: dict[str, Callable[[], Collection[str]]] = {}
"""By kind, the names that there are of policies, models and providers. Who knows them adds them here."""
SHOWN = 8
MAX_NAMES = 1_000
"""So many are looked through for what may have been meant."""


def subject_of(kind: str, name: str, account_id: int | None = None) -> str:
    """The subject of a limit of that kind, among what an account has where one is given. Raises ValidationError, which says what
    there is."""
    if kind == ScopeKind.SITE or name == EACH:
        return name
    finders = {ScopeKind.ACCOUNT: _account, ScopeKind.USER: _user, ScopeKind.KEY: _key}
    if kind in finders:
        return str(finders[ScopeKind(kind)](name, account_id))
    if kind in KNOWN and name not in (there := KNOWN[kind]()):
        raise _unknown(kind, name, there)
    return name


def names_of(limits: Iterable[Limit]) -> dict[int, str]:
    """What the subject of each limit is called, by the limit's id, in one query."""
    rows = list(limits)
    tables: dict[str, tuple[Any, str]] = {
        ScopeKind.ACCOUNT: (Account.objects, "slug"),
        ScopeKind.USER: (get_user_model().objects, "username"),
        ScopeKind.KEY: (ApiKey.objects, "prefix"),
    }
    accounts, *others = [
        table.filter(pk__in=[0, *_ids(kind, rows)])
        .order_by()
        .annotate(kind=Value(kind))
        .values_list("kind", "pk", name)
        for kind, (table, name) in tables.items()
    ]
    called = {(kind, str(pk)): str(name) for kind, pk, name in accounts.union(*others, all=True)}
    return {row.pk: called.get((row.kind, row.subject), row.subject) for row in rows}


def named(limits: Iterable[Limit]) -> list[Limit]:
    """The same limits, which from now on say by name whom they are of."""
    rows = list(limits)
    names = names_of(rows)
    for row in rows:
        row.called = names[row.pk]
    return rows


def _ids(kind: str, limits: Iterable[Limit]) -> set[int]:
    return {int(row.subject) for row in limits if row.kind == kind and numerals.whole(row.subject) is not None}


def _account(name: str, account_id: int | None) -> int:
    accounts = Account.objects.all() if account_id is None else Account.objects.filter(pk=account_id)
    found = accounts.filter(slug=name).values_list("pk", flat=True).first()
    if found is None:
        raise _unknown("account", name, accounts.values_list("slug", flat=True))
    return found


def _user(name: str, account_id: int | None) -> int:
    users = get_user_model().objects.all()
    users = users if account_id is None else users.filter(memberships__account=account_id)
    found: int | None = users.filter(username=name).values_list("pk", flat=True).first()
    if found is None:
        raise _unknown("user", name, users.values_list("username", flat=True))
    return found


def _key(name: str, account_id: int | None) -> int:
    """By its prefix, or its name where one key alone has that."""
    keys = ApiKey.objects.all() if account_id is None else ApiKey.objects.filter(account=account_id)
    found = list(keys.filter(Q(prefix=name) | Q(name=name)).values_list("pk", "prefix")[: SHOWN + 1])
    if not found:
        raise _unknown("key", name, keys.values_list("prefix", flat=True)[:MAX_NAMES])
    if len(found) > 1:
        prefixes = ", ".join(prefix for _, prefix in found[:SHOWN])
        raise ValidationError({"subject": f"{name!r} is the name of several keys: write a prefix, e.g. {prefixes}."})
    return found[0][0]


def _unknown(kind: str, name: str, there: Iterable[str]) -> ValidationError:
    names = sorted(set(there))
    near = get_close_matches(name, names, SHOWN) or names[:SHOWN]
    return ValidationError({"subject": f"There is no {kind} {name!r}; there is {', '.join(near) or 'none yet'}."})
