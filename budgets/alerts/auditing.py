"""Telling staff that the audit chain is broken."""

from budgets.alerts.raising import raise_alert
from budgets.alerts.types import Finding
from routerhub.audit.models import Verification


def tell(found: Verification) -> bool:
    """Once a day, however often the chain is walked."""
    first = found.problems[0]
    return raise_alert(
        Finding(
            kind="audit",
            account_id=None,
            subject="audit:chain",
            state="triggered",
            period_start=found.began_at.replace(hour=0, minute=0, second=0, microsecond=0),
            title=f"The audit chain is broken: {first['text']}",
            figures={"problems": len(found.problems), "first_link": first["link"], "links_until": found.head},
        )
    )
