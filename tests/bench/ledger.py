"""Reserve, settle and record, with durable commits, the client on the same cores as the database."""

import tempfile
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.management import call_command

from budgets.ledger import Ledger
from budgets.models import Limit
from budgets.types import Granted
from routerhub.gateway.snapshots import database_dsn
from tests.bench.figures import measure
from tests.budgets.books import settlement, spend

SECONDS = 4


def prepare() -> None:
    call_command("migrate", verbosity=0)
    for scope in ("account", "key"):
        Limit.objects.get_or_create(kind=scope, subject="1", period="month", defaults={"amount": 10**15})


async def main() -> None:
    await sync_to_async(prepare)()
    ledger = Ledger(database_dsn(), wait_s=10, spool_dir=Path(tempfile.mkdtemp()))
    await ledger.start()

    async def once() -> None:
        held = await ledger.reserve(spend("account:1", "key:1"))
        if not isinstance(held, Granted):
            raise AssertionError(held)
        await ledger.settle(settlement(held))

    await measure(once, 8, 0.5)
    print("ledger: reserve + settle + record, two limits, durable")
    for clients in (1, 8, 32):
        rate, p50, p99 = await measure(once, clients, SECONDS)
        print(f"  {clients:>3} clients  {rate:>7,.0f}/s   p50 {p50:.1f} ms   p99 {p99:.1f} ms", flush=True)
    await ledger.stop()
