"""Where requests wait that a limit has no room for at the moment: first come, first served, limit by limit.

Of all that wait for one limit the first alone asks the database: when it becomes the first, when this process has settled
something that the limit counts, and every so often, for what other processes settled. So a limit is asked no oftener the more
there are that wait for it, and nobody small passes somebody large. Whoever comes while others wait stands behind them. The order
is that of one process; between processes, room goes to who asks first.
"""

import asyncio
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from operator import attrgetter


@dataclass(kw_only=True, eq=False, slots=True)
class Ticket:
    """Of one request, which keeps it whichever limit it waits for."""

    number: int
    """In order of arrival."""
    limit: int | None = None
    """It waits for this one now."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    """Set for the first of a queue, when asking may be of use."""


class Room:
    """The queues of one process, by limit; a limit that nobody waits for has none."""

    def __init__(self, limits_of: Callable[[Iterable[str]], Iterable[int]]) -> None:
        self.limits_of = limits_of
        """The limits of scopes."""
        self._queues: dict[int, list[Ticket]] = {}
        self._arrived = 0

    @property
    def is_quiet(self) -> bool:
        """Whether nobody waits for anything."""
        return not self._queues

    def awaited(self, scopes: Iterable[str]) -> int | None:
        """A limit of these scopes that somebody waits for. None: there is none."""
        return next((limit for limit in self.limits_of(scopes) if limit in self._queues), None)

    def freed(self, scopes: Iterable[str]) -> None:
        """Something was settled that the limits of these scopes count."""
        if self._queues:
            for limit in self.limits_of(scopes):
                self._wake_first(limit)

    def ticket(self) -> Ticket:
        """A new one, behind all others. Whoever takes it gives it back by `leave`."""
        self._arrived += 1
        return Ticket(number=self._arrived)

    async def turn(self, ticket: Ticket, limit: int, within_s: float, ask_every_s: float) -> bool:
        """Until it is this ticket's turn to ask that limit: at once where nobody is before it. False where it does not come in
        time."""
        self._stand(ticket, limit)
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while True:
            if ticket.wake.is_set():
                ticket.wake.clear()
                if self._is_first(ticket):
                    return True
            left_s = until - loop.time()
            if left_s <= 0:
                return False
            pause_s = min(ask_every_s, left_s) if self._is_first(ticket) else left_s
            if not await _set_within(ticket.wake, pause_s) and pause_s < left_s:
                ticket.wake.set()

    def leave(self, ticket: Ticket) -> None:
        """It waits no more, whatever it got."""
        limit, ticket.limit = ticket.limit, None
        if limit is None:
            return
        queue = self._queues[limit]
        queue.remove(ticket)
        if not queue:
            del self._queues[limit]
        self._wake_first(limit)

    def _stand(self, ticket: Ticket, limit: int) -> None:
        if ticket.limit == limit:
            return
        self.leave(ticket)
        ticket.limit = limit
        insort(self._queues.setdefault(limit, []), ticket, key=attrgetter("number"))
        if self._is_first(ticket):
            ticket.wake.set()

    def _is_first(self, ticket: Ticket) -> bool:
        return ticket.limit is not None and self._queues[ticket.limit][0] is ticket

    def _wake_first(self, limit: int) -> None:
        if queue := self._queues.get(limit):
            queue[0].wake.set()


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
