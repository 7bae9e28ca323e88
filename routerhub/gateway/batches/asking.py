"""One request of a batch, asked as a client's is: through the pipeline, by the key that made the batch.

Its operations are named after batch, line and try, so that the ledger knows each of them whoever asks: a worker that takes over
from one that died goes on with the hold that is open, and what was paid is never asked again.
"""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import orjson

from autorouter.types import Task
from budgets.errors import LedgerUnavailable
from budgets.money import usd
from budgets.types import NOTHING, Past
from routerhub.batches.types import Batch, Kept
from routerhub.gateway import embedding, pipeline
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.batches.grouping import Groups, name_of
from routerhub.gateway.batches.lines import Line
from routerhub.gateway.errors import EXPECTED, ApiError, to_api_error
from routerhub.gateway.operation import Operation
from routerhub.gateway.protocols import openai_embeddings
from routerhub.gateway.protocols.base import ChatProtocol, ChatRequest, Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as OPENAI_CHAT
from routerhub.gateway.protocols.registry import chat_protocols
from routerhub.gateway.runtime import Runtime
from routerhub.logs import OPERATION

logger = logging.getLogger(__name__)
ENDPOINTS: Mapping[str, ChatProtocol] = {
    **{protocol.path: protocol for protocol in chat_protocols()}, openai_embeddings.PATH: OPENAI_CHAT,
}  # fmt: skip
"""Where requests of a batch may go, and the protocol that spells their errors."""
NAMES = uuid.UUID("5f1d3f0e-8c0b-4c1e-9f0a-6d1b7a2c4e58")
PASSING = frozenset({429, 503})
MAX_PAUSE_S = 60.0
"""Who is told to come back later than this gets an error instead."""
NOW = 0.0
NOT_PAID = frozenset({"refused", "failure"})
"""Outcomes that gave no answer, and leave nothing to be lost."""
LOST = "A worker died while this was answered: it was charged, the answer is lost, and it is not asked again."


class LineJob:
    """One try of one line. See routerhub.gateway.operation.Job."""

    def __init__(self, key_id: int, operation_id: uuid.UUID, past: Past, groups: Groups) -> None:
        self.key_id = key_id
        self.operation_id = operation_id
        self.outcome = past.outcome
        """Of the same try by another worker; None: it did not end."""
        self._past = past
        self._groups = groups
        self._group = ""
        self._operation: Operation | None = None

    def shared_model(self, request: ChatRequest, task: Task) -> str | None:
        self._group = name_of(request, task)
        return self._groups.models.get(self._group)

    def begins(self, operation: Operation) -> None:
        operation.id = self.operation_id
        operation.hops, operation.charged_nano = self._past.hops, self._past.charged_nano
        self._operation = operation
        if self._group and operation.decision.chosen:
            self._groups.add(self._group, operation.decision.chosen.model)

    @property
    def charged_nano(self) -> int:
        return self._operation.charged_nano if self._operation else self._past.charged_nano

    @property
    def is_sandbox(self) -> bool:
        return self._operation is not None and self._operation.arrival.rankings.availability.sandbox

    def answered(self, line: Line, reply: Reply, spent_nano: int) -> Kept:
        if not isinstance(reply.body, bytes):
            raise TypeError(f"{line.custom_id} was answered by a stream.")
        response = _response(self.operation_id, 200, reply.body)
        return self._kept(line, spent_nano, is_error=False, response=response, error=None)

    def refused(self, line: Line, status: int, body: bytes, spent_nano: int) -> Kept:
        response = _response(self.operation_id, status, body)
        return self._kept(line, spent_nano, is_error=True, response=response, error=None)

    def lost(self, line: Line, spent_nano: int) -> Kept:
        return self._kept(
            line, spent_nano, is_error=True, response=None, error={"code": "answer_lost", "message": LOST}
        )

    def _kept(self, line: Line, spent_nano: int, is_error: bool, **said: Any) -> Kept:
        """With what was spent on the tries before."""
        cost_nano = spent_nano + self.charged_nano
        content = _written(line, self.operation_id, cost_nano, **said)
        return Kept(
            number=line.number, content=content, is_error=is_error, cost_nano=cost_nano, is_sandbox=self.is_sandbox
        )


class Asker:
    """Asks lines of one batch. `is_over` says whether no more of it is to be asked."""

    def __init__(self, runtime: Runtime, batch: Batch, groups: Groups, is_over: Callable[[], bool]) -> None:
        self._runtime = runtime
        self._batch = batch
        self._groups = groups
        self._is_over = is_over
        protocol = ENDPOINTS[batch.endpoint]
        is_embedding = batch.endpoint == openai_embeddings.PATH
        serve = partial(embedding.serve, runtime) if is_embedding else partial(pipeline.serve, runtime, protocol)
        self._serve: Callable[..., Awaitable[Reply]] = partial(
            serve, {}, client=Client(ip=batch.ip, user_agent=batch.id)
        )
        self._write_error = protocol.write_error

    async def ask(self, line: Line, may_be_known: bool) -> Kept | None:
        """What to keep of its answer; None where it is over before there is one. `may_be_known`: another worker may have begun
        with it. A request that is told to come back soon does so."""
        spent_nano = attempt = 0
        while not self._is_over():
            job = await self._job(line, attempt, may_be_known)
            found = await self._tried(line, job, spent_nano)
            if isinstance(found, Kept):
                return found
            spent_nano, attempt = spent_nano + job.charged_nano, attempt + 1
            await self._runtime.clock.sleep(found)
        return None

    async def _job(self, line: Line, attempt: int, may_be_known: bool) -> LineJob:
        operation_id = uuid.uuid5(NAMES, f"{self._batch.id}/{line.number}/{attempt}")
        OPERATION.set(operation_id)
        past = await self._past(operation_id) if may_be_known else NOTHING
        return LineJob(self._batch.key_id, operation_id, past, self._groups)

    async def _tried(self, line: Line, job: LineJob, spent_nano: int) -> Kept | float:
        """What to keep of one try, or the seconds until the next one."""
        if job.outcome is not None:
            return NOW if job.outcome in NOT_PAID else job.lost(line, spent_nano)
        try:
            return job.answered(line, await self._serve(body=line.body, job=job), spent_nano)
        except Exception as problem:  # the seam: whatever went wrong is this line's error
            if not isinstance(problem, EXPECTED):
                logger.exception("action=ask_line batch=%s line=%s", self._batch.id, line.number)
            error = to_api_error(problem)
        pause_s = _pause_s(error)
        return job.refused(line, error.status, self._write_error(error), spent_nano) if pause_s is None else pause_s

    async def _past(self, operation_id: uuid.UUID) -> Past:
        """As soon as the ledger can say."""
        while True:
            try:
                return await self._runtime.ledger.past(operation_id)
            except LedgerUnavailable as away:
                await self._runtime.clock.sleep(away.retry_after_s)


def _pause_s(error: ApiError) -> float | None:
    """How long to wait before the next try. None: there is none."""
    told = error.headers.get("Retry-After")
    if error.status not in PASSING or told is None or float(told) > MAX_PAUSE_S:
        return None
    return max(float(told), 1.0)


# --- what is kept of it, as one line of JSON


def left_out(line: Line, batch_id: str, code: str, message: str) -> bytes:
    """Of a request that was not asked."""
    name = uuid.uuid5(NAMES, f"{batch_id}/{line.number}")
    return _written(line, name, 0, response=None, error={"code": code, "message": message})


def _response(operation_id: uuid.UUID, status: int, body: bytes) -> dict[str, Any]:
    return {"status_code": status, "request_id": str(operation_id), "body": orjson.Fragment(body)}


def _written(line: Line, operation_id: uuid.UUID, cost_nano: int, **said: Any) -> bytes:
    named = {"id": f"batch_req_{operation_id.hex}", "custom_id": line.custom_id}
    return orjson.dumps({**named, **said, "routerhub": {"cost_usd": usd(cost_nano)}}) + b"\n"
