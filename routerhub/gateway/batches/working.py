"""The work on batches: each is validated, asked line by line with so many at once, and finished with its files.

Whatever is done stands in the database, so that a worker can stop at any moment and another one goes on.
"""

import asyncio
import logging
import math
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from routerhub.batches.errors import LeaseLost
from routerhub.batches.store import BatchStore
from routerhub.batches.types import Kept, Lease, Status
from routerhub.gateway.batches import lines
from routerhub.gateway.batches.asking import Asker, left_out
from routerhub.gateway.batches.grouping import Groups
from routerhub.gateway.batches.lines import BadLine, Line, Problem
from routerhub.gateway.runtime import Runtime
from routerhub.sealing import Unreadable
from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.files import FileStore
from routerhub.storage.types import RESULTS, File, NewFile

logger = logging.getLogger(__name__)
Made = TypeVar("Made")
MAX_BATCHES = 16
"""That one worker works on at once."""
LOOK_AGAIN_S = 2.0
"""For batches that are new, and for those that were cancelled."""
RETRY_PAUSE_S = 1.0
MAX_PROBLEMS = 100
"""Told of one file."""
PER_PIECE = 1_000
"""Requests that were not asked are told in pieces of so many."""
EXPIRED = "This request was not asked before the batch expired."
CANCELLED = "This request was not asked before the batch was cancelled."


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How a worker works."""

    concurrency: int
    """Requests at once, of all its batches together."""
    lease_s: float
    """A worker that says nothing for so long is taken for dead."""


class InputGone(Exception):
    """The input file was deleted, or has expired."""


class Worker:
    """Works on whatever batches wait."""

    def __init__(self, runtime: Runtime, pace: Pace, is_told_to_stop: Callable[[], bool] = lambda: False) -> None:
        self._is_told_to_stop = is_told_to_stop
        self.runtime = runtime
        self.pace = pace
        self.id = uuid.uuid4()
        self.batches = BatchStore(runtime.store)
        self.files = FileStore(runtime.store)
        self.room = asyncio.Semaphore(pace.concurrency)
        self._until = math.inf

    @property
    def is_stopping(self) -> bool:
        """Whether its time is over. What is asked is answered still."""
        return self._is_told_to_stop() or self.runtime.clock.monotonic() >= self._until

    async def work(self, seconds: float) -> bool:
        """Until nothing waits, or so long. Returns whether something is left."""
        self._until = self.runtime.clock.monotonic() + seconds
        under_way: set[asyncio.Task[None]] = set()
        while not self.is_stopping:
            leases = await self._claimed(MAX_BATCHES - len(under_way))
            under_way |= {asyncio.create_task(_Work(self, lease).go()) for lease in leases}
            if not under_way:
                return False
            _, under_way = await asyncio.wait(under_way, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
        if under_way:
            await asyncio.wait(under_way)
        return True

    async def _claimed(self, most: int) -> Sequence[Lease]:
        """None while the database is away: what is under way goes on."""
        try:
            return await self.batches.claim(self.id, self.pace.lease_s, most)
        except StorageUnavailable:
            return ()


class _Work:
    """The work on one batch, for as long as this worker has it."""

    def __init__(self, worker: Worker, lease: Lease) -> None:
        self._worker = worker
        self._runtime, self._batches, self._files = worker.runtime, worker.batches, worker.files
        self._lease = lease
        self._batch = lease.batch
        self._is_cancelled = lease.batch.status == "cancelling"
        self._groups = Groups(dict(lease.batch.groups))

    async def go(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                renewing = group.create_task(self._renew())
                await self._work()
                renewing.cancel()
        except* (LeaseLost, StorageUnavailable) as problem:
            logger.warning("action=leave_batch batch=%s problem=%s", self._batch.id, problem.exceptions[0])
        except* Exception:  # the seam: one batch that goes wrong does not take the others along
            logger.exception("action=work_batch batch=%s", self._batch.id)

    async def _renew(self) -> None:
        """Keep the lease, and hear whether it is cancelled. Raises LeaseLost, StorageUnavailable."""
        lease_s, kept = self._worker.pace.lease_s, self._runtime.clock.monotonic()
        while True:
            await asyncio.sleep(min(lease_s / 3, LOOK_AGAIN_S))
            try:
                status = await self._batches.renew(self._lease, lease_s)
                kept = self._runtime.clock.monotonic()
            except StorageUnavailable:
                if self._runtime.clock.monotonic() > kept + lease_s:
                    raise
                continue
            self._is_cancelled = self._is_cancelled or status == "cancelling"

    async def _work(self) -> None:
        batch = self._batch
        logger.info("action=work_batch batch=%s status=%s", batch.id, batch.status)
        try:
            if batch.in_progress_at is None and not await self._validate():
                return
            if self._batch.finalizing_at is None:
                await self._ask_all(may_be_known=batch.in_progress_at is not None)
            if self._batch.finalizing_at is None and self._worker.is_stopping and not self._has_ended():
                await self._batches.release(self._lease)
                return
            await self._finish()
        except (InputGone, Unreadable):
            await self._fail(
                [Problem(code="input_file_missing", message="The input file was deleted, or has expired.")]
            )

    def _is_over(self) -> bool:
        """Whether nothing more is to be asked, or not by this worker."""
        return self._worker.is_stopping or self._has_ended()

    def _has_ended(self) -> bool:
        return self._is_cancelled or self._is_expired()

    def _is_expired(self) -> bool:
        return self._runtime.clock.now() >= self._batch.expires_at

    # --- validating

    async def _validate(self) -> bool:
        """Whether all its lines are requests; where not, it has failed."""
        total, problems = 0, list[Problem]()
        seen: dict[str, int] = {}
        async for at, raw in self._raw_lines():
            try:
                line = self._read(total, raw)
                if line.custom_id in seen:
                    told = f"custom_id: {line.custom_id!r} is that of line {seen[line.custom_id]} too; each is allowed once."
                    raise BadLine("duplicate_custom_id", "custom_id", told)
                seen[line.custom_id] = at
            except BadLine as bad:
                problems.append(Problem(code=bad.code, message=str(bad), param=bad.param, line=at))
            total += 1
            if len(problems) >= MAX_PROBLEMS:
                break
        if not total:
            problems.append(Problem(code="empty_file", message="The input file has no requests."))
        if problems:
            await self._fail(problems)
            return False
        self._batch = await self._surely(lambda: self._batches.begin(self._lease, total))
        return True

    async def _fail(self, problems: list[Problem]) -> None:
        told = [problem.told() for problem in problems]
        await self._add_files()
        await self._surely(lambda: self._batches.end(self._lease, "failed", told))
        logger.info("action=fail_batch batch=%s code=%s", self._batch.id, problems[0].code)

    async def _raw_lines(self) -> AsyncIterator[tuple[int, bytes]]:
        """Raises InputGone, Unreadable."""
        account_id, file_id = self._batch.account_id, self._batch.input_file_id
        file = await self._surely(lambda: self._files.find(account_id, file_id))
        if file is None:
            raise InputGone
        async for each in lines.split(self._content(file)):
            yield each

    async def _content(self, file: File) -> AsyncIterator[bytes]:
        """Piece by piece. While the database is away it is waited for: what is asked meanwhile goes on."""
        number = 0
        while number < file.pieces:
            left = range(number, file.pieces)
            try:
                async for found, piece in self._files.pieces(file.account_id, file.id, left):
                    if found != number:
                        raise InputGone
                    number += 1
                    yield piece
                if number < file.pieces:
                    raise InputGone
            except StorageUnavailable:
                await self._runtime.clock.sleep(RETRY_PAUSE_S)

    def _read(self, number: int, raw: bytes) -> Line:
        return lines.read(number, raw, self._batch.endpoint, self._runtime.limits.max_body_bytes)

    async def _lines(self) -> AsyncIterator[Line]:
        """Those of a batch that was validated."""
        number = 0
        async for _, raw in self._raw_lines():
            yield self._read(number, raw)
            number += 1

    # --- asking

    async def _ask_all(self, may_be_known: bool) -> None:
        """Until all are answered, or it is over."""
        done = await self._done() if may_be_known else set()
        asker = Asker(self._runtime, self._batch, self._groups, self._is_over)
        room, gone = self._worker.room, None
        async with asyncio.TaskGroup() as under_way:
            try:
                async for line in self._lines():
                    if line.number in done:
                        continue
                    await room.acquire()
                    if self._is_over():
                        room.release()
                        break
                    asking = under_way.create_task(self._ask(asker, line, may_be_known))
                    asking.add_done_callback(lambda _: room.release())
            except (InputGone, Unreadable) as problem:  # what is under way is paid for: it is answered first
                gone = problem
        if gone is not None:
            raise gone

    async def _ask(self, asker: Asker, line: Line, may_be_known: bool) -> None:
        kept = await asker.ask(line, may_be_known)
        if not self._groups.are_kept:
            self._groups.are_kept = True
            await self._surely(lambda: self._batches.group(self._lease, self._groups.models))
        if kept is not None:
            await self._surely(lambda: self._batches.keep(self._lease, kept))

    async def _done(self) -> set[int]:
        """The lines that are answered, well or ill."""
        account_id, numbers = self._batch.account_id, range(self._batch.total)
        answers = await self._surely(lambda: self._files.numbers(account_id, self._batch.output_file_id, numbers))
        errors = await self._surely(lambda: self._files.numbers(account_id, self._batch.error_file_id, numbers))
        return answers | errors

    # --- finishing

    async def _finish(self) -> None:
        """What was not asked is told, and its files are there."""
        if self._batch.finalizing_at is None:
            done = len(await self._done()) == self._batch.total
            is_expired = not done and self._is_expired()
            self._batch = await self._surely(lambda: self._batches.finalize(self._lease, is_expired))
        if self._batch.completed + self._batch.failed < self._batch.total:
            await self._leave_out()
        await self._add_files()
        batch = self._batch
        status: Status = "cancelled" if batch.cancelling_at else "expired" if batch.expired_at else "completed"
        await self._surely(lambda: self._batches.end(self._lease, status))
        logger.info("action=end_batch batch=%s status=%s", batch.id, status)

    async def _leave_out(self) -> None:
        """Tell of the lines that were not asked why."""
        is_cancelled = self._batch.cancelling_at is not None
        why = ("batch_cancelled", CANCELLED) if is_cancelled else ("batch_expired", EXPIRED)
        done, told = await self._done(), []
        async for line in self._lines():
            if line.number not in done:
                told.append(left_out(line, self._batch.id, *why))
            is_last = line.number + 1 == self._batch.total
            if told and (is_last or (line.number + 1) % PER_PIECE == 0):
                number = self._batch.total + line.number // PER_PIECE
                kept = Kept(number=number, content=b"".join(told), is_error=True, requests=len(told))
                await self._surely(lambda kept=kept: self._batches.keep(self._lease, kept))  # type: ignore[misc]
                told.clear()

    async def _add_files(self) -> None:
        """Its output and its errors as files, each where there is something in it."""
        batch = await self._surely(lambda: self._batches.find(self._batch.account_id, self._batch.id))
        if batch is None:
            raise LeaseLost(self._batch.id)
        pieces = batch.total + batch.total // PER_PIECE + 1
        for file_id, kind, size in (
            (batch.output_file_id, "output", batch.output_bytes), (batch.error_file_id, "error", batch.error_bytes),
        ):  # fmt: skip
            if size:
                file = NewFile(
                    id=file_id, account_id=batch.account_id, filename=f"{batch.id}_{kind}.jsonl", purpose=RESULTS,
                    size=size, pieces=pieces, seconds=batch.result_retention_s,
                )  # fmt: skip
                await self._surely(lambda file=file: self._files.add(file))  # type: ignore[misc]

    async def _surely(self, work: Callable[[], Awaitable[Made]]) -> Made:
        """Again and again while the database is away: when that lasts, the lease lapses, and that ends it."""
        while True:
            try:
                return await work()
            except StorageUnavailable:
                await self._runtime.clock.sleep(RETRY_PAUSE_S)
