"""The queues of those who wait for room in a limit: in order, each asked for by its first alone. No database."""

import asyncio
from typing import Any

import pytest

from budgets.ledger.room import Room, Ticket

pytestmark = pytest.mark.anyio
LONG = 60.0


class Queue:
    """Limits 1 and 2, of scopes of these names; who got a turn, in order."""

    def __init__(self) -> None:
        self.room = Room(lambda scopes: [int(scope) for scope in scopes])
        self.turns: list[str] = []
        self.waiting: dict[str, asyncio.Task[Any]] = {}
        self.tickets: dict[str, Ticket] = {}

    async def comes(self, *names: str, limit: int = 1, within_s: float = LONG, ask_every_s: float = LONG) -> None:
        for name in names:
            ticket = self.tickets.setdefault(name, self.room.ticket())
            self.waiting[name] = asyncio.create_task(self._turn(name, ticket, limit, within_s, ask_every_s))
            await settle()

    async def _turn(self, name: str, ticket: Ticket, limit: int, within_s: float, ask_every_s: float) -> bool:
        has_turn = await self.room.turn(ticket, limit, within_s, ask_every_s)
        self.turns.append(name if has_turn else f"{name} late")
        return has_turn

    def leaves(self, name: str) -> None:
        self.room.leave(self.tickets[name])


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_asks_at_once_and_the_others_in_order_as_those_before_them_leave() -> None:
    queue = Queue()
    await queue.comes("a", "b", "c")
    assert queue.turns == ["a"]
    queue.leaves("a")
    await settle()
    assert queue.turns == ["a", "b"]
    queue.leaves("c")
    queue.leaves("b")
    await settle()
    assert queue.turns == ["a", "b"]
    assert not queue.waiting["c"].done()
    assert queue.room.is_quiet
    queue.waiting["c"].cancel()


async def test_the_first_asks_again_when_something_of_its_limit_was_settled_and_nobody_else_does() -> None:
    queue = Queue()
    await queue.comes("a", "b")
    await queue.comes("a")
    queue.room.freed(["2"])
    await settle()
    assert queue.turns == ["a"]
    queue.room.freed(["2", "1"])
    await settle()
    assert queue.turns == ["a", "a"]
    queue.waiting["b"].cancel()


async def test_the_first_asks_now_and_then_for_what_other_processes_settled() -> None:
    queue = Queue()
    await queue.comes("a", "b", ask_every_s=0.001)
    await queue.comes("a", ask_every_s=0.001)
    assert await queue.waiting["a"]
    assert not queue.waiting["b"].done()
    queue.waiting["b"].cancel()


async def test_whose_time_is_over_goes_on_without_a_turn_but_the_first_of_all_has_one() -> None:
    queue = Queue()
    await queue.comes("a", "b", within_s=0)
    assert queue.turns == ["a", "b late"]
    await queue.comes("a", within_s=0.001)
    assert not await queue.waiting["a"]


async def test_who_has_to_wait_for_another_limit_keeps_its_place_by_the_time_it_came() -> None:
    queue = Queue()
    await queue.comes("a")
    await queue.comes("b", limit=2)
    await queue.comes("c", limit=2)
    assert (queue.turns, queue.room.awaited(["3", "2"])) == (["a", "b"], 2)
    await queue.comes("a", limit=2)
    assert queue.turns == ["a", "b", "a"], "it came before them"
    assert queue.room.awaited(["1"]) is None
    queue.leaves("a")
    await settle()
    assert queue.turns == ["a", "b", "a"], "the next one asked already"
    await queue.comes("b", limit=2)
    assert queue.turns[-1] == "b"
    queue.waiting["c"].cancel()


async def test_who_is_cancelled_leaves_by_giving_its_place_back() -> None:
    queue = Queue()
    await queue.comes("a", "b")
    queue.waiting["a"].cancel()
    queue.leaves("a")
    queue.leaves("a")
    await settle()
    assert queue.turns == ["a", "b"]
