"""A natural batcher: what arrives while one batch is on its way makes the next. No timer, no added wait when idle."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")
LOOKS_PER_WAIT = 8
"""So often in a caller's patience somebody looks whether it is over. A timer for each would cost more than the rest."""


@dataclass(frozen=True, slots=True)
class Patience(Generic[Answer]):
    """For items that are worth nothing without their caller. Without it every item is sent, whoever waits."""

    wait_s: float
    """A caller waits so long, up to an eighth longer."""
    over: Callable[[], Exception]
    """What it gets then."""
    unclaimed: Callable[[Answer], None]
    """Is told an answer that came too late for its caller. An item that was not sent by then is not sent any more."""


@dataclass(slots=True)
class Waiting(Generic[Item, Answer]):
    """One item, and who waits for its answer since when (monotonic seconds)."""

    item: Item
    answer: "asyncio.Future[Answer]"
    since: float


class Batcher(Generic[Item, Answer]):
    """Sends items in batches of at most `max_items`, one batch at a time. `send` answers each item in order, by a value or
    an exception; when it fails itself, each of its items fails with that."""

    def __init__(
        self,
        send: Callable[[Sequence[Item]], Coroutine[Any, Any, Sequence[Answer | Exception]]],
        max_items: int,
        patience: Patience[Answer] | None = None,
    ) -> None:
        self._send = send
        self._max_items = max_items
        self._patience = patience
        self._waiting: list[Waiting[Item, Answer]] = []
        self._sent: list[Waiting[Item, Answer]] = []
        self._sending: asyncio.Task[Sequence[Answer | Exception]] | None = None
        self._look: asyncio.TimerHandle | None = None
        self.batches = 0
        self.items = 0

    def submit(self, item: Item) -> "asyncio.Future[Answer]":
        """The answer to come. Whoever leaves cancels it."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(item, answer, time.monotonic()))
        if self._sending is None:
            self._begin()
        return answer

    async def flush(self) -> None:
        """Until everything that was submitted is answered."""
        while self._sending is not None:
            await asyncio.wait({self._sending})
            await asyncio.sleep(0)

    def _begin(self) -> None:
        # A batch is nobody's own, so it is not in the context of whoever comes first.
        sending = self._sending = asyncio.create_task(self._send_next(), context=Context())
        sending.add_done_callback(self._deliver)
        if self._patience is not None and self._look is None:
            self._look_later(self._patience)

    async def _send_next(self) -> Sequence[Answer | Exception]:
        """The batch is cut when this runs: callers who woke up together have all submitted by then."""
        if self._patience is not None:
            self._waiting = [each for each in self._waiting if not each.answer.done()]
        self._sent, self._waiting = self._waiting[: self._max_items], self._waiting[self._max_items :]
        if not self._sent:
            return ()
        self.batches += 1
        self.items += len(self._sent)
        return await self._send([each.item for each in self._sent])

    def _deliver(self, sent: "asyncio.Task[Sequence[Answer | Exception]]") -> None:
        batch, self._sent, self._sending = self._sent, [], None
        for each, answer in zip(batch, _answers(sent, len(batch)), strict=True):
            if not each.answer.done():
                _resolve(each.answer, answer)
            elif self._patience is not None and not isinstance(answer, Exception):
                self._patience.unclaimed(answer)
        # After the answers, so that what they lead to at once is in the next batch. `unclaimed` may have begun it.
        if self._waiting and self._sending is None:
            self._begin()

    def _look_later(self, patience: Patience[Answer]) -> None:
        wait_s = patience.wait_s / LOOKS_PER_WAIT
        self._look = asyncio.get_running_loop().call_later(wait_s, self._send_away, patience)

    def _send_away(self, patience: Patience[Answer]) -> None:
        """Tell those who waited long enough that it is over; look again while anybody waits."""
        self._look = None
        began = time.monotonic() - patience.wait_s
        for each in _still_waiting(self._sent, self._waiting):
            if each.since <= began:
                each.answer.set_exception(patience.over())
        if self._sending is not None:
            self._look_later(patience)


def _still_waiting(*lists: Iterable[Waiting[Item, Answer]]) -> list[Waiting[Item, Answer]]:
    return [each for some in lists for each in some if not each.answer.done()]


def _answers(sent: "asyncio.Task[Sequence[Answer | Exception]]", count: int) -> Sequence[Answer | Exception]:
    """What `send` returned, or its failure once for each item."""
    if sent.cancelled():
        return [RuntimeError("The batch was cancelled.")] * count
    problem = sent.exception()
    if problem is not None:
        return [problem if isinstance(problem, Exception) else RuntimeError(repr(problem))] * count
    if len(sent.result()) != count:
        return [RuntimeError(f"{len(sent.result())} answers to {count} items.")] * count
    return sent.result()


def _resolve(answer: "asyncio.Future[Answer]", value: Answer | Exception) -> None:
    if isinstance(value, Exception):
        answer.set_exception(value)
    else:
        answer.set_result(value)
