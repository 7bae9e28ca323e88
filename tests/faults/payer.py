"""One process of many that spend from the same limits, in sizes of its own, and says in a file what it was promised: that file
outlives it."""

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from budgets.ledger import Ledger, housekeeping
from budgets.types import Granted
from tests.budgets.books import settlement, spend

CONCURRENT = 16


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("dsn")
    parser.add_argument("journal", type=Path)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--requests", type=int)
    parser.add_argument("--least", type=int)
    parser.add_argument("--most", type=int)
    parser.add_argument("--lease-s", type=float, default=3)
    parser.add_argument("--pause-s", type=float, default=0)
    return parser.parse_args()


async def main(given: argparse.Namespace) -> None:
    housekeeping.SWEEP_EVERY_S = 1.0
    ledger = Ledger(given.dsn, wait_s=30, spool_dir=Path(tempfile.mkdtemp()))
    await ledger.start()
    chance, turn = Random(given.seed), asyncio.Semaphore(CONCURRENT)
    journal = os.open(given.journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(what: str, operation: object, amount: int = 0) -> None:
        os.write(journal, f"{what} {operation} {amount}\n".encode())

    async def one() -> None:
        async with turn:
            wanted = spend("account:1", amount=chance.randint(given.least, given.most), lease_s=given.lease_s)
            cost = chance.randint(wanted.amount_nano // 3, wanted.amount_nano)
            write("asks", wanted.operation_id, wanted.amount_nano)
            held = await ledger.reserve(wanted)
            if not isinstance(held, Granted):
                write("refused", wanted.operation_id)
                return
            write("granted", held.operation_id, cost)
            await asyncio.sleep(chance.random() * given.pause_s)
            await ledger.settle(settlement(held, amount=cost))
            write("settled", held.operation_id, cost)

    await asyncio.gather(*(one() for _ in range(given.requests)))
    await ledger.stop()


asyncio.run(main(arguments()))
