"""What accounts, users and keys are called by people, by their ids; and the account of a name."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from budgets.models import Account, ApiKey

Kind = Literal["account", "user", "key"]
TABLES: Mapping[Kind, tuple[Any, str]] = {
    "account": (Account, "slug"),
    "user": (get_user_model(), "username"),
    "key": (ApiKey, "name"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountName:
    """An account as reports know it."""

    id: int
    slug: str
    timezone: str


def called(kind: Kind, ids: Iterable[int]) -> dict[int, str]:
    """Who is gone keeps the number."""
    wanted = set(ids)
    table, name = TABLES[kind]
    found = dict(table._default_manager.filter(pk__in=wanted).values_list("pk", name)) if wanted else {}
    return {each: found.get(each, f"number {each}") for each in wanted}


def account_of(slug: str, among: Collection[int] | None = None) -> AccountName:
    """Raises ValidationError where there is none of that name among those."""
    rows = Account.objects.filter(slug=slug) if among is None else Account.objects.filter(slug=slug, pk__in=among)
    row = rows.first()
    if row is None:
        raise ValidationError({"account": f"Object with slug={slug} does not exist."})
    return AccountName(id=row.pk, slug=row.slug, timezone=row.timezone)


def zone_of(account_id: int) -> str:
    """Whose days an account has."""
    return Account.objects.values_list("timezone", flat=True).get(pk=account_id)


def id_of(kind: Kind, name: str) -> int:
    """Raises ValidationError where nobody is called so."""
    table, column = TABLES[kind]
    found: int | None = table._default_manager.filter(**{column: name}).values_list("pk", flat=True).first()
    if found is None:
        raise ValidationError({kind: f"There is no {kind} {name!r}."})
    return found


def ids_of(kind: Kind, name: str) -> list[int]:
    """Of all that are called so: several accounts may have a key of the same name."""
    table, column = TABLES[kind]
    return list(table._default_manager.filter(**{column: name}).values_list("pk", flat=True))


def known(kind: Kind, at_most: int) -> list[str]:
    """What they are called, to choose from."""
    table, column = TABLES[kind]
    return sorted(set(table._default_manager.order_by("pk").values_list(column, flat=True)[:at_most]))
