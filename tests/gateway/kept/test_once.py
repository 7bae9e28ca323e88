"""What is asked once for all who want the same."""

import asyncio

import pytest

from routerhub.gateway.kept.once import Once
from tests.gateway.fake_clock import FakeClock

pytestmark = pytest.mark.anyio


class Asked:
    """A question that is answered when the test says so."""

    def __init__(self) -> None:
        self.times = 0
        self.is_cut = False
        self.may_answer = asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)  # settles
            self.is_cut = True
            raise
        return self.times


async def test_one_who_leaves_does_not_cut_the_question_of_others() -> None:
    once, asked, clock = Once[str, int](9, 60), Asked(), FakeClock()
    first, second = (asyncio.create_task(once.of(clock, "a", asked)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    asked.may_answer.set()
    assert (await second, asked.times, asked.is_cut) == (1, 1, False)


async def test_when_the_last_one_leaves_it_is_cut_and_settled_and_who_comes_then_asks_anew() -> None:
    once, asked, clock = Once[str, int](9, 60), Asked(), FakeClock()
    waiting = asyncio.create_task(once.of(clock, "a", asked))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    late = asyncio.create_task(once.of(clock, "a", asked))
    await asyncio.gather(waiting, return_exceptions=True)
    assert (asked.is_cut, waiting.cancelled()) == (True, True)
    asked.may_answer.set()
    assert (await late, asked.times) == (2, 2)


async def test_what_was_not_wanted_for_the_longest_goes_first_and_all_of_it_after_a_while() -> None:
    once, asked, clock = Once[str, int](2, 60), Asked(), FakeClock()
    asked.may_answer.set()
    assert [await once.of(clock, name, asked) for name in "abacab"] == [1, 2, 1, 3, 1, 4]
    clock.seconds += 60
    assert await once.of(clock, "b", asked) == 5
