"""Answers that are asked for once, however many want the same: kept for a while, in the memory of this process alone."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from routerhub.gateway.clock import Clock

Name = TypeVar("Name", bound=Hashable)
Answer = TypeVar("Answer")


@dataclass(kw_only=True, slots=True)
class _Flight(Generic[Answer]):
    """A question under way, and how many wait for it."""

    task: "asyncio.Task[Answer]"
    waiting: int = 0


class Once(Generic[Name, Answer]):
    """At most `most` answers, each for `seconds`; the one that was not wanted for the longest goes first. A failure is not kept,
    but counts for all who wait for the same."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._kept: OrderedDict[Name, tuple[float, Answer]] = OrderedDict()
        self._flights: dict[Name, _Flight[Answer]] = {}

    async def of(self, clock: Clock, name: Name, ask: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """What was found under that name, or is found now. When the last one who waits leaves, the question is cut and settled.
        Raises what `ask` raises."""
        kept = self._kept.get(name)
        if kept is not None and clock.monotonic() < kept[0]:
            self._kept.move_to_end(name)
            return kept[1]
        flight = self._flights.get(name)
        if flight is None:
            flight = self._flights[name] = _Flight(task=asyncio.create_task(ask()))
        flight.waiting += 1
        try:
            answer = await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                await self._leave(name, flight)
        self._keep(name, clock.monotonic() + self._seconds, answer)
        return answer

    async def _leave(self, name: Name, flight: _Flight[Answer]) -> None:
        """Nobody joins it any more, and what it still does is for nobody."""
        del self._flights[name]
        if flight.task.done():
            return
        flight.task.cancel()
        await asyncio.gather(flight.task, return_exceptions=True)

    def _keep(self, name: Name, until: float, answer: Answer) -> None:
        self._kept[name] = until, answer
        self._kept.move_to_end(name)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
