"""Whose requests and answers are kept: site, account and key each have a say, and whoever wants the least kept is heard."""

from collections.abc import Mapping

from budgets.choices import KeepBodies
from budgets.models import Account


def keeps_bodies(*, site: bool, account: str, key: bool | None) -> bool:
    """Whether what a key's requests say is kept. Each of the three can say no for itself: the site by its setting, the account
    for all keys or all but chosen ones, the key by `False`. Of a key that says nothing (None) the account decides."""
    if not site or account == KeepBodies.NONE or key is False:
        return False
    return account == KeepBodies.ALL or key is True


def shorter_retentions(site_days: float) -> Mapping[int, int]:
    """The days of accounts that keep what was said for a shorter time than the site, by account id."""
    own = Account.objects.filter(body_retention_days__lt=site_days).order_by("pk")
    return {account: days for account, days in own.values_list("pk", "body_retention_days") if days is not None}
