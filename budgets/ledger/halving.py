"""One bad row stops no other: the one place that says so for every batch that goes to the database."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from budgets.ledger.database import Rejected

Row = TypeVar("Row")
Answer = TypeVar("Answer")


async def by_halves(
    batch: Sequence[Row],
    send: Callable[[Sequence[Row]], Awaitable[Sequence[Answer]]],
    alone: Callable[[Row, Rejected], Awaitable[Answer]],
) -> Sequence[Answer]:
    """What `send` answers, in order. A batch that the database rejects is sent half by half, down to the bad row, which
    `alone` answers for. Raises Away."""
    try:
        return await send(batch)
    except Rejected as problem:
        if len(batch) == 1:
            return [await alone(batch[0], problem)]
    half = len(batch) // 2
    return [*await by_halves(batch[:half], send, alone), *await by_halves(batch[half:], send, alone)]
