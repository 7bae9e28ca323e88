"""A batch of settlements and records as settle_many and record_many take it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from budgets.ledger.database import Database, Rejected
from budgets.types import AnswerRow, RequestRow, Settlement

logger = logging.getLogger(__name__)
SETTLE = (
    "SELECT settle_many($1::uuid[], $2::smallint[], $3::bigint[], $4::bigint[], $5::text[], $6::analytics_answer[])"
)
RECORD = "SELECT record_many($1::analytics_request[], $2::analytics_answer[])"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreserved:
    """A request that never had a hold, for its record."""

    request: RequestRow
    answer: AnswerRow


Item = Settlement | Unreserved


class Settler:
    """Writes what became of requests. Everything may be written again: a repeat changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, items: Sequence[Item]) -> None:
        """All of them. What the database rejects fails alone, and the log has it. Raises Away."""
        settlements = [item for item in items if isinstance(item, Settlement)]
        records = [item for item in items if isinstance(item, Unreserved)]
        if settlements:
            await self._settle(settlements)
        if records:
            await self._record(records)

    async def _settle(self, items: Sequence[Settlement]) -> None:
        try:
            (missing,) = await self._database.row(SETTLE, *_columns(items))
        except Rejected as problem:
            await self._settle_rejected(items, problem)
            return
        for place in missing:
            _log_missing(items[place - 1])

    async def _settle_rejected(self, items: Sequence[Settlement], problem: Rejected) -> None:
        """Half by half, down to the bad one: its money without its record. Where the money is what is bad, the hold stays
        and is swept at its ceiling."""
        if len(items) > 1:
            half = len(items) // 2
            await self._settle(items[:half])
            await self._settle(items[half:])
            return
        logger.error("action=settle rejected=%r problem=%s", items[0], problem)
        if items[0].answer is not None:
            await self._settle([replace(items[0], answer=None)])

    async def _record(self, items: Sequence[Unreserved]) -> None:
        try:
            await self._database.row(RECORD, [item.request for item in items], [item.answer for item in items])
        except Rejected as problem:
            if len(items) == 1:
                logger.error("action=record rejected=%r problem=%s", items[0], problem)
                return
            half = len(items) // 2
            await self._record(items[:half])
            await self._record(items[half:])


def _columns(items: Sequence[Settlement]) -> tuple[Any, ...]:
    """The arguments of SETTLE."""
    return (
        [item.operation_id for item in items],
        [item.hop for item in items],
        [item.amount_nano for item in items],
        [item.tokens for item in items],
        [item.outcome for item in items],
        [item.answer for item in items],
    )


def _log_missing(item: Settlement) -> None:
    """A hold that was given back before anybody knew whether it had been made need not be there; any other must."""
    if item.amount_nano or item.answer is not None:
        logger.error("action=settle missing=%r", item)
