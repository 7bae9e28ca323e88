"""Which scope's limit stops which request, by every measure and period: the table in docs/budgets.md comes from here."""

from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from budgets.choices import Measure, Period, ScopeKind
from budgets.ledger import Ledger
from budgets.models import Account, Limit
from budgets.types import Granted, PerTask, Spend
from tests.budgets.books import spend

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[2] / "docs" / "budgets.md"
OF_EACH = ("user", "key", "worker", "session", "task")
ONE = {
    "money": {"amount": 10, "tokens": 0},
    "requests": {"amount": 0, "tokens": 0},
    "tokens": {"amount": 0, "tokens": 10},
}
AMOUNTS = {"money": 15, "requests": 1, "tokens": 15}
"""Of which one request has room, and a second one has not."""
FIRST = 1_000
"""The first of as many accounts as there are measures and periods."""


def rows(kind: str, is_each: bool) -> list[Limit]:
    """A limit of each measure and period, each of a subject or an account of its own."""
    today = timezone.now().date()
    days: dict[str, dict[str, Any]] = {
        "days": {"every_days": 10, "starts_on": today},
        "range": {"starts_on": today - timedelta(1), "ends_on": today + timedelta(1)},
    }
    cells = [("money", "total")] if kind == "policy_task" else list(product(Measure.values, Period.values))
    return [
        Limit(
            kind=kind, measure=measure, period=period, amount=AMOUNTS[measure], counts_earlier=False, **days.get(period, {}),
            subject="*" if is_each else "" if kind == "site" else f"{at}", account_id=FIRST + at if is_each else None,
        )
        for at, (measure, period) in enumerate(cells)
    ]  # fmt: skip


def requests(limit: Limit) -> list[Spend]:
    """Two of the limit's scope, and one of another."""
    name = limit.subject.replace("*", "one")
    per_task = PerTask(policy=name, task="t", amount_nano=15) if limit.kind == "policy_task" else None
    more: dict[str, Any] = {"per_task": per_task, "account_id": limit.account_id or 1, **ONE[limit.measure]}
    other = spend("tag:other" if limit.kind == "site" else f"{limit.kind}:other", **{**more, "per_task": None})
    return [*[spend(f"{limit.kind}:{name}", **more) for _ in range(2)], other]


async def held(ledger: Ledger, limits: list[Limit]) -> list[Limit]:
    """Those that stop the second request of their scope, and none of another."""
    await sync_to_async(Limit.objects.bulk_create)(limits)
    batch = [each for limit in limits for each in requests(limit)]
    answers = await ledger._reserver.reserve(batch)  # at one moment, so in one period
    verdicts = [isinstance(answer, Granted) for answer in answers]
    return [limit for at, limit in enumerate(limits) if verdicts[3 * at : 3 * at + 3] == [True, False, True]]


async def row(ledger: Ledger, kind: str, is_each: bool) -> str:
    """By measure, the periods for which a limit of the scope holds. Limits of the site would count each other's requests."""
    limits, found = rows(kind, is_each), []
    for some in [[limit] for limit in limits] if kind == "site" else [limits]:
        found += await held(ledger, some)
        await sync_to_async(Limit.objects.all().delete)()
    cells = [shown([limit.period for limit in found if limit.measure == measure]) for measure in Measure.values]
    return f"| {f'each {kind} (`*`)' if is_each else kind} | {' | '.join(cells)} |"


def shown(periods: list[str]) -> str:
    return "every period" if periods == Period.values else ", ".join(periods) or "-"


async def test_the_table_of_the_docs_is_what_holds(ledger: Ledger) -> None:
    accounts = [Account(pk=FIRST + at, slug=f"a{at}") for at in range(len(Measure.values) * len(Period.values))]
    await sync_to_async(Account.objects.bulk_create)(accounts)
    lines = ["| scope | money | requests | tokens |", "|---|---|---|---|"]
    lines += [await row(ledger, kind, is_each=False) for kind in ScopeKind.values]
    lines += [await row(ledger, kind, is_each=True) for kind in OF_EACH]
    table = "\n".join(lines)
    assert table in DOCS.read_text(), f"docs/budgets.md should have:\n{table}"
