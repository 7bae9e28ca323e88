"""Partitions made ahead of time, and an alarm where they were not."""

import logging
from collections.abc import Mapping
from datetime import datetime

from analytics.records import partitions
from analytics.records.retention import kinds
from budgets.alerts.raising import raise_alert
from budgets.alerts.types import Finding

logger = logging.getLogger(__name__)


def extend_all(now: datetime) -> int:
    """Make the weeks ahead of every table that has partitions, move what came without one into its own, and tell of it. Returns
    how many were missing."""
    missing = 0
    for kind in kinds():
        if kind.is_partitioned:
            found = partitions.strays(kind.table)
            missing += partitions.extend(kind.table)
            for monday in found:
                partitions.make(kind.table, monday)
            if found:
                _tell(kind.table, found, now)
    return missing


def _tell(table: str, found: Mapping[datetime, int], now: datetime) -> None:
    """Nothing is lost, but who makes the partitions did not run, or somebody writes rows of another time."""
    rows, first, last = sum(found.values()), min(found), max(found)
    logger.error("action=move_strays table=%s rows=%s first=%s last=%s", table, rows, first.date(), last.date())
    raise_alert(
        Finding(
            kind="anomaly", account_id=None, subject=f"partitions:{table}", state="triggered",
            period_start=now.replace(hour=0, minute=0, second=0, microsecond=0),
            title=f"{rows:,} rows of {table} had no partition, in weeks from {first:%Y-%m-%d} to {last:%Y-%m-%d};"
            " they were moved into their own. Does beat run?",
            figures={"rows": rows, "first_week": f"{first:%Y-%m-%d}", "last_week": f"{last:%Y-%m-%d}"},
        )
    )  # fmt: skip
