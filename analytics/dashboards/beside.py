"""What some kinds of tiles show beside the roll-ups: targets, opportunities, anomalies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from analytics.dashboards.tiles.opportunities import MAX_DAYS
from analytics.dashboards.types import View
from analytics.reports.opportunities import opportunities
from analytics.reports.targets import targets
from analytics.reports.types import Opportunities
from analytics.windows.steps import floor
from budgets.alerts.types import Unusual
from budgets.alerts.unusual import unusual


def _anomalies(view: View) -> Sequence[Unusual]:
    chosen = view.where.get("account")
    named = None if chosen is None else frozenset(int(each) for each in chosen)
    accounts = view.accounts if named is None else named if view.accounts is None else named & view.accounts
    return unusual(view.since, view.until, accounts)


def _opportunities(view: View) -> Opportunities:
    """Of the range's last days: of a year they would take longer than all the rest of a page."""
    since = max(view.since, floor(view.until, "day") - timedelta(days=MAX_DAYS))
    return opportunities(replace(view, since=since).question())


READS: Mapping[str, Callable[[View], Any]] = {
    "targets": lambda view: targets(view.question()),
    "opportunities": _opportunities,
    "over_time": _anomalies,
}
"""By kind of tile."""
