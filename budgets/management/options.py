"""What several commands take in."""

from datetime import date

from django.core.management.base import CommandError

from budgets.models import Account
from budgets.types import NANO
from routerhub import numerals

MAX_USD = 1_000_000_000


def account_of(slug: str) -> Account:
    """Raises CommandError."""
    found = Account.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no account {slug!r}.")
    return found


def dollars_of(option: str, text: str) -> int:
    """As nano-dollars. Raises CommandError."""
    usd = numerals.exact(text)
    if usd is None or not 0 <= usd <= MAX_USD or usd * NANO != int(usd * NANO):
        raise CommandError(f"{option} {text!r}: write dollars from 0 to {MAX_USD:,}, with at most nine decimals.")
    return int(usd * NANO)


def day_of(option: str, text: str) -> date:
    """Raises CommandError."""
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise CommandError(f"{option} {text!r} is no day: write it as 2026-11-30.") from problem
