"""One process of many that spend from the same limits: reserve, pause, settle. Prints how many were granted."""

import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from budgets.ledger import Ledger
from budgets.types import Granted
from tests.budgets.books import settlement, spend

CONCURRENT = 16


async def main() -> int:
    dsn, process, processes, requests, amount, pause_ms = sys.argv[1], *map(int, sys.argv[2:7])
    ledger = Ledger(dsn, wait_s=30, spool_dir=Path(tempfile.mkdtemp()))
    await ledger.start()
    turn = asyncio.Semaphore(CONCURRENT)

    async def one(at: int) -> bool:
        # Scopes in changing order and number, so that batches of different processes overlap in every way.
        scopes = [f"key:{process}", f"key:{(process + at) % processes}", "account:1"]
        async with turn:
            held = await ledger.reserve(spend(*(scopes if at % 2 else reversed(scopes)), amount=amount))
            if not isinstance(held, Granted):
                return False
            await asyncio.sleep(pause_ms / 1000)
            await ledger.settle(settlement(held, amount=amount))
            return True

    granted = sum(await asyncio.gather(*(one(at) for at in range(requests))))
    await ledger.stop()
    return granted


print(asyncio.run(main()))
