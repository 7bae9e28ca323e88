"""What the ledger counts: its batches, what the database did not take, and what it swept."""

import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from routerhub.metrics.kinds import ITEMS, counter, histogram

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Send = Callable[[Sequence[Item]], Coroutine[Any, Any, Sequence[Answer]]]
BATCH_ITEMS = histogram("routerhub_ledger_batch_items", "Items that shared a round trip.", "batch", bounds=ITEMS)
BATCH_SECONDS = histogram("routerhub_ledger_batch_seconds", "A batch's round trip to the database.", "batch")
AWAY = counter("routerhub_ledger_away", "Batches that the database did not answer.", "batch")
LOST = counter("routerhub_ledger_lost_items", "Settlements that no disk took; their holds are swept.").labels()
SWEPT = counter("routerhub_ledger_swept_holds", "Holds of requests that died, settled at their ceiling.").labels()


def timed(batch: str, send: Send[Item, Answer]) -> Send[Item, Answer]:
    """The same, counted."""
    sizes, seconds = BATCH_ITEMS.labels(batch), BATCH_SECONDS.labels(batch)

    async def sent(items: Sequence[Item]) -> Sequence[Answer]:
        began = time.monotonic()
        sizes.observe(len(items))
        answers = await send(items)
        seconds.observe(time.monotonic() - began)
        return answers

    return sent
