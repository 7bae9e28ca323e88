"""What is found, as the tests need it."""

from datetime import UTC, datetime
from typing import Any

from budgets.alerts.channels import make
from budgets.alerts.types import Finding
from budgets.models import AlertChannel
from tests.cast import Member, because

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def finding(**changes: Any) -> Finding:
    values: dict[str, Any] = {
        "kind": "limit", "account_id": None, "subject": "limit:12", "period_start": MARCH, "state": "near",
        "title": "Account Acme, monthly: $8.00 of $10.00 is spent", "figures": {"spent_usd": "8", "limit_usd": "10"},
    }  # fmt: skip
    return Finding(**{**values, **changes})


def of(member: Member, **changes: Any) -> Finding:
    return finding(account_id=member.account.pk, **changes)


def channel(member: Member | None = None, url: str = "https://hooks.example/in", **changes: Any) -> AlertChannel:
    """A webhook of the member's account, or of the site."""
    values: dict[str, Any] = {"name": "hook", "kind": "webhook", "account": member and member.account, **changes}
    row = AlertChannel(**values)
    make(row, url, because("told"))
    return row
