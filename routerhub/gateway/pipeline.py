"""The life of a request: bytes -> Caller -> ChatRequest -> Task -> Decision -> Hold -> Served -> Settlement -> bytes."""

from collections.abc import Mapping
from functools import partial

from autorouter.errors import NoCandidate, ProModel
from autorouter.people import preferences
from autorouter.select import Asked, check, select, with_ids
from routerhub.gateway import response_metadata, router_model
from routerhub.gateway.answering import Reply, write_answer
from routerhub.gateway.auth import identify, user_key
from routerhub.gateway.operation import Arrival, Operation
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX, ChatProtocol, Client
from routerhub.gateway.runtime import Runtime
from routerhub.gateway.streaming import write_stream

ENOUGH = 4
"""Candidates: failover may need three, and the runner-up is told."""


async def serve(
    runtime: Runtime, protocol: ChatProtocol, headers: Mapping[str, str], body: bytes, client: Client
) -> Reply:
    """One chat completion, from bytes to bytes. Raises the errors of routerhub.gateway.errors."""
    snapshot, clock = runtime.snapshots.current, runtime.clock
    began, at = clock.monotonic(), clock.now()
    caller = identify(headers, snapshot.ring, at)
    request = protocol.read(body, headers)
    rankings = snapshot.rankings(user_key(caller))
    digest = snapshot.digest_of(rankings)
    arrival = Arrival(
        caller=caller, client=client, request=request, rankings=rankings, availability_digest=digest, at=at, began=began
    )
    asked = asked_of(arrival, await runtime.sessions.previous_model(caller, request.controls))
    check(rankings, asked)
    task = await router_model.task_of(runtime, arrival)
    own = snapshot.preferences.get(caller.user_id or 0, preferences.NONE)
    decide = partial(select, rankings, asked, own, task, at)
    decision = decide(None if request.controls.dry_run else ENOUGH)
    if request.controls.dry_run:
        return Reply(headers=[], body=response_metadata.dry_run(decision))
    if decision.chosen is None:
        raise NoCandidate(decision)
    operation = Operation(arrival=arrival, decision=decision, select=decide, deadline=began + runtime.limits.deadline_s)
    return await (write_stream if request.stream else write_answer)(runtime, protocol, operation)


def asked_of(arrival: Arrival, session_model: str | None) -> Asked:
    """What the request asks of the router, by ids. Raises UnknownModel, RetiredModel, WrongKind, ProModel."""
    caller, model, controls = arrival.caller, arrival.request.model, arrival.request.controls
    candidates, policy, is_named = controls.candidates, controls.policy, False
    if model.startswith(POLICY_PREFIX):
        policy = model.removeprefix(POLICY_PREFIX)
    elif model != AUTO:
        candidates, is_named = (model,), True
    asked = Asked(
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
    if candidates is None and not controls.previous_model:
        return asked
    catalogue = arrival.rankings.catalogue
    asked = with_ids(catalogue, asked, arrival.at.date(), caller.refuses_stand_ins, "model" if is_named else "")
    if is_named and not caller.is_pro and catalogue.models[(answers := (asked.candidates or ())[0])].is_pro:
        raise ProModel(answers, caller.account)
    return asked
