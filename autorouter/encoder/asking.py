"""Asking the encoder from an event loop: one connection for the whole process, on which questions overtake one another."""

import asyncio
import logging
from contextlib import suppress
from itertools import count

from autorouter.encoder import wire
from autorouter.encoder.cache import Cache, key_of
from autorouter.encoder.excerpts import excerpt
from autorouter.encoder.patience import RETRY_S, Answer, Heard, Patience
from autorouter.encoder.wire import Status

CONNECT_WAIT_S = 1.0
logger = logging.getLogger(__name__)
ANSWER_US = 6_000
"""What an answer takes (docs/encoder.md), until the encoder says what it takes here."""
MAX_OPEN = 1_024
"""Questions without an answer; beyond, the connection is taken for dead."""


class Asker:
    """Asks at one address, from `start` to `stop`. Equal texts are asked once, and late answers are kept for whoever asks again.

    Nobody waits for a connection: where there is none, one is tried every second beside the requests. No more are asked at
    once than can be answered within the deadline.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._cache, self._patience = Cache(), Patience(address)
        self._connection: _Connection | None = None
        self._waiting = 0
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, or go on trying."""
        await self.connect()
        logger.info("action=ask_encoder state=%s address=%s", "up" if self.is_up else "away", self.address)
        self._keeping = asyncio.create_task(self._keep())

    async def connect(self) -> None:
        """Try once, where there is no connection."""
        if self.is_up:
            return
        made = _Connection(self._cache)
        with suppress(OSError):
            async with asyncio.timeout(CONNECT_WAIT_S):
                await wire.connect(self.address, lambda: made)
            self._connection = made

    def stop(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
        if self._connection is not None:
            self._connection.close()

    @property
    def is_up(self) -> bool:
        return self._connection is not None and self._connection.is_open

    @property
    def version(self) -> str:
        """Of the encoder that was heard last; empty: none was."""
        return self._connection.version if self._connection else ""

    async def hear(self, text: str, within_ms: int) -> Heard:
        """What the encoder makes of a text, if it says so in time."""
        read = excerpt(text)
        key = key_of(read)
        if known := self._cache.get(key):
            return Heard(result="cached", judged=known)
        if self._connection is None or not self._connection.is_open:
            return Heard(result="away")
        if self._waiting >= max(1, within_ms * 1_000 // self._connection.answer_us):
            return Heard(result="busy")
        loop = asyncio.get_running_loop()
        began = loop.time()
        if refused := self._patience.refusal(began):
            return Heard(result=refused)
        answer: Answer = "late"
        self._waiting += 1
        try:
            async with asyncio.timeout(within_ms / 1_000):
                answer = await asyncio.shield(self._connection.asked(key, read, within_ms * 1_000))
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        heard = Heard.of(answer, loop.time() - began)
        self._patience.hear(heard.result)
        return heard

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            if self._connection is not None and self._connection.is_open:
                self._connection.ask_status()
            else:
                await self.connect()


class _Connection(wire.Lines):
    """Questions under way, by number and by text."""

    def __init__(self, cache: Cache) -> None:
        super().__init__()
        self._cache = cache
        self._numbers = count(1)
        self._keys: dict[int, bytes] = {}
        self._answers: dict[bytes, asyncio.Future[Answer]] = {}
        self.version = ""
        self.answer_us = ANSWER_US

    def asked(self, key: bytes, text: str, within_us: int) -> "asyncio.Future[Answer]":
        """The answer to come, also to whoever asked the same a moment ago."""
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = asyncio.get_running_loop().create_future()
            number = next(self._numbers)
            self._keys[number] = key
            self.send(wire.write_question(number, text, within_us))
            if len(self._keys) > MAX_OPEN:
                self.close()
        return found

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.ask_status()

    def ask_status(self) -> None:
        self.send(wire.write_status_question(0))

    def heard(self, line: bytes) -> None:
        number, said = wire.read_answer(line)
        if isinstance(said, Status):
            self.version, self.answer_us = said.digest, said.answer_us or ANSWER_US
            self._cache.use(said.digest)
        elif (key := self._keys.pop(number, None)) is not None:
            if said is not None:
                self._cache.put(key, said)
            _tell(self._answers.pop(key), said or "late")

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self._answers.values():
            _tell(answer, "away")
        self._answers.clear()


def _tell(waiting: "asyncio.Future[Answer]", answer: Answer) -> None:
    if not waiting.done():
        waiting.set_result(answer)
