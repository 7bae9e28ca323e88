"""The limit by which an account as a whole is measured."""

from budgets.choices import Measure, Mode, Period, ScopeKind
from budgets.models import Limit

PERIODS = (Period.MONTH, Period.DAYS, Period.RANGE, Period.WEEK, Period.DAY)
"""Which one is told first, where there are several: a month is what people think of money in."""


def of_account(account_id: int) -> Limit | None:
    """The account's own limit of money that stops it, of a period that ends; None where it has none."""
    found = Limit.objects.filter(
        kind=ScopeKind.ACCOUNT, subject=str(account_id), measure=Measure.MONEY, period__in=PERIODS, is_active=True
    )
    ordered = sorted(found, key=lambda limit: (limit.mode == Mode.SOFT, PERIODS.index(Period(limit.period)), limit.pk))
    return next(iter(ordered), None)
