"""A batch of settlements and records as settle_many and record_many take it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from budgets.ledger.database import Database, Rejected
from budgets.ledger.halving import by_halves
from budgets.types import AnswerRow, RequestRow, Settlement

logger = logging.getLogger(__name__)
SETTLE = """
SELECT settle_many($1::uuid[], $2::smallint[], $3::bigint[], $4::bigint[], $5::text[], $6::analytics_answer[], $7::uuid[],
    $8::budget_usage[])
"""
FREE = "SELECT free_slots($1::uuid[])"
RECORD = "SELECT record_many($1::analytics_request[], $2::analytics_answer[])"


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Unreserved:
    """A request that has no hold, for its record."""

    request: RequestRow
    answer: AnswerRow
    frees: UUID | None = None
    """The operation whose slot its key has back."""

    def __repr__(self) -> str:
        """For a log, so without anybody's words."""
        return f"Unreserved(operation_id={self.request[0]!r})"


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
            await by_halves(settlements, self._settle, self._settle_alone)
        if records:
            await by_halves(records, self._record, _not_recorded)

    async def _settle(self, items: Sequence[Settlement]) -> Sequence[None]:
        (missing,) = await self._database.row(SETTLE, *_columns(items))
        for place in missing:
            _log_missing(items[place - 1])
        return [None for _ in items]

    async def _settle_alone(self, item: Settlement, problem: Rejected) -> None:
        """Its money without its record. Where the money is what is bad, the hold stays and is swept at its ceiling."""
        logger.error("action=settle rejected=%r problem=%s", item, problem)
        if item.answer is not None:
            await by_halves([replace(item, answer=None)], self._settle, self._settle_alone)

    async def _record(self, items: Sequence[Unreserved]) -> Sequence[None]:
        await self._database.row(RECORD, [item.request for item in items], [item.answer for item in items])
        if freed := [item.frees for item in items if item.frees is not None]:
            await self._database.row(FREE, freed)
        return [None for _ in items]


async def _not_recorded(item: Unreserved, problem: Rejected) -> None:
    logger.error("action=record rejected=%r problem=%s", item, problem)


def _columns(items: Sequence[Settlement]) -> tuple[Any, ...]:
    """The arguments of SETTLE."""
    return (
        [item.operation_id for item in items],
        [item.hop for item in items],
        [item.amount_nano for item in items],
        [item.tokens for item in items],
        [item.outcome for item in items],
        [item.answer for item in items],
        [item.operation_id for item in items if item.frees_slot],
        [item.usage for item in items],
    )


def _log_missing(item: Settlement) -> None:
    """A hold that was given back before anybody knew whether it had been made need not be there; any other must."""
    if item.amount_nano or item.answer is not None:
        logger.error("action=settle missing=%r", item)
