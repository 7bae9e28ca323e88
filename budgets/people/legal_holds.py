"""Accounts of which nothing is deleted when its time is over."""

from budgets.models import Account
from routerhub.audit import history
from routerhub.audit.change import Change


def accounts_held() -> list[int]:
    """The ids of the accounts under legal hold."""
    return list(Account.objects.filter(legal_hold=True).values_list("pk", flat=True).order_by("pk"))


def put(account: Account, is_held: bool, change: Change) -> bool:
    """Put it under legal hold, or end that. Returns whether that changed anything."""
    if account.legal_hold == is_held:
        return False
    account.legal_hold = is_held
    history.stamp(account, change)
    account.save(update_fields=["legal_hold"])
    return True
