"""One makes it, the others wait: an item that many want at once, in this process and in others."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4
from weakref import WeakValueDictionary

from routerhub.gateway.runtime import Runtime
from routerhub.storage.types import Item, Name

Made = TypeVar("Made")
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0
_queues: WeakValueDictionary[Name, asyncio.Lock] = WeakValueDictionary()
"""Of all in this process that wait for the same, the first one alone asks the store again and again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The right to make what will be kept under a name. It lapses when its holder died."""

    name: Name
    id: UUID

    async def keep(self, runtime: Runtime, content: bytes, seconds: float) -> None:
        """Raises StorageUnavailable."""
        await runtime.store.put(self.name, content, seconds, self.id)

    async def release(self, runtime: Runtime) -> None:
        """Raises StorageUnavailable."""
        await runtime.store.release(self.name, self.id)


async def claim_or_wait(
    runtime: Runtime, name: Name, mark: bytes, is_enough: Callable[[Item], bool] = lambda _: False
) -> Claim | Item | None:
    """What is kept under the name, or the right to make it; None where others made nothing of it in a request's time.

    `mark` is what others see while it is made; a claim of theirs for which `is_enough` says so is not waited for, but returned.
    Raises StorageUnavailable.
    """
    queue = _queues.get(name)
    if queue is None:
        queue = _queues[name] = asyncio.Lock()
    clock, claim = runtime.clock, Claim(name=name, id=uuid4())
    deadline, pause = clock.monotonic() + runtime.limits.deadline_s, FIRST_PAUSE_S
    async with queue:
        while clock.monotonic() < deadline:
            if await runtime.store.claim(name, mark, runtime.limits.lease_s, claim.id):
                return claim
            item = await runtime.store.read(name)
            if item is not None and (not item.is_claim or is_enough(item)):
                return item
            await clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
    return None


async def uninterrupted(work: Coroutine[Any, Any, Made]) -> Made:
    """Done to its end also where its client leaves meanwhile, since what is charged must be kept."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
