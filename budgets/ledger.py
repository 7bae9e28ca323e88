"""The ledger as the gateway sees it: reserve before a call, settle after it, exactly once.

Both are one round trip for a whole batch, to reserve_many and settle_many in budgets/sql. Limits live in the database
alone; this keeps connections and the items that wait for them, nothing that counts.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import psycopg

from budgets.batcher import Batcher
from budgets.errors import LedgerUnavailable
from budgets.limits import LimitIndex
from budgets.spool import Spool
from budgets.types import Granted, Refused, Settlement, Spend

logger = logging.getLogger(__name__)
MAX_PER_BATCH = 64
SETTLE_WAIT_S = 5.0
MARGIN_S = 1.0
"""So much longer than the server itself a connection is waited for, before it counts as broken."""
RECONNECT_PAUSE_S = 0.2
DRAIN_EVERY_S = 2


Packed = tuple[Spend, bytes]
"""A reservation and its JSON. Packing happens at the caller, so that what cannot be packed fails there alone."""


class Connection:
    """One database connection that is opened again when it broke. `wait_s` bounds every call.

    A patient one tries to connect for all of that time, since a restarting server is soon back; others fail at once.
    """

    def __init__(self, dsn: str, wait_s: float, options: str, is_patient: bool = False) -> None:
        self._dsn, self._wait_s, self._options, self._is_patient = dsn, wait_s, options, is_patient
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None

    async def call(self, function: str, items: Sequence[bytes]) -> Any:
        """Call a function of one JSON array, given item by item, and return its value. Raises psycopg.Error, TimeoutError."""
        argument = (b"[" + b",".join(items) + b"]").decode()
        try:
            async with asyncio.timeout(self._wait_s):
                connection = await self._open()
                cursor = await connection.execute(f"SELECT {function}(%s)", [argument], prepare=True)
                row = await cursor.fetchone()
        except (TimeoutError, psycopg.OperationalError):
            await self.close()
            raise
        return row[0] if row else None

    async def _open(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        while self._connection is None or self._connection.closed:
            try:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._dsn, autocommit=True, connect_timeout=max(2, int(self._wait_s)), options=self._options
                )
            except psycopg.OperationalError:
                if not self._is_patient:
                    raise
                await asyncio.sleep(RECONNECT_PAUSE_S)
        return self._connection

    async def ping(self) -> None:
        """Raises psycopg.Error or TimeoutError when the database does not answer."""
        async with asyncio.timeout(self._wait_s):
            await (await self._open()).execute("SELECT 1")

    async def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):
                await self._connection.close()
            self._connection = None


def _options(wait_s: float) -> str:
    """Session settings. The functions' statements are always the same few rows: planning them anew cost a third of their time."""
    return f"-c statement_timeout={round(wait_s * 1000)} -c plan_cache_mode=force_generic_plan -c jit=off"


REQUEST = (
    "operation_id", "created_at", "account_id", "key_id", "user_id", "requested_model", "model", "policy", "task_type",
    "category", "complexity", "priority", "session", "tags", "is_stream", "cost_estimated_nano", "catalogue_release",
    "router_release", "decision", "ip", "user_agent",
)  # fmt: skip
ANSWER = (
    "model", "provider", "is_sandbox", "outcome", "error", "http_status", "latency_ms", "ttft_ms", "input_tokens",
    "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "is_usage_estimated", "cost_nano",
    "fallback_used", "attempts",
)  # fmt: skip


def _record(request: tuple[Any, ...], answer: tuple[Any, ...]) -> dict[str, Any]:
    record = {**dict(zip(REQUEST, request, strict=True)), **dict(zip(ANSWER, answer, strict=True))}
    return {**record, "decision": orjson.Fragment(record["decision"]), "attempts": orjson.Fragment(record["attempts"])}


class Ledger:
    """Reserve and settle. `wait_s`: how long a caller waits for the database before it is told that it is away."""

    def __init__(self, dsn: str, wait_s: float, spool_dir: Path) -> None:
        self._wait_s = wait_s
        self._reserving = Connection(
            dsn, wait_s + MARGIN_S, f"{_options(wait_s)} -c synchronous_commit=off", is_patient=True
        )
        self._settling = Connection(dsn, SETTLE_WAIT_S + MARGIN_S, _options(SETTLE_WAIT_S))
        self._reserve: Batcher[Packed, Granted | Refused] = Batcher(self._send_reserve, MAX_PER_BATCH)
        self._settle: Batcher[bytes, None] = Batcher(self._send_settle, MAX_PER_BATCH)
        self._spool = Spool(spool_dir)
        self._drain: asyncio.Task[None] | None = None
        self._returning: set[asyncio.Task[None]] = set()
        self._open: dict[tuple[uuid.UUID, int], tuple[Spend, tuple[int, ...]]] = {}

    def use(self, index: LimitIndex) -> None:
        """Limits are looked up by the database."""

    async def start(self) -> None:
        self._reserve.start()
        self._settle.start()
        self._drain = asyncio.create_task(self._drain_spool())

    async def stop(self) -> None:
        """Settle what is under way, then close."""
        await self._reserve.stop()
        await asyncio.gather(*self._returning)
        await self._settle.stop()
        if self._drain:
            self._drain.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._drain
        await self._reserving.close()
        await self._settling.close()

    async def is_answering(self) -> bool:
        try:
            await self._settling.ping()
        except (psycopg.Error, TimeoutError):
            return False
        return True

    async def reserve(self, spend: Spend) -> Granted | Refused:
        """Hold the worst case, or say which limit it does not fit into. Raises LedgerUnavailable."""
        asked = asyncio.ensure_future(self._reserve.submit((spend, orjson.dumps(_spend_json(spend)))))
        try:
            async with asyncio.timeout(self._wait_s):
                return await asyncio.shield(asked)
        except TimeoutError:
            self._give_back(spend, asked)
            raise LedgerUnavailable from None
        except asyncio.CancelledError:
            self._give_back(spend, asked)
            raise

    def _give_back(self, spend: Spend, asked: "asyncio.Future[Granted | Refused]") -> None:
        async def return_it() -> None:
            with contextlib.suppress(LedgerUnavailable):
                held = await asked
                if isinstance(held, Granted):
                    await self.settle(
                        Settlement(
                            operation_id=held.operation_id, hop=held.hop, amount_nano=0, tokens=0,
                            outcome="abandoned", answer=None,
                        )
                    )  # fmt: skip

        returning = asyncio.create_task(return_it())
        self._returning.add(returning)
        returning.add_done_callback(self._returning.discard)

    async def settle(self, settlement: Settlement) -> None:
        """Turn the hold into what it cost. When the database does not answer, it is kept on disk and settled later."""
        spend, counters = self._open.pop((settlement.operation_id, settlement.hop))
        item = {
            "op": _hold_id(settlement.operation_id, settlement.hop),
            "account": spend.account_id,
            "key": spend.key_id,
            "user": spend.user_id,
            "counters": counters,
            "held": spend.amount_nano,
            "amount": settlement.amount_nano,
            "tokens": settlement.tokens,
            "outcome": settlement.outcome,
            "record": None if settlement.answer is None else _record(spend.request, settlement.answer),
        }
        await self._settle.submit(orjson.dumps(item))

    async def record(self, request_row: tuple[Any, ...], answer_row: tuple[Any, ...]) -> None:
        """A record of a request that never had a hold."""
        record = _record(request_row, answer_row)
        item = {
            "op": uuid.uuid5(record["operation_id"], "record"), "account": record["account_id"], "key": record["key_id"],
            "user": record["user_id"], "counters": [], "held": 0, "amount": 0, "tokens": 0,
            "outcome": record["outcome"], "record": record,
        }  # fmt: skip
        await self._settle.submit(orjson.dumps(item))

    async def _send_reserve(self, batch: Sequence[Packed]) -> Sequence[Granted | Refused | Exception]:
        try:
            results = await self._reserving.call("reserve_many", [packed for _, packed in batch])
        except (psycopg.OperationalError, TimeoutError) as problem:
            logger.warning("action=reserve batch=%s problem=%s", len(batch), problem)
            return [LedgerUnavailable() for _ in batch]
        except psycopg.Error as problem:
            return await self._one_by_one(batch, problem)
        for (spend, _), result in zip(batch, results, strict=True):
            if result["granted"]:
                self._open[spend.operation_id, spend.hop] = (spend, tuple(result["counters"]))
        return [_answer(spend, result) for (spend, _), result in zip(batch, results, strict=True)]

    async def _one_by_one(self, batch: Sequence[Packed], problem: psycopg.Error) -> Sequence[Any]:
        """One bad item must not fail its neighbours."""
        if len(batch) == 1:
            logger.error("action=reserve operation=%s problem=%s", batch[0][0].operation_id, problem)
            return [LedgerUnavailable()]
        return [(await self._send_reserve([each]))[0] for each in batch]

    async def _send_settle(self, items: Sequence[bytes]) -> Sequence[Exception | None]:
        await self._settle_or_keep(items)
        return [None for _ in items]

    async def _settle_or_keep(self, items: Sequence[bytes]) -> None:
        try:
            await self._settling.call("settle_many", items)
        except (psycopg.OperationalError, TimeoutError) as problem:
            logger.warning("action=spool items=%s problem=%s", len(items), problem)
            self._spool.keep(items)
        except psycopg.Error as problem:
            if len(items) > 1:
                for item in items:
                    await self._settle_or_keep([item])
            else:
                # Its hold stays and is swept at the ceiling, so the limit holds; the log has what the record lost.
                logger.error("action=settle lost=%s problem=%s", items[0].decode(), problem)

    async def _drain_spool(self) -> None:
        """Settle what is on disk as soon as the database takes it."""
        while True:
            for file in self._spool.claim():
                items = Spool.read(file)
                try:
                    for at in range(0, len(items), MAX_PER_BATCH):
                        await self._settling.call("settle_many", items[at : at + MAX_PER_BATCH])
                except (psycopg.Error, TimeoutError):
                    break
                logger.info("action=drain items=%s file=%s", len(items), file.name)
                file.unlink()
            await asyncio.sleep(DRAIN_EVERY_S)


def _hold_id(operation_id: uuid.UUID, hop: int) -> uuid.UUID:
    return operation_id if hop == 0 else uuid.uuid5(operation_id, str(hop))


def _spend_json(spend: Spend) -> dict[str, Any]:
    unknown = (spend.request[6], "", False, "unknown", "The process died before the answer was settled.", None, 0, None,
               0, 0, 0, 0, 0, True, spend.amount_nano, False, "[]")  # fmt: skip
    return {
        "op": _hold_id(spend.operation_id, spend.hop),
        "account": spend.account_id,
        "key": spend.key_id,
        "user": spend.user_id,
        "scopes": spend.scopes,
        "amount": spend.amount_nano,
        "tokens": spend.tokens,
        "lease_s": spend.lease_s,
        "record": _record(spend.request, unknown),
    }


def _answer(spend: Spend, result: Mapping[str, Any]) -> Granted | Refused:
    if result["granted"]:
        return Granted(
            operation_id=spend.operation_id,
            hop=spend.hop,
            amount_nano=spend.amount_nano,
            remaining_nano=result["remaining"],
        )
    resets_at = result["resets_at"]
    return Refused(
        operation_id=spend.operation_id,
        hop=spend.hop,
        limit_id=result["limit_id"],
        label=f"{result['kind']} {result['subject']}".strip(),
        measure=result["measure"],
        period=result["period"],
        limit=result["limit"],
        spent=result["spent"],
        reserved=result["reserved"],
        asked=result["asked"],
        resets_at=datetime.fromisoformat(resets_at) if resets_at else None,
    )
