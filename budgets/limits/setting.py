"""Limits made and changed, with one validation for pages, API and commands."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from budgets.choices import Measure, ScopeKind
from budgets.limits.names import subject_of
from budgets.models import Account, ApiKey, Limit
from budgets.models.limits import EACH
from budgets.types import to_nano, to_usd
from routerhub.audit import history
from routerhub.audit.change import Change

MAX_AMOUNT = 10**18


def amount_of(measure: str, given: Decimal) -> int:
    """As it is kept, from dollars for money and a count otherwise. Raises ValidationError."""
    found = to_nano(given) if measure == Measure.MONEY else given
    if not 0 <= found <= MAX_AMOUNT or found != int(found):
        allowed = (
            "number of dollars from 0 to 1,000,000,000" if measure == Measure.MONEY else f"whole number of {measure}"
        )
        raise ValidationError({"amount": f"{given} is not a {allowed}."})
    return int(found)


def shown_amount(measure: str, amount: int) -> Decimal:
    """As people and programs write it: dollars for money, a count otherwise."""
    return to_usd(amount).normalize() if measure == Measure.MONEY else Decimal(amount)


def owner_of(kind: str, subject: str) -> Account | None:
    """The account whose limit it is unless somebody says otherwise: of an account and a key, theirs."""
    if subject == EACH:
        return None
    if kind == ScopeKind.ACCOUNT:
        return Account.objects.get(pk=subject)
    return ApiKey.objects.select_related("account").get(pk=subject).account if kind == ScopeKind.KEY else None


@transaction.atomic
def set_limit(row: Limit, values: Mapping[str, Any], change: Change) -> Limit:
    """Save a new limit, or a change of one. `values` are fields by name, `subject` as people call it and `amount` in dollars for
    money; what is missing stays as it is. Raises ValidationError."""
    given = dict(values)
    name = given.pop("subject", None)
    amount = given.pop("amount", None)
    if row.pk and amount is None and given.get("measure", row.measure) != row.measure:
        raise ValidationError({"amount": f"Say how many {given['measure']} it is: it was an amount of {row.measure}."})
    for field, value in given.items():
        setattr(row, field, value)
    if name is not None:
        row.subject = subject_of(row.kind, name, row.account_id)
    if not row.pk and "account" not in given:
        row.account = owner_of(row.kind, row.subject)
    if amount is not None:
        row.amount = amount_of(row.measure, amount)
    row.full_clean()
    history.stamp(row, change)
    row.save()
    return row


def new_limit(account: Account) -> Limit:
    """One of an account's own, not saved yet."""
    return Limit(account=account)


def limit_key(key: ApiKey, amount_usd: Decimal, period: str, change: Change) -> Limit:
    """Give a key a limit in money, or its own one another amount. What the site gave stays beside it. Raises ValidationError."""
    own = Limit.objects.filter(
        kind=ScopeKind.KEY, subject=str(key.pk), measure=Measure.MONEY, is_given=False, is_active=True
    )
    row = own.order_by("-pk").first() or Limit(kind=ScopeKind.KEY, account=key.account)
    return set_limit(row, {"subject": key.prefix, "amount": amount_usd, "period": period}, change)
