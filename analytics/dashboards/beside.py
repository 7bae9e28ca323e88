"""What some kinds of tiles show beside the roll-ups: targets, opportunities, anomalies."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analytics.dashboards.types import View
from analytics.reports.opportunities import opportunities
from analytics.reports.targets import targets
from budgets.alerts.types import Unusual
from budgets.alerts.unusual import unusual


def _anomalies(view: View) -> Sequence[Unusual]:
    chosen = view.where.get("account")
    named = None if chosen is None else frozenset(int(each) for each in chosen)
    accounts = view.accounts if named is None else named if view.accounts is None else named & view.accounts
    return unusual(view.since, view.until, accounts)


READS: Mapping[str, Callable[[View], Any]] = {
    "targets": lambda view: targets(view.question()),
    "opportunities": lambda view: opportunities(view.question()),
    "over_time": _anomalies,
}
"""By kind of tile."""
