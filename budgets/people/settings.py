"""What an account chose, saved for pages and API alike."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from budgets.models import Account
from budgets.people.roles import ACCOUNT_FIELDS
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.audit.permissions import may
from routerhub.tenancy.scope import system


def change(row: Account, user: Any, values: Mapping[str, Any], why: Change) -> None:
    """Staff change everything, an account's own people what is theirs to choose. Raises ValidationError."""
    if not may(user, "change", Account) and (staffs := sorted(values.keys() - ACCOUNT_FIELDS)):
        text = f"Staff change this. An account's own people change {', '.join(sorted(ACCOUNT_FIELDS))}."
        raise ValidationError(dict.fromkeys(staffs, text))
    save(row, values, why)


@system()
@transaction.atomic
def save(row: Account, values: Mapping[str, Any], why: Change) -> None:
    """A new account is nobody's yet, and no other may have its slug. Raises ValidationError."""
    for name, value in values.items():
        setattr(row, name, value)
    row.full_clean()
    history.stamp(row, why)
    row.save()
