"""The life of a request: bytes -> Caller -> ChatRequest -> Decision -> Granted -> Served -> Settlement -> bytes."""

from collections.abc import Mapping
from datetime import UTC, datetime

from autorouter.decision.router import decide
from autorouter.errors import NoCandidate, UnknownModel, UnknownTaskType
from autorouter.people import preferences
from autorouter.types import Constraints, Task
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
    asked = constrained(arrival, await parts.sessions.previous_model(arrival.caller, arrival.request.controls))
    task = await classifying.task_of(parts, arrival)
    constraints = preferred(snapshot, arrival, asked, task)
    decision = decide(arrival.catalogue, arrival.router, task, constraints, arrival.availability, arrival.at)
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
    user = f"{caller.user_id or f'key {caller.key_id}'}"
    catalogue, router = snapshot.releases.for_user("catalogue", user), snapshot.releases.for_user("router", user)
    return Arrival(
        caller=caller,
        client=client,
        request=request,
        catalogue=catalogue,
        router=router,
        availability=snapshot.availability_of(catalogue),
        at=now,
    )


def constrained(arrival: Arrival, session_model: str | None) -> Constraints:
    """What the request itself asks of the router. Raises UnknownModel, UnknownTaskType."""
    request, router = arrival.request, arrival.router
    controls, candidates, policy = request.controls, request.controls.candidates, request.controls.policy
    if controls.task_type and controls.task_type not in router.task_types:
        raise UnknownTaskType(controls.task_type, router.task_types)
    if request.model.startswith(POLICY_PREFIX):
        policy = request.model.removeprefix(POLICY_PREFIX)
    elif request.model != AUTO:
        if request.model not in arrival.catalogue.models:
            raise UnknownModel(request.model)
        candidates = (request.model,)
    return Constraints(
        previous_model=controls.previous_model or session_model,
        keeps_model=bool(session_model) and not controls.previous_model,
        candidates=candidates,
        policy=policy or router.task_types.get(controls.task_type),
        max_cost_usd=controls.max_cost_usd,
        max_latency_ms=controls.max_latency_ms,
        max_output_tokens=request.max_output_tokens,
    )


def preferred(snapshot: Snapshot, arrival: Arrival, constraints: Constraints, task: Task) -> Constraints:
    """The wish with what the user prefers, and what the user's own rules say to such a task."""
    own = snapshot.preferences.get(arrival.caller.user_id or 0, preferences.NONE)
    own = preferences.usable(own, arrival.router.policies)
    controls = arrival.request.controls
    return preferences.apply(own, constraints, controls.priority, task, controls.tags, arrival.at)
