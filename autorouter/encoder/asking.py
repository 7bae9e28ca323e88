"""Asking the encoder from an event loop: one connection for the whole process, on which questions overtake one another."""

import asyncio
from contextlib import suppress
from itertools import count
from typing import cast

from autorouter.classification.judged import Judged
from autorouter.encoder import wire
from autorouter.encoder.cache import Cache, key_of
from autorouter.encoder.excerpts import excerpt
from autorouter.encoder.patience import RETRY_S, Answer, Heard, Patience
from autorouter.encoder.wire import Status

CONNECT_WAIT_S = 1.0
MAX_OPEN = 1_024
"""Questions without an answer; beyond, the connection is taken for dead."""


class Asker:
    """Asks at one address, from `start` to `stop`. Equal texts are asked once, and late answers are kept for whoever asks again.

    Nobody waits for a connection: where there is none, one is tried every second beside the requests.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._cache, self._patience = Cache(), Patience(address)
        self._connection: _Connection | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, or go on trying."""
        await self.connect()
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
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self._connection is None or not self._connection.is_open:
            return Heard(result="away")
        if refused := self._patience.refusal(began):
            return Heard(result=refused)
        answer: Answer = "late"
        with suppress(TimeoutError):
            async with asyncio.timeout(within_ms / 1_000):
                answer = await asyncio.shield(self._connection.asked(key, read, within_ms * 1_000))
        heard = Heard.of(answer, loop.time() - began)
        self._patience.hear(heard.result)
        return heard

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RETRY_S)
            await self.connect()


class _Connection(asyncio.Protocol):
    """Questions under way, by number and by text."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._transport: asyncio.Transport | None = None
        self._numbers = count(1)
        self._unread = bytearray()
        self._keys: dict[int, bytes] = {}
        self._answers: dict[bytes, asyncio.Future[Answer]] = {}
        self.version = ""

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
                self._read(*wire.read_answer(bytes(line)))
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
            self.version = said.digest
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
