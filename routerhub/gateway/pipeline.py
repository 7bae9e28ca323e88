"""The life of a request: bytes -> Caller -> ChatRequest -> Task -> Decision -> Hold -> Served -> Settlement -> bytes."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from autorouter.errors import NoCandidate, ProModel, RouterError, UnknownModel
from autorouter.people import preferences
from autorouter.select import Asked, check, select
from budgets.errors import PermissionMissing
from routerhub.gateway import response_metadata, router_model, settlement
from routerhub.gateway.answering import Reply, write_answer
from routerhub.gateway.auth import check_permission, identify, user_key
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.operation import Arrival, Operation
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX, UNREAD, ChatProtocol, Client
from routerhub.gateway.runtime import Runtime
from routerhub.gateway.streaming import write_stream

ENOUGH = 4
"""Candidates: failover may need three, and the runner-up is told."""
REFUSALS = (PermissionMissing, BadRequest, RouterError)
"""What ends a request of somebody known before anything is held for it."""


async def serve(
    runtime: Runtime, protocol: ChatProtocol, headers: Mapping[str, str], body: bytes, client: Client
) -> Reply:
    """One chat completion, from bytes to bytes. Raises the errors of routerhub.gateway.errors."""
    snapshot, clock = runtime.snapshots.current, runtime.clock
    began, at = clock.monotonic(), clock.now()
    caller = identify(headers, snapshot.ring, at)
    rankings = snapshot.rankings(user_key(caller))
    arrival = Arrival(
        caller=caller, client=client, request=UNREAD, rankings=rankings, availability_digest=snapshot.digest_of(rankings),
        usual_output=snapshot.usual_output, at=at, began=began,
    )  # fmt: skip
    try:
        check_permission(caller)
        arrival = replace(arrival, request=protocol.read(body, headers))
        controls = arrival.request.controls
        asked = asked_of(arrival, await runtime.sessions.previous_model(caller, controls))
        check(rankings, asked)
        task = await router_model.task_of(runtime, arrival)
        own = snapshot.preferences.get(caller.user_id or 0, preferences.NONE)
        decide = partial(select, rankings, asked, own, task, at)
        decision = decide(None if controls.dry_run else ENOUGH)
        if controls.dry_run:
            return Reply(headers=[], body=response_metadata.dry_run(decision))
        if decision.chosen is None:
            raise NoCandidate(decision)
    except REFUSALS as refusal:
        await settlement.refuse(runtime.ledger, arrival, refusal, clock.monotonic())
        raise
    operation = Operation(arrival=arrival, decision=decision, select=decide, deadline=began + runtime.limits.deadline_s)
    write = write_stream if arrival.request.stream else write_answer
    return await write(runtime, protocol, operation)


def asked_of(arrival: Arrival, session_model: str | None) -> Asked:
    """What the request asks of the router. Raises UnknownModel, ProModel."""
    caller, model, controls = arrival.caller, arrival.request.model, arrival.request.controls
    candidates, policy = controls.candidates, controls.policy
    if model.startswith(POLICY_PREFIX):
        policy = model.removeprefix(POLICY_PREFIX)
    elif model != AUTO:
        named = arrival.rankings.catalogue.models.get(model)
        if named is None:
            raise UnknownModel(model)
        if named.is_pro and not caller.is_pro:
            raise ProModel(model, caller.account)
        candidates = (model,)
    return Asked(
        policy=policy or None,
        task_type=controls.task_type,
        candidates=candidates,
        priority=controls.priority,
        previous_model=controls.previous_model or None,
        session_model=session_model,
        max_cost_usd=controls.max_cost_usd,
        max_latency_ms=controls.max_latency_ms,
        max_output_tokens=arrival.request.max_output_tokens,
        tags=controls.tags,
        allow_pro=caller.is_pro,
    )
