"""The encoder's process: many ask over one socket, one thread answers, the newest question first.

The newest, since under more load than it can bear whoever waited longest is about to give up: asked in their order, all of
them would get their answers too late. Questions whose time has passed are dropped, and so is the oldest where too many wait.
"""

import asyncio
import logging
import os
import resource
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autorouter.classification.judged import Judged
from autorouter.encoder import wire

logger = logging.getLogger(__name__)
MAX_WAITING = 256
HEALTH_EVERY_S = 60


class Judge(Protocol):
    """What answers: autorouter.encoder.model.Encoder."""

    digest: str

    def judge(self, texts: Sequence[str]) -> list[Judged]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    question: wire.Question
    until: float
    """In the loop's seconds."""
    by: wire.Lines


class Service:
    """Answers for one file, until it is cancelled."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._waiting: deque[_Asked] = deque()
        self._has_work = asyncio.Event()
        self._judged = self._dropped = 0
        self._began = self._answer_s = 0.0
        self.connections: set[wire.Lines] = set()

    async def run(self, address: str) -> None:
        """Serve at that address. Raises OSError."""
        loop, found = asyncio.get_running_loop(), wire.address_of(address)
        self._began = loop.time()
        if isinstance(found, str):
            server = await loop.create_unix_server(lambda: _Connection(self), found)
        else:
            server = await loop.create_server(lambda: _Connection(self), *found)
        logger.info("action=serve_encoder address=%s digest=%s", address, self._judge.digest)
        telling = loop.create_task(self._tell())
        try:
            async with server:
                await self._work(loop)
        finally:
            telling.cancel()
            for connection in self.connections:
                connection.close()
            await asyncio.sleep(0)  # until they are

    def take(self, question: wire.Question, by: wire.Lines) -> None:
        until = asyncio.get_running_loop().time() + question.within_us / 1e6
        self._waiting.append(_Asked(question=question, until=until, by=by))
        if len(self._waiting) > MAX_WAITING:
            self._drop(self._waiting.popleft())
        self._has_work.set()

    async def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        with ThreadPoolExecutor(1) as thread:
            while True:
                while not self._waiting:
                    self._has_work.clear()
                    await self._has_work.wait()
                asked = self._waiting.pop()
                if loop.time() > asked.until:
                    self._drop(asked)
                    continue
                began = loop.time()
                (judged,) = await loop.run_in_executor(thread, self._judge.judge, [asked.question.text])
                self._judged += 1
                self._note(loop.time() - began)
                asked.by.send(wire.write_judged(asked.question.number, judged))

    def _note(self, seconds: float) -> None:
        """What an answer took counts a tenth beside those before it."""
        self._answer_s += (seconds - self._answer_s) * (0.1 if self._answer_s else 1)

    def _drop(self, asked: _Asked) -> None:
        self._dropped += 1
        asked.by.send(wire.write_judged(asked.question.number, None))

    def status(self) -> wire.Status:
        return wire.Status(
            digest=self._judge.digest,
            up_s=int(asyncio.get_running_loop().time() - self._began),
            resident_bytes=resident_bytes(),
            answer_us=round(self._answer_s * 1e6),
            judged=self._judged,
            dropped=self._dropped,
        )

    async def _tell(self) -> None:
        """A line of health now and then."""
        while True:
            await asyncio.sleep(HEALTH_EVERY_S)
            status = self.status()
            logger.info(
                "action=tell_health digest=%s up_s=%d resident_mb=%.0f answer_ms=%.1f judged=%d dropped=%d waiting=%d",
                status.digest, status.up_s, status.resident_bytes / 1e6, status.answer_us / 1e3, status.judged,
                status.dropped, len(self._waiting),
            )  # fmt: skip


class _Connection(wire.Lines):
    """One of those who ask."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self._service = service

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._service.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._service.connections.discard(self)

    def heard(self, line: bytes) -> None:
        asked = wire.read_question(line)
        if isinstance(asked, int):
            self.send(wire.write_status(asked, self._service.status()))
        else:
            self._service.take(asked, self)


def resident_bytes() -> int:
    """Of this process: now, or where the system does not tell, at most so far."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
