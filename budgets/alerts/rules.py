"""Alerts on one's own spend and channels, made and changed: checked in one place for pages and API."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from budgets.alerts import channels
from budgets.models import Account, AlertChannel, AlertRule
from budgets.people.ownership import claim
from routerhub.audit import history
from routerhub.audit.change import Change


def new_rule(account: Account, user: Any) -> AlertRule:
    """One of a person's, not saved yet."""
    return AlertRule(account=account, user=user)


def of_person(account: Account, user: Any) -> QuerySet[AlertRule]:
    """A person's own in an account."""
    return AlertRule.objects.filter(account=account, user=user)


def new_channel(account: Account | None, user: Any) -> AlertChannel:
    """One of a person's, or with no person the account's, not saved yet."""
    return AlertChannel(account=account, user=user)


def add(row: AlertRule | AlertChannel, user: Any, names_user: bool, values: Mapping[str, Any], change: Change) -> str:
    """As `user` may make it. Returns the secret of a webhook, which is told now and never again. Raises ValidationError."""
    claim(row, user, names_user)
    return save(row, values, change)


@transaction.atomic
def save(row: AlertRule | AlertChannel, values: Mapping[str, Any], change: Change) -> str:
    """With other values; the `address` of a channel gives it a new secret. Raises ValidationError."""
    given = dict(values)
    address = given.pop("address", None)
    for name, value in given.items():
        setattr(row, name, value)
    if isinstance(row, AlertRule):
        row.full_clean()
        history.stamp(row, change)
        row.save()
        return ""
    row.full_clean(exclude=["shown"])
    if address is not None:
        return channels.make(row, address, change)
    channels.save(row, change)
    return ""
