"""Batches make themselves, and every caller gets an answer whatever happens."""

import asyncio
from collections.abc import Sequence

import pytest

from budgets.ledger.batcher import Batcher, Patience

pytestmark = pytest.mark.anyio


class Sender:
    """Doubles its items, when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def send(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        await self.may_answer.wait()
        return [2 * item for item in items]


async def test_an_idle_batcher_sends_at_once_and_what_arrives_meanwhile_is_the_next_batch() -> None:
    sender = Sender()
    batcher = Batcher(sender.send, 256)
    sender.may_answer.clear()
    first = batcher.submit(1)
    await asyncio.sleep(0)
    others = [batcher.submit(item) for item in (2, 3)]
    await asyncio.sleep(0.01)
    assert sender.batches == [[1]]
    sender.may_answer.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert sender.batches == [[1], [2, 3]]
    assert (batcher.batches, batcher.items) == (2, 3)


async def test_a_batch_has_at_most_so_many_items_and_keeps_the_order() -> None:
    sender = Sender()
    batcher = Batcher(sender.send, 4)
    assert await asyncio.gather(*(batcher.submit(item) for item in range(10))) == [2 * item for item in range(10)]
    assert sender.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


async def test_an_item_that_fails_fails_alone() -> None:
    async def send(items: Sequence[int]) -> Sequence[int | Exception]:
        return [ValueError(str(item)) if item == 2 else item for item in items]

    batcher = Batcher(send, 10)
    answers = await asyncio.gather(*(batcher.submit(item) for item in (1, 2, 3)), return_exceptions=True)
    assert [answers[0], str(answers[1]), answers[2]] == [1, "2", 3]


@pytest.mark.parametrize("how", ["raises", "answers too few", "is cancelled"])
async def test_a_batch_that_fails_fails_each_of_its_callers_and_no_other(how: str) -> None:
    calls = 0

    async def send(items: Sequence[int]) -> Sequence[int | Exception]:
        nonlocal calls
        calls += 1
        if calls > 1:
            return list(items)
        if how == "raises":
            raise OSError("broken")
        if how == "is cancelled":
            raise asyncio.CancelledError
        return [1, 2, 3]

    batcher = Batcher(send, 2)
    answers = await asyncio.gather(*(batcher.submit(item) for item in (1, 2, 3)), return_exceptions=True)
    failure = OSError if how == "raises" else RuntimeError
    assert [isinstance(answer, failure) for answer in answers] == [True, True, False]
    assert answers[2] == 3


async def test_a_caller_that_left_is_not_sent_where_that_is_wanted() -> None:
    sender, unclaimed = Sender(), list[int]()
    batcher = Batcher(sender.send, 10, Patience(60, TimeoutError, unclaimed.append))
    sender.may_answer.clear()
    first = batcher.submit(1)
    await asyncio.sleep(0)
    second, third = batcher.submit(2), batcher.submit(3)
    first.cancel()
    second.cancel()
    sender.may_answer.set()
    assert await third == 6
    assert sender.batches == [[1], [3]]
    assert unclaimed == [2]


async def test_where_everybody_left_nothing_more_is_sent() -> None:
    sender, unclaimed = Sender(), list[int]()
    batcher = Batcher(sender.send, 10, Patience(60, TimeoutError, unclaimed.append))
    for item in (1, 2, 3):
        batcher.submit(item).cancel()
    await batcher.flush()
    assert sender.batches == []
    assert await batcher.submit(4) == 8


async def test_otherwise_it_is_sent_whoever_leaves() -> None:
    sender = Sender()
    batcher = Batcher(sender.send, 10)
    for item in (1, 2, 3):
        batcher.submit(item).cancel()
    await batcher.flush()
    assert sender.batches == [[1, 2, 3]]


async def test_callers_that_wake_up_together_share_the_next_batch() -> None:
    sender = Sender()
    first, second = Batcher(sender.send, 100), Batcher(sender.send, 100)

    async def caller(item: int) -> int:
        return await second.submit(await first.submit(item))

    assert await asyncio.gather(*(caller(item) for item in range(32))) == [4 * item for item in range(32)]
    assert [len(batch) for batch in sender.batches] == [32, 32]


async def test_flushing_waits_for_what_was_submitted_and_for_what_that_led_to() -> None:
    sender = Sender()
    batcher = Batcher(sender.send, 2)
    answers = [batcher.submit(item) for item in range(5)]
    answers[4].add_done_callback(lambda _: batcher.submit(9))
    await batcher.flush()
    assert [answer.result() for answer in answers] == [0, 2, 4, 6, 8]
    assert sender.batches[-1] == [9]
    await batcher.flush()


async def test_patience_ends_for_those_who_are_sent_and_those_who_wait_and_late_answers_are_told() -> None:
    sender, unclaimed = Sender(), list[int]()
    batcher = Batcher(sender.send, 1, Patience(0.08, TimeoutError, unclaimed.append))
    sender.may_answer.clear()
    began = asyncio.get_running_loop().time()
    first, second = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)
    assert (type(first), type(second)) == (TimeoutError, TimeoutError)
    assert 0.08 <= asyncio.get_running_loop().time() - began < 0.5
    sender.may_answer.set()
    assert await batcher.submit(3) == 6
    assert unclaimed == [2]
    assert sender.batches == [[1], [3]]


async def test_whoever_comes_later_has_patience_for_longer() -> None:
    sender = Sender()
    batcher = Batcher(sender.send, 10, Patience(0.2, TimeoutError, lambda _: None))
    sender.may_answer.clear()
    early = batcher.submit(1)
    await asyncio.sleep(0.15)
    late = batcher.submit(2)
    await asyncio.wait({early})
    assert not late.done()
    sender.may_answer.set()
    assert await late == 4
    assert isinstance(early.exception(), TimeoutError)


async def test_an_idle_batcher_keeps_no_timer() -> None:
    batcher = Batcher(Sender().send, 10, Patience(0.02, TimeoutError, lambda _: None))
    assert await batcher.submit(1) == 2
    await asyncio.sleep(0.05)
    assert batcher._look is None
