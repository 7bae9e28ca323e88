"""Amounts as people write them, dollars for money and counts otherwise, in the units that are kept."""

from decimal import Decimal

from budgets.choices import Measure
from budgets.models import Limit
from budgets.types import to_nano


def in_units(limit: Limit, given: Decimal) -> int:
    """Nano-dollars, or a count. Raises ValueError for a part of one."""
    found = given * (to_nano(Decimal(1)) if limit.measure == Measure.MONEY else 1)
    if found != int(found):
        raise ValueError(f"{given} is not a whole number of {limit.measure}.")
    return int(found)
