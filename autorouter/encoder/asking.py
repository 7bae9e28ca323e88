"""Asking the encoder from an event loop: one connection for the whole process, on which questions overtake one another."""

import asyncio
from contextlib import suppress
from itertools import count
from typing import cast

from autorouter.classification.judged import Judged
from autorouter.encoder import wire
from autorouter.encoder.cache import Cache, key_of
from autorouter.encoder.excerpts import excerpt
from autorouter.encoder.patience import Heard, Patience
from autorouter.encoder.wire import Silence, Status

CONNECT_WAIT_S = 0.1
MAX_OPEN = 1_024
"""Questions without an answer; beyond, the connection is taken for dead."""
Answer = Judged | Silence


class Asker:
    """Asks at one address. Equal texts are asked once, and late answers are kept for whoever asks again."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._cache, self._patience = Cache(), Patience(address)
        self._connection: _Connection | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def hear(self, text: str, within_ms: int) -> Heard:
        """What the encoder makes of a text, if it says so in time."""
        read = excerpt(text)
        key = key_of(read)
        if known := self._cache.get(key):
            return Heard(result="cached", judged=known)
        loop = asyncio.get_running_loop()
        began = loop.time()
        if refused := self._patience.refusal(began):
            return Heard(result=refused)
        answer: Answer = "late"
        with suppress(TimeoutError):
            async with asyncio.timeout(within_ms / 1_000):
                answer = await self._ask(key, read, within_ms * 1_000)
        took_us = int((loop.time() - began) * 1e6)
        heard = (
            Heard(result=answer, took_us=took_us)
            if isinstance(answer, str)
            else Heard(result="answered", judged=answer, took_us=took_us)
        )
        self._patience.hear(heard.result)
        return heard

    @property
    def status(self) -> Status | None:
        """As it stood when the connection was made; None: there is none."""
        return self._connection.status if self._connection and self._connection.is_open else None

    async def connect(self) -> None:
        """Connect if nobody is; it is not there where there is no connection afterwards."""
        if self._connection is not None and self._connection.is_open:
            return
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
        await asyncio.shield(self._connecting)

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def _ask(self, key: bytes, text: str, within_us: int) -> Answer:
        await self.connect()
        if self._connection is None or not self._connection.is_open:
            return "away"
        return await asyncio.shield(self._connection.asked(key, text, within_us))

    async def _connect(self) -> None:
        made = _Connection(self._cache)
        try:
            async with asyncio.timeout(CONNECT_WAIT_S):
                await wire.connect(self.address, lambda: made)
            self._connection = made
        except OSError:
            self._connection = None
        finally:
            self._connecting = None


class _Connection(asyncio.Protocol):
    """Questions under way, by number and by text."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._transport: asyncio.Transport | None = None
        self._numbers = count(1)
        self._unread = bytearray()
        self._keys: dict[int, bytes] = {}
        self._answers: dict[bytes, asyncio.Future[Answer]] = {}
        self.status: Status | None = None

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def asked(self, key: bytes, text: str, within_us: int) -> "asyncio.Future[Answer]":
        """The answer to come, also to whoever asked the same a moment ago."""
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = asyncio.get_running_loop().create_future()
            number = next(self._numbers)
            self._keys[number] = key
            self._send(wire.write_question(number, text, within_us))
            if len(self._keys) > MAX_OPEN:
                self.close()
        return found

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send(wire.write_status_question(0))

    def data_received(self, data: bytes) -> None:
        *lines, rest = (self._unread + data).split(b"\n")
        self._unread = rest
        try:
            for line in lines:
                self._read(*wire.read_answer(line))
        except ValueError:
            self.close()
        if len(rest) > wire.MAX_LINE_BYTES:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result("away")
        self._answers.clear()

    def _read(self, number: int, said: Judged | Status | None) -> None:
        if isinstance(said, Status):
            self.status = said
            self._cache.use(said.digest)
        elif (key := self._keys.pop(number, None)) is not None:
            answer = self._answers.pop(key)
            if said is not None:
                self._cache.put(key, said)
            if not answer.done():
                answer.set_result(said or "late")

    def _send(self, line: bytes) -> None:
        if self._transport is not None:
            self._transport.write(line)
