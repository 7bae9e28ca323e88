"""OpenAI's responses after their answer: kept in the store, gone on from, read and deleted, by every process alike.

A response is in the store before its last byte is sent, so that whoever has it can go on from it at once. Where the store
does not take it, the answer goes out all the same, and says so: `"store": false`.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from budgets.types import Caller
from routerhub.gateway.errors import NotKept, TooLarge
from routerhub.gateway.operation import Operation
from routerhub.gateway.protocols.base import ChatProtocol, ChatRequest
from routerhub.gateway.protocols.openai_responses import state
from routerhub.gateway.protocols.openai_responses.state import Kept
from routerhub.gateway.runtime import Runtime
from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.types import Name

logger = logging.getLogger(__name__)


async def placed(
    runtime: Runtime, caller: Caller, protocol: ChatProtocol, request: ChatRequest, headers: Mapping[str, str]
) -> ChatRequest:
    """The request with the conversation that it goes on from, and kept only where its account allows.

    Raises NotKept, TooLarge, StorageUnavailable.
    """
    if request.continues:
        before = await find(runtime, caller, request.continues, "previous_response_id")
        body = state.gone_on(request, before)
        if len(body) > runtime.limits.max_body_bytes:
            raise TooLarge(runtime.limits.max_body_bytes, "the conversation that it goes on from included")
        request = replace(protocol.read(body, headers), previous_model=before.response["model"])
    return replace(request, is_kept=request.is_kept and caller.keeps_responses and not request.controls.dry_run)


async def find(runtime: Runtime, caller: Caller, response_id: str, param: str | None = None) -> Kept:
    """A kept response of the caller's account. Raises NotKept, StorageUnavailable."""
    item = await runtime.store.read(_name(caller, response_id))
    if item is None:
        raise NotKept(response_id, param)
    return Kept.loads(item.content)


async def forget(runtime: Runtime, caller: Caller, response_id: str) -> None:
    """Raises NotKept, StorageUnavailable."""
    if not await runtime.store.delete(_name(caller, response_id)):
        raise NotKept(response_id, None)


async def keep(runtime: Runtime, operation: Operation, written: bytes) -> bytes:
    """Keep a complete response that was written, whole or as the close of its stream. Returns what is to be sent."""
    response = state.response_in(written)
    name = _name(operation.arrival.caller, response["id"])
    try:
        await runtime.store.put(name, Kept.of(operation.request, response).dumps(), runtime.limits.response_retention_s)
    except StorageUnavailable:
        logger.warning("action=keep_response operation=%s kept=false", operation.id)
        return state.unkept(written)
    return written


def _name(caller: Caller, response_id: str) -> Name:
    return Name(account_id=caller.account_id, kind="response", name=response_id)
