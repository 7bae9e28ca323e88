"""The life of a request: bytes -> Caller -> ChatRequest -> Decision -> Granted -> Served -> Settlement -> bytes."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from autorouter.classify import classify
from autorouter.errors import NoCandidate, UnknownModel, UnknownTaskType
from autorouter.router import decide
from autorouter.types import RouterRelease, Wish
from models_registry import reach
from models_registry.types import Catalogue
from routerhub.gateway import hops, replies
from routerhub.gateway.auth import identify
from routerhub.gateway.dispatch import Trail
from routerhub.gateway.operation import Operation
from routerhub.gateway.parts import Parts
from routerhub.gateway.replies import Reply
from routerhub.gateway.wire import openai
from routerhub.gateway.wire.values import AUTO, POLICY_PREFIX, ChatRequest, Client


async def chat(parts: Parts, headers: Mapping[str, str], body: bytes, client: Client) -> Reply:
    """One chat completion, from bytes to bytes. Raises the errors of routerhub.gateway.errors."""
    now = datetime.now(UTC)
    caller = identify(headers, parts.snapshots.current.ring, now)
    request = openai.read(body, headers)
    catalogue, router = parts.snapshots.current.releases.for_user(f"{caller.user_id or f'key {caller.key_id}'}")
    wish = wished(request, catalogue, router, await parts.sessions.previous_model(caller, request.controls))
    task = classify(request.messages, request.has_tools, request.is_structured, request.stream)
    within_reach = reach.current(catalogue.providers.values(), parts.snapshots.current.health)
    decision = decide(catalogue, router, task, wish, within_reach, now)
    operation = Operation(
        caller=caller,
        client=client,
        request=request,
        catalogue=catalogue,
        router=router,
        reach=within_reach,
        decision=decision,
        trail=Trail(deadline=time.monotonic() + parts.limits.deadline_s),
        started_at=now,
    )
    if request.controls.dry_run:
        return replies.dry_run(operation)
    if decision.chosen is None:
        raise NoCandidate(decision)
    if request.stream:
        return replies.streamed(parts, operation, await hops.open_stream(parts, operation))
    return await replies.complete(parts, operation, await hops.complete(parts, operation))


def wished(request: ChatRequest, catalogue: Catalogue, router: RouterRelease, previous_model: str | None) -> Wish:
    """What the caller asks of the router. Raises UnknownModel, UnknownTaskType."""
    controls, candidates, policy = request.controls, request.controls.candidates, request.controls.policy
    if controls.task_type and controls.task_type not in router.task_types:
        raise UnknownTaskType(controls.task_type, router.task_types)
    if request.model.startswith(POLICY_PREFIX):
        policy = request.model.removeprefix(POLICY_PREFIX)
    elif request.model != AUTO:
        if request.model not in catalogue.models:
            raise UnknownModel(request.model)
        candidates = (request.model,)
    return Wish(
        previous_model=controls.previous_model or previous_model,
        candidates=candidates,
        policy=policy or router.task_types.get(controls.task_type),
        priority=controls.priority,
        max_cost_usd=controls.max_cost_usd,
        max_latency_ms=controls.max_latency_ms,
        max_output_tokens=request.max_output_tokens,
    )
