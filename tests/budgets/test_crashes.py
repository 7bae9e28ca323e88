"""PostgreSQL is cut off under load, again and again: no granted hold and no settlement is lost, and the books balance."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from budgets.errors import LedgerUnavailable
from budgets.ledger import Ledger
from budgets.types import Granted
from routerhub.embedded.postgres import Postgres
from tests.budgets.books import settlement, spend
from tests.looking import SEES_ALL
from tests.stack import ROOT, fill

pytestmark = [pytest.mark.anyio, pytest.mark.xdist_group("faults")]
CLIENTS, CRASHES, LIMIT = 24, 3, 400_000


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL of the test's own, with the tables and two limits that bind in the end."""
    folder: Path = tmp_path_factory.mktemp("crashes")
    folder.chmod(0o755)
    # The disk survives what happens here, so that it need not be waited for; what was never written to it does not.
    server = Postgres(folder, options=("fsync=off", "wal_writer_delay=10s"))
    server.start()
    fill(server.url)
    with psycopg.connect(server.url, autocommit=True, options=SEES_ALL) as admin:
        for kind in ("account", "key"):
            admin.execute(
                "INSERT INTO budgets_limit (kind, subject, measure, period, amount, is_active)"
                " VALUES (%s, '1', 'money', 'total', %s, true)",
                [kind, LIMIT],
            )
    yield server
    server.stop()


def manage(server: Postgres, *arguments: str) -> str:
    env = {**os.environ, "DATABASE_URL": server.url, "DJANGO_SETTINGS_MODULE": "routerhub.settings"}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout


def crash(server: Postgres) -> None:
    """An immediate shutdown: every server process ends where it stands."""
    assert server.child.process is not None
    server.child.process.send_signal(signal.SIGQUIT)
    server.child.process.wait()


class Spender:
    """Reserves and settles without pause, keeps some holds open, and remembers what it was promised."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.open: dict[uuid.UUID, int] = {}
        self.settled: dict[uuid.UUID, int] = {}
        self.refused = 0

    async def run(self, seed: int) -> None:
        chance = random.Random(seed)
        while True:
            wanted = spend("account:1", "key:1", amount=chance.randint(1, 100), lease_s=600)
            with contextlib.suppress(LedgerUnavailable):
                held = await self.ledger.reserve(wanted)
                if not isinstance(held, Granted):
                    self.refused += 1
                    return
                self.open[held.operation_id] = held.amount_nano
                if chance.random() < 0.9:
                    cost = chance.randint(0, held.amount_nano)
                    await self.ledger.settle(settlement(held, amount=cost))
                    del self.open[held.operation_id]
                    self.settled[held.operation_id] = cost


async def under_load(server: Postgres, spender: Spender) -> None:
    running = [asyncio.create_task(spender.run(seed)) for seed in range(CLIENTS)]
    for _ in range(CRASHES):
        before = len(spender.settled)
        async with asyncio.timeout(30):
            while len(spender.settled) < before + 300 and spender.refused == 0:  # noqa: ASYNC110 - any of many tasks
                await asyncio.sleep(0.01)
        await asyncio.to_thread(crash, server)
        await asyncio.to_thread(server.start)
    await asyncio.wait(running, timeout=60)
    assert all(task.done() for task in running), "the limit ends them"
    await asyncio.gather(*running)
    await spender.ledger.stop()


def found(server: Postgres, query: str) -> dict[Any, Any]:
    with psycopg.connect(server.url, options=SEES_ALL) as connection:
        return dict(connection.execute(query.encode()).fetchall())


async def test_nothing_that_was_promised_is_lost_when_the_database_dies_under_load(
    server: Postgres, tmp_path: Path
) -> None:
    spender = Spender(Ledger(server.url, wait_s=1, spool_dir=tmp_path))
    await under_load(server, spender)
    draining = Ledger(server.url, wait_s=1, spool_dir=tmp_path)
    await draining._housekeeper.drain()
    await draining.stop()

    charged = found(server, "SELECT operation_id, amount_nano FROM budgets_ledgerentry WHERE outcome = 'success'")
    assert charged == spender.settled
    # Exactly the holds that somebody knows of: what was held without an answer was given back.
    assert found(server, "SELECT operation_id, amount_nano FROM budgets_hold") == spender.open
    assert found(server, "SELECT operation_id, cost_nano FROM analytics_record") == spender.settled
    totals = found(server, "SELECT kind, spent + reserved FROM budgets_counter JOIN budgets_limit l ON l.id = limit_id")
    assert totals["account"] == totals["key"] == sum(spender.settled.values()) + sum(spender.open.values())
    assert 0.9 * LIMIT < totals["account"] <= LIMIT
    assert "equals" in manage(server, "reconcile")
