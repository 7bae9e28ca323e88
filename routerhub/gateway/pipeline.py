"""The life of a request: bytes -> Caller -> ChatRequest -> Decision -> Granted -> Served -> Settlement -> bytes."""

from collections.abc import Mapping
from datetime import UTC, datetime

from autorouter.errors import NoCandidate, UnknownModel
from autorouter.people import preferences
from autorouter.select import Asked, check, select
from routerhub.gateway import classifying, hops, replies
from routerhub.gateway.auth import identify
from routerhub.gateway.operation import Arrival
from routerhub.gateway.parts import Parts
from routerhub.gateway.replies import Reply
from routerhub.gateway.snapshots import Snapshot
from routerhub.gateway.wire import openai
from routerhub.gateway.wire.values import AUTO, POLICY_PREFIX, Client


async def chat(parts: Parts, headers: Mapping[str, str], body: bytes, client: Client) -> Reply:
    """One chat completion, from bytes to bytes. Raises the errors of routerhub.gateway.errors."""
    snapshot = parts.snapshots.current
    arrival = arrived(snapshot, headers, body, client)
    asked = asked_of(arrival, await parts.sessions.previous_model(arrival.caller, arrival.request.controls))
    check(arrival.rankings, asked)
    task = await classifying.task_of(parts, arrival)
    own = snapshot.preferences.get(arrival.caller.user_id or 0, preferences.NONE)
    decision = select(arrival.rankings, asked, own, task, arrival.at, None)
    operation = arrival.operation(decision, parts.limits.deadline_s)
    if arrival.request.controls.dry_run:
        return replies.dry_run(operation)
    if decision.chosen is None:
        raise NoCandidate(decision)
    if arrival.request.stream:
        return replies.streamed(parts, operation, await hops.open_stream(parts, operation))
    return await replies.complete(parts, operation, await hops.complete(parts, operation))


def arrived(snapshot: Snapshot, headers: Mapping[str, str], body: bytes, client: Client) -> Arrival:
    """Who asks what, and what it meets. Raises KeyRefused, BadRequest."""
    now = datetime.now(UTC)
    caller = identify(headers, snapshot.ring, now)
    request = openai.read(body, headers)
    rankings = snapshot.rankings(f"{caller.user_id or f'key {caller.key_id}'}")
    return Arrival(
        caller=caller,
        client=client,
        request=request,
        rankings=rankings,
        availability_digest=snapshot.digest_of(rankings),
        at=now,
    )


def asked_of(arrival: Arrival, session_model: str | None) -> Asked:
    """What the request itself asks of the router. Raises UnknownModel."""
    request = arrival.request
    controls, candidates, policy = request.controls, request.controls.candidates, request.controls.policy
    if request.model.startswith(POLICY_PREFIX):
        policy = request.model.removeprefix(POLICY_PREFIX)
    elif request.model != AUTO:
        if request.model not in arrival.rankings.catalogue.models:
            raise UnknownModel(request.model)
        candidates = (request.model,)
    return Asked(
        policy=policy or None,
        task_type=controls.task_type,
        candidates=candidates,
        priority=controls.priority,
        previous_model=controls.previous_model or None,
        session_model=session_model,
        max_cost_usd=controls.max_cost_usd,
        max_latency_ms=controls.max_latency_ms,
        max_output_tokens=request.max_output_tokens,
        tags=controls.tags,
    )
