"""Idempotency keys: the same key and request give the same answer, which is made and paid for once.

The second of two at once waits for the first one, in whichever process. Only a complete answer is kept: after a refusal, a
failure or a client that left, the next request of that key tries anew. Another request under the key is refused.
"""

import hashlib
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import orjson

from models_registry.types import Usage
from routerhub.gateway import pipeline
from routerhub.gateway.answers.answering import Replayed, Reply
from routerhub.gateway.attempts import settlement
from routerhub.gateway.auth import check_scope
from routerhub.gateway.errors import IdempotencyConflict
from routerhub.gateway.kept.claims import Claim, claim_or_wait
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Arrival, Ending, Whole
from routerhub.gateway.protocols import controls, fields
from routerhub.gateway.protocols.base import ChatProtocol, Client
from routerhub.gateway.runtime import Runtime
from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.types import Item, Name

logger = logging.getLogger(__name__)
HEADER = "idempotency-key"
REPLAYED = (b"idempotent-replayed", b"true")
MARK_BYTES = hashlib.sha256().digest_size
"""What is kept begins with the request's digest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Keeper:
    """Keeps the one answer of a key. See routerhub.gateway.operation.Keeper."""

    runtime: Runtime
    claim: Claim
    mark: bytes

    async def keep(self, whole: Whole) -> None:
        told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in whole.headers]
        head = orjson.dumps({
            "headers": told, "is_stream": whole.is_stream, "usage": whole.usage, "cost_nano": whole.cost_nano,
            "model": whole.model, "provider": whole.provider,
        })  # fmt: skip
        content = self.mark + head + b"\n" + whole.body
        with suppress(StorageUnavailable):  # the answer is there and paid for; the claim stays, so nobody pays again
            await self.claim.keep(self.runtime, content, self.runtime.limits.idempotency_retention_s)

    async def drop(self, has_left: bool = False) -> None:
        with suppress(StorageUnavailable):
            await self.claim.release(self.runtime)


async def serve(
    runtime: Runtime, protocol: ChatProtocol, headers: Mapping[str, str], body: bytes, client: Client
) -> Reply:
    """As pipeline.serve, once for each key. Raises the errors of routerhub.gateway.errors."""
    arrival, _ = pipeline.arrived(runtime, headers, client, None)
    mark = _mark(protocol.path, headers, body)
    try:
        key = fields.text(headers[HEADER], "Idempotency-Key")
        check_scope(arrival.caller, protocol.path, client.ip)
        found = await _found(runtime, Name(account_id=arrival.caller.account_id, kind="answer", name=key), mark)
    except BaseException as problem:
        await pipeline.unheld(runtime, arrival, problem)
        raise
    if isinstance(found, Item):
        metrics.IDEMPOTENT.labels("replayed").inc()
        logger.info("action=replay_answer path=%s", protocol.path)
        return await _replayed(runtime, replace(arrival, request=protocol.read(body, headers)), found)
    metrics.IDEMPOTENT.labels("first").inc()
    keeper = Keeper(runtime=runtime, claim=found, mark=mark)
    try:
        return await pipeline.serve(runtime, protocol, headers, body, client, keeper)
    except BaseException:
        await keeper.drop()
        raise


async def _found(runtime: Runtime, name: Name, mark: bytes) -> Claim | Item:
    """The answer that is kept, or the right to make it. Raises IdempotencyConflict, StorageUnavailable."""

    def is_another(item: Item) -> bool:
        return item.content[:MARK_BYTES] != mark

    found = await claim_or_wait(runtime, name, mark, is_another)
    if found is None or (isinstance(found, Item) and is_another(found)):
        metrics.IDEMPOTENT.labels("conflict").inc()
        raise IdempotencyConflict(name.name, is_under_way=found is None)
    return found


def _mark(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Stands for a request: where it went, what it said, and the controls in its headers."""
    said = sorted(item for item in headers.items() if item[0].startswith(controls.HEADER))
    return hashlib.sha256(orjson.dumps([path, said]) + body).digest()


async def _replayed(runtime: Runtime, arrival: Arrival, item: Item) -> Reply:
    """The answer from before, recorded at no cost."""
    head, _, body = item.content[MARK_BYTES:].partition(b"\n")
    told = orjson.loads(head)
    ending = Ending(
        outcome="success", model=told["model"], provider=told["provider"], usage=Usage(**told["usage"]),
        latency_ms=round((runtime.clock.monotonic() - arrival.began) * 1_000), saved_nano=told["cost_nano"],
    )  # fmt: skip
    await settlement.replayed(runtime.ledger, arrival, ending)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told["headers"]]
    return Reply(headers=[*headers, REPLAYED], body=Replayed(body) if told["is_stream"] else body)
