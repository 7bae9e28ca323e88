"""The life of a request.

bytes -> Caller -> ChatRequest -> Variant -> Task -> Decision -> Hold -> Served -> Settlement -> bytes
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from autorouter.errors import NoCandidate, ProModel
from autorouter.select import Asked, check, select, with_ids
from autorouter.types import Decision
from budgets.errors import KeyRefused, KeysUnavailable
from budgets.people import unknown
from budgets.types import Caller
from routerhub.gateway import reading
from routerhub.gateway.answers import response_metadata
from routerhub.gateway.answers.answering import Reply, write_answer
from routerhub.gateway.answers.streaming import write_stream
from routerhub.gateway.assigning import assigned
from routerhub.gateway.attempts import settlement
from routerhub.gateway.auth import (
    allowed_models,
    allowed_regions,
    check_choice,
    check_permission,
    check_scope,
    identify,
    user_key,
)
from routerhub.gateway.kept import bodies, cache, conversations, response_state
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Arrival, Job, Keeper, Operation, Select
from routerhub.gateway.protocols.base import AUTO, POLICY_PREFIX, UNREAD, ChatProtocol, ChatRequest, Client
from routerhub.gateway.runtime import Runtime

ENOUGH = 4
"""Candidates: failover may need three, and the runner-up is told."""


async def serve(
    runtime: Runtime,
    protocol: ChatProtocol,
    headers: Mapping[str, str],
    body: bytes,
    client: Client,
    keeper: Keeper | None = None,
    job: Job | None = None,
) -> Reply:
    """One chat completion, from bytes to bytes; where it is whole, `keeper` gets it too. With a `job`, no client waits.

    Raises the errors of routerhub.gateway.errors.
    """
    clock = runtime.clock
    arrival, known = arrived(runtime, headers, client, job)
    try:
        check_permission(arrival.caller)
        check_scope(arrival.caller, protocol.path, client.ip, job is not None)
        arrival = replace(arrival, request=await _read(runtime, arrival.caller, protocol, body, headers))
        recalled = await runtime.sessions.recall(arrival.caller, conversations.name_of(arrival.request))
        arrival = assigned(runtime.snapshots.current, arrival, recalled)
        decide = await _decider(runtime, arrival, recalled.model, job)
        controls = arrival.request.controls
        decision = decide(None if controls.dry_run else ENOUGH)
        if decision.chosen is None and not controls.dry_run:
            raise NoCandidate(decision)
    except BaseException as problem:
        await unheld(runtime, arrival, problem, job)
        raise
    metrics.DECIDE.observe(clock.monotonic() - known)
    if controls.dry_run:
        if keeper is not None:
            await keeper.drop(has_left=False)
        return Reply(headers=response_metadata.id_headers(arrival.id), body=response_metadata.dry_run(decision))
    operation = Operation(
        id=arrival.id, arrival=arrival, decision=decision, select=decide,
        deadline=arrival.began + runtime.limits.deadline_s,
        keepers=() if keeper is None else (keeper,), is_awaited=job is None,
    )  # fmt: skip
    if job:
        job.begins(operation)
    write = cache.serve if controls.cache else write_stream if arrival.request.stream else write_answer
    if arrival.caller.keeps_bodies:
        write = partial(bodies.serve, write, len(body))
    try:
        return await write(runtime, protocol, operation)
    except BaseException as problem:
        if not operation.is_recorded:
            await unheld(runtime, arrival, problem, job, decision)
        raise


async def unheld(
    runtime: Runtime, arrival: Arrival, problem: BaseException, job: Job | None = None, decision: Decision | None = None
) -> None:
    """Record what ends before anything is held for it, whatever ends it. A job that is stopped is done later."""
    if job is None or isinstance(problem, Exception):
        await settlement.refuse(runtime.ledger, arrival, problem, runtime.clock.monotonic(), decision)


async def unread(
    runtime: Runtime, path: str, headers: Mapping[str, str], client: Client, problem: BaseException
) -> None:
    """Record a request whose body did not come as it should, where somebody known sent it."""
    try:
        arrival, _ = arrived(runtime, headers, client, None)
    except KeysUnavailable:
        return
    except KeyRefused as refused:
        unknown.note(refused.code, path, client.ip)
        return
    await unheld(runtime, arrival, problem)


def arrived(runtime: Runtime, headers: Mapping[str, str], client: Client, job: Job | None) -> tuple[Arrival, float]:
    """Who asks, with what counts for them, and the monotonic second in which they were known; nothing is read yet.

    Raises KeyRefused, KeysUnavailable.
    """
    snapshot, clock = runtime.snapshots.current, runtime.clock
    began, at = clock.monotonic(), clock.now()
    caller = snapshot.ring.holder(job.key_id, at) if job else identify(headers, snapshot.ring, at)
    metrics.AUTH.observe((known := clock.monotonic()) - began)
    runtime.key_uses.note(caller.key_id, at)
    rankings = snapshot.rankings(user_key(caller))
    arrival = Arrival(
        caller=caller, client=client, request=UNREAD, rankings=rankings, availability_digest=snapshot.digest_of(rankings),
        usual_output=snapshot.usual_output, lengths=snapshot.lengths, at=at, began=began, is_logged=runtime.limits.logs_requests,
    )  # fmt: skip
    return arrival, known


async def _read(
    runtime: Runtime, caller: Caller, protocol: ChatProtocol, body: bytes, headers: Mapping[str, str]
) -> ChatRequest:
    """The request in a body, with the conversation that it goes on from. Raises BadRequest, NotKept, StorageUnavailable."""
    request = protocol.read(body, headers)
    if request.controls.cache:
        cache.check(caller)
    if request.continues or request.is_kept:
        request = await response_state.placed(runtime, caller, protocol, request, headers)
    return request


async def _decider(runtime: Runtime, arrival: Arrival, session_model: str | None, job: Job | None) -> Select:
    """Decides for a request, for as many candidates as it is asked for. Raises RouterError."""
    request, rankings, caller = arrival.request, arrival.rankings, arrival.caller
    asked = asked_of(arrival, session_model or request.previous_model)
    if (pauses := runtime.snapshots.current.pauses) and (
        pause := pauses.strictest(caller, request.controls.scopes, arrival.at)
    ):
        asked = replace(asked, max_tier=pause.max_tier, paused_by=str(pause))
    check(rankings, asked)
    task = await reading.task_of(runtime, arrival)
    if job and (shared := job.shared_model(request, task)):
        asked = replace(asked, session_model=shared, shares_decision=True)
    if arrival.variant is not None:
        asked = arrival.variant.on(asked)
    wanted = runtime.snapshots.current.preferences.of(caller.account_id, caller.user_id, caller.preferences_id)
    return partial(select, rankings, asked, wanted, task, arrival.at)


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
        regions=allowed_regions(caller, controls),
        key_models=allowed_models(caller, arrival.rankings.router),
        allow_pro=caller.is_pro,
        unpriced_usd=caller.unpriced_usd,
    )
    if caller.scope:
        check_choice(caller, arrival.rankings.router, policy or None, None)
    if candidates is None and not controls.previous_model:
        return asked
    catalogue = arrival.rankings.catalogue
    asked = with_ids(catalogue, asked, arrival.at.date(), caller.refuses_stand_ins, "model" if is_named else "")
    if is_named and caller.scope:
        check_choice(caller, arrival.rankings.router, None, (asked.candidates or ())[0])
    if is_named and not caller.is_pro and catalogue.models[(answers := (asked.candidates or ())[0])].is_pro:
        raise ProModel(answers, caller.account)
    return asked
