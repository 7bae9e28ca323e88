"""The ledger as the gateway sees it: reserve before a call, settle after it, exactly once.

Both are one round trip for a whole batch, to reserve_many and settle_many in budgets/sql. Limits live in the database
alone; this keeps connections and the items that wait for them, nothing that counts.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from budgets.errors import LedgerUnavailable
from budgets.ledger.batcher import Batcher, Patience
from budgets.ledger.database import Away, Database, Unreachable
from budgets.ledger.housekeeping import Housekeeper
from budgets.ledger.metrics import AWAY, timed
from budgets.ledger.reserving import Answer, Reserver
from budgets.ledger.room import Room
from budgets.ledger.settling import Item, Settler, Unreserved
from budgets.ledger.slots import Slots
from budgets.ledger.spool import Spool
from budgets.limits.index import LimitIndex
from budgets.types import AnswerRow, Granted, Past, Refused, RequestRow, Settlement, Spend

logger = logging.getLogger(__name__)
MAX_PER_BATCH = 256
HOUSEKEEPING_WAIT_S = 5.0
RETRY_PAUSE_S = 0.2
PAST = """
    SELECT coalesce(sum(amount_nano), 0)::bigint AS charged_nano, coalesce(max(hop) + 1, 0) AS hops,
           (SELECT r.outcome FROM analytics_record r WHERE r.operation_id = $1 LIMIT 1) AS outcome
    FROM budgets_ledgerentry WHERE operation_id = $1
"""


class Ledger:
    """Reserve and settle. `wait_s`: how long a caller waits for the database before it is told that it is away."""

    def __init__(self, dsn: str, wait_s: float, spool_dir: Path) -> None:
        """`dsn` as libpq spells it. Settlements wait in `spool_dir` while the database is away."""
        self._wait_s = wait_s
        # One connection for both: they want the same counters, so over two they would only wait for each other there, in
        # smaller batches. The server gives up on a batch when its callers do.
        self._database = Database(dsn, wait_s)
        self._reserver = Reserver(self._database)
        self._settler = Settler(self._database)
        self.room = Room(self._reserver.limits_of)
        """Where requests wait that a limit has no room for."""
        patience = Patience(wait_s, LedgerUnavailable, self._take_back)
        self._reserve: Batcher[Spend, Granted | Refused] = Batcher(
            timed("reserve", self._send_reserve), MAX_PER_BATCH, patience
        )
        self._settle: Batcher[Item, None] = Batcher(timed("settle", self._send_settle), MAX_PER_BATCH)
        self._spool = Spool(spool_dir)
        self._slots = Slots()
        self._housekeeper = Housekeeper(Database(dsn, HOUSEKEEPING_WAIT_S), self._spool, self._slots, MAX_PER_BATCH)

    async def start(self) -> None:
        """Begin to keep house: drain the spool, say which slots are taken still, sweep the holds of the dead."""
        self._housekeeper.start()

    async def stop(self) -> None:
        """Settle what is under way, then close."""
        await self._reserve.flush()
        await self._settle.flush()
        await self._housekeeper.stop()
        await self._database.close()

    def use(self, index: LimitIndex) -> None:
        """Take a set of limits that somebody read, where it is newer. Nobody has to: the ledger reads it when it must."""
        if index.number > self._reserver.index.number:
            self._reserver.index = index

    @property
    def spooled_files(self) -> int:
        """Batches on disk that wait for the database."""
        return len(self._spool.files())

    async def is_answering(self) -> bool:
        """Whether the database does."""
        return await self._housekeeper.is_answering()

    async def reserve(self, spend: Spend) -> Granted | Refused:
        """Hold the worst case, or say which limit it does not fit into.

        Repeating it changes nothing. Raises LedgerUnavailable, KeyBusy, SpendRejected, AlreadySettled; whoever is cancelled here
        holds nothing.
        """
        asked = self._reserve.submit(spend)
        try:
            answer = await asked
        except asyncio.CancelledError:
            # The answer may have come in the same moment. A later one is taken back by the batcher.
            if not asked.cancelled() and asked.exception() is None:
                self._take_back(asked.result())
            raise
        if isinstance(answer, Granted) and answer.has_slot:
            self._slots.take(spend)
        return answer

    async def past(self, operation_id: UUID) -> Past:
        """What is known of an operation that another process may have begun. Raises LedgerUnavailable."""
        try:
            (row,) = await self._database.rows(PAST, operation_id)
            return Past(**row)
        except Away as problem:
            raise LedgerUnavailable from problem

    def _take_back(self, answer: Granted | Refused) -> None:
        """Nobody knows of this hold: settle it at nothing, rather than have it swept at its ceiling."""
        if isinstance(answer, Granted):
            self._settle.submit(_nothing(answer.operation_id, answer.hop, answer.has_slot))

    async def settle(self, settlement: Settlement) -> None:
        """Turn the hold into what it cost. When the database does not answer, it is kept on disk and settled later."""
        if settlement.frees_slot:
            self._slots.free(settlement.operation_id)
        await self._settle.submit(settlement)

    async def record(self, request: RequestRow, answer: AnswerRow, frees: UUID | None = None) -> None:
        """The record of a request that has no hold, and which operation's slot is free with it. Kept on disk like a settlement;
        repeating it changes nothing."""
        if frees is not None:
            self._slots.free(frees)
        await self._settle.submit(Unreserved(request=request, answer=answer, frees=frees))

    async def _send_reserve(self, batch: Sequence[Spend]) -> Sequence[Answer]:
        """Asks again for as long as the callers wait: a restarting server is soon back, and a repeat changes nothing."""
        until = time.monotonic() + self._wait_s
        was_asked = False
        while True:
            try:
                return await self._reserver.reserve(batch)
            except Away as away:
                problem = away
                was_asked = was_asked or not isinstance(away, Unreachable)
            if time.monotonic() + RETRY_PAUSE_S > until:
                break
            await asyncio.sleep(RETRY_PAUSE_S)
        AWAY.labels("reserve").inc()
        logger.warning("action=reserve batch=%s problem=%s", len(batch), problem)
        if was_asked:
            for spend in batch:
                self._settle.submit(_nothing(spend.operation_id, spend.hop, spend.slots is not None))
        return [LedgerUnavailable() for _ in batch]

    async def _send_settle(self, items: Sequence[Item]) -> Sequence[None]:
        try:
            await self._settler.write(items)
        except Away as problem:
            AWAY.labels("settle").inc()
            logger.warning("action=spool items=%s problem=%s", len(items), problem)
            await self._housekeeper.keep(items)
        return [None for _ in items]


def _nothing(operation_id: UUID, hop: int, frees_slot: bool) -> Settlement:
    return Settlement(
        operation_id=operation_id,
        hop=hop,
        amount_nano=0,
        tokens=0,
        outcome="abandoned",
        frees_slot=frees_slot,
        answer=None,
    )
