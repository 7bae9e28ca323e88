"""What a gateway does for the books beside its requests: keep what the database cannot take and write it later, say which slots
are taken still, and sweep the holds of the dead.

Every process does it, over a connection of its own; locks see to it that no two do the same.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

from budgets.ledger.database import Away, Database, DatabaseError, Unreachable
from budgets.ledger.metrics import LOST, SWEPT
from budgets.ledger.settling import Item, Settler
from budgets.ledger.slots import RENEW, Slots
from budgets.ledger.spool import Spool

logger = logging.getLogger(__name__)
DRAIN_EVERY_S = 2.0
SWEEP_EVERY_S = 10.0
MAX_PER_SWEEP = 200
MAX_REMEMBERED = 20_000
"""Settlements and records that the disk takes no more, in memory: some hundred megabytes."""
SWEEP = "SELECT swept, problems FROM sweep_holds($1)"


class Housekeeper:
    """A task that never ends by itself."""

    def __init__(self, database: Database, spool: Spool, slots: Slots, max_per_batch: int) -> None:
        self._database = database
        self._settler = Settler(database)
        self._spool = spool
        self._slots = slots
        self._max_per_batch = max_per_batch
        self._remembered: list[Item] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(_log_end)

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._write_down()
        await self._database.close()

    async def keep(self, items: Sequence[Item]) -> None:
        """Until the database is back: on disk or, where that is full or broken, in memory."""
        try:
            await asyncio.to_thread(self._spool.keep, items)
        except OSError as problem:
            room = MAX_REMEMBERED - len(self._remembered)
            self._remembered += items[:room]
            logger.error("action=spool remembered=%s problem=%s", len(items[:room]), problem)
            _lose(items[room:], problem)

    async def is_answering(self) -> bool:
        """Whether the database does."""
        try:
            await self._database.row("SELECT 1")
        except DatabaseError:
            return False
        return True

    async def _run(self) -> None:
        sweep_at = time.monotonic()
        while True:
            try:
                if is_due := time.monotonic() >= sweep_at:
                    await self.renew()
                await self.drain()
                if is_due:
                    sweep_at = time.monotonic() + SWEEP_EVERY_S
                    await self.sweep()
            except (DatabaseError, OSError) as problem:
                logger.warning("action=keep_house problem=%s", problem)
            await asyncio.sleep(DRAIN_EVERY_S)

    async def drain(self) -> None:
        """Write what was kept. A file that cannot be written now keeps no other back. Raises Away, OSError."""
        await self._write_remembered()
        for file in self._spool.files():
            try:
                with self._spool.claim(file) as items:
                    for at in range(0, len(items), self._max_per_batch):
                        await self._settler.write(items[at : at + self._max_per_batch])
                    logger.info("action=drain items=%s file=%s", len(items), file.name)
            except Unreachable:
                raise
            except Away as problem:
                logger.warning("action=drain file=%s problem=%s", file.name, problem)

    async def _write_remembered(self) -> None:
        """Raises Away."""
        while batch := self._remembered[: self._max_per_batch]:
            await self._settler.write(batch)
            del self._remembered[: len(batch)]

    async def _write_down(self) -> None:
        """The last moment for what only this process knows."""
        try:
            await self._write_remembered()
        except Away as problem:
            logger.warning("action=spool items=%s problem=%s", len(self._remembered), problem)
            try:
                await asyncio.to_thread(self._spool.keep, self._remembered)
            except OSError as full:
                _lose(self._remembered, full)

    async def renew(self) -> None:
        """Keep the slots of what is under way. Raises DatabaseError."""
        if living := self._slots.living():
            await self._database.row(RENEW, living)

    async def sweep(self) -> None:
        """Settle the holds past their lease at their ceiling. Raises Away."""
        swept = MAX_PER_SWEEP
        while swept == MAX_PER_SWEEP:
            swept, problems = await self._database.row(SWEEP, MAX_PER_SWEEP)
            SWEPT.inc(swept)
            if swept:
                logger.warning("action=sweep holds=%s", swept)
            for problem in problems:
                logger.error("action=sweep problem=%s", problem)


def _lose(items: Sequence[Item], problem: OSError) -> None:
    """Their holds stay and are swept at the ceiling, so the limits hold; the log has what the records lost."""
    if items:
        LOST.inc(len(items))
        logger.error("action=spool lost=%r problem=%s", items, problem)


def _log_end(task: "asyncio.Task[None]") -> None:
    """It ends when it is stopped. Anything else is a mistake of ours, which must not go unseen."""
    if not task.cancelled() and task.exception() is not None:
        logger.critical("action=keep_house problem=it ended", exc_info=task.exception())
