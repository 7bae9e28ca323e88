"""A natural batcher: what arrives while one batch is on its way makes the next. No timer, no added wait when idle."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Sends items in batches of at most `most`, one batch at a time. `send` answers each item, by a value or an exception."""

    def __init__(self, send: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]], most: int) -> None:
        self._send = send
        self._most = most
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._arrived = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._pump = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Let what waits go out first."""
        self._stopping = True
        self._arrived.set()
        if self._pump:
            await self._pump

    async def submit(self, item: Item) -> Answer:
        """The answer for this item. A caller that gives up leaves its item in the batch."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._arrived.set()
        return await future

    async def _run(self) -> None:
        while self._waiting or not self._stopping:
            await self._arrived.wait()
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            if not self._waiting and not self._stopping:
                self._arrived.clear()
            if batch:
                self._deliver(batch, await self._send([item for item, _ in batch]))

    def _deliver(
        self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]], answers: Sequence[Answer | Exception]
    ) -> None:
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
