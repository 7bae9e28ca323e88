"""Whose requests somebody may read reports about."""

from typing import Any

from analytics.models import Record
from budgets.people.rights import accounts_open
from routerhub.audit.permissions import may, right


def accounts_of(user: Any) -> frozenset[int] | None:
    """A key's is its own account; a login's are those in which its role shows requests; None, with Django's permission: all."""
    caller = getattr(user, "caller", None)
    if caller is not None:
        return frozenset([caller.account_id])
    return None if may(user, "view", Record) else frozenset(accounts_open(user, right("view", Record)))
