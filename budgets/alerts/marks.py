"""How far something is, as alerts tell it. Pure."""

from decimal import Decimal

from budgets.alerts.types import FoundState

SOFT_PERCENT = 80
"""From here on it is near."""
FULL = Decimal("0.995")
"""From here on it is triggered: a hard limit is never passed, and what is left of it then is less than half a percent."""
WELL = Decimal("0.9")
"""So much of its near mark is so far below it that it is well again. Between the two nothing changes, so that it is not told
again and again."""


def state_at(used: int, amount: int, soft_percent: int = SOFT_PERCENT) -> FoundState | None:
    """What it is to be told as, if it is."""
    if used >= amount * FULL:
        return "triggered"
    return "near" if used * 100 >= amount * soft_percent else None


def is_well(used: int, amount: int, soft_percent: int = SOFT_PERCENT) -> bool:
    return used * 100 < amount * soft_percent * WELL


def percent(used: int, amount: int) -> int:
    """Rounded down: it is full when it is full."""
    return 100 * used // amount if amount else 100
