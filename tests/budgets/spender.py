"""One process of many that spend from the same limits: reserve, pause, settle. Prints how many were granted."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from budgets.ledger import Ledger, housekeeping
from budgets.types import Granted
from tests.budgets.books import settlement, spend

CONCURRENT = 16


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("dsn")
    for name in ("process", "processes", "requests", "amount", "cost"):
        parser.add_argument(name, type=int)
    parser.add_argument("--pause-s", type=float, default=0)
    parser.add_argument("--lease-s", type=float, default=600)
    parser.add_argument("--sweep-every-s", type=float, default=3600)
    return parser.parse_args()


async def main(given: argparse.Namespace) -> int:
    housekeeping.SWEEP_EVERY_S = housekeeping.DRAIN_EVERY_S = given.sweep_every_s
    ledger = Ledger(given.dsn, wait_s=30, spool_dir=Path(tempfile.mkdtemp()))
    await ledger.start()
    turn = asyncio.Semaphore(CONCURRENT)

    async def one(at: int) -> bool:
        # Scopes in changing order and number, so that batches of different processes overlap in every way.
        scopes = [f"key:{given.process}", f"key:{(given.process + at) % given.processes}", "account:1"]
        scopes = scopes if at % 2 else scopes[::-1]
        async with turn:
            held = await ledger.reserve(spend(*scopes, amount=given.amount, lease_s=given.lease_s))
            if not isinstance(held, Granted):
                return False
            await asyncio.sleep(given.pause_s)
            await ledger.settle(settlement(held, amount=given.cost))
            return True

    granted = sum(await asyncio.gather(*(one(at) for at in range(given.requests))))
    await ledger.stop()
    return granted


print(asyncio.run(main(arguments())))
