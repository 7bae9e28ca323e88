"""The life of a request of vectors: bytes -> Caller -> ChatRequest -> Decision -> Hold -> Served -> Settlement -> bytes.

It is held, called, settled and recorded as a conversation is; but it names its model, and only hosts of that one are tried.
"""

from collections.abc import Mapping
from dataclasses import replace

from autorouter.decision.embedding import decide_embedding, embedding_task
from autorouter.errors import NoCandidate, ProModel
from autorouter.naming import named, refusal
from autorouter.people import preferences
from autorouter.people.preferences import Preferences
from autorouter.select import Asked, constraints_of
from autorouter.types import Decision
from models_registry.upstream.base import Adapter, UpstreamRequest
from models_registry.upstream.embeddings import Embedder, Embeddings
from models_registry.upstream.errors import Failed
from routerhub.gateway.answers import response_metadata
from routerhub.gateway.answers.answering import Reply, settle
from routerhub.gateway.attempts.dispatch import dispatch
from routerhub.gateway.attempts.failover import NOT_FOUND, Patience
from routerhub.gateway.attempts.reservation import answer_cost, believed
from routerhub.gateway.auth import allowed_models, allowed_regions, check_choice, check_permission, check_scope
from routerhub.gateway.kept import bodies
from routerhub.gateway.observation import metrics
from routerhub.gateway.operation import Arrival, Job, Operation
from routerhub.gateway.pipeline import arrived, unheld
from routerhub.gateway.protocols import openai_embeddings
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.runtime import Runtime

SCORED = frozenset({"score", "tier", "terms", "runner_up"})
"""What of an answer's metadata tells how the router chose."""


async def serve(
    runtime: Runtime, headers: Mapping[str, str], body: bytes, client: Client, job: Job | None = None
) -> Reply:
    """One request of vectors, from bytes to bytes. With a `job`, no client waits.

    Raises the errors of routerhub.gateway.errors.
    """
    clock = runtime.clock
    arrival, known = arrived(runtime, headers, client, job)
    try:
        check_permission(arrival.caller)
        check_scope(arrival.caller, openai_embeddings.PATH, client.ip, job is not None)
        arrival = replace(arrival, request=openai_embeddings.read(body, headers))
        caller, held = arrival.caller, runtime.snapshots.current.preferences
        decision = decide(arrival, held.of(caller.account_id, caller.user_id, caller.preferences_id))
        is_dry = arrival.request.controls.dry_run
        if decision.chosen is None and not is_dry:
            raise NoCandidate(decision)
    except BaseException as problem:
        await unheld(runtime, arrival, problem, job)
        raise
    metrics.DECIDE.observe(clock.monotonic() - known)
    if is_dry:
        return Reply(headers=response_metadata.id_headers(arrival.id), body=response_metadata.dry_run(decision))
    operation = Operation(
        id=arrival.id, arrival=arrival, decision=decision, select=lambda _: decision,
        deadline=arrival.began + runtime.limits.deadline_s, is_awaited=job is None,
    )  # fmt: skip
    if job:
        job.begins(operation)
    try:
        reply = await _answer(runtime, operation)
    except BaseException as problem:
        if not operation.is_recorded:
            await unheld(runtime, arrival, problem, job, decision)
        raise
    if arrival.caller.keeps_bodies:
        bodies.note(runtime, operation, len(body), None)
    return reply


def decide(arrival: Arrival, wanted: Preferences) -> Decision:
    """Whether the model that is named may answer. Raises UnknownModel, RetiredModel, WrongKind, ProModel.

    No successor stands in: an index that was made with one model cannot be searched with another's vectors.
    """
    caller, request, rankings, at = arrival.caller, arrival.request, arrival.rankings, arrival.at
    model, stands_in = named(rankings.catalogue, request.model, at.date(), "embedding")
    if stands_in:
        raise refusal(rankings.catalogue, request.model, model)
    if model.is_pro and not caller.is_pro:
        raise ProModel(model.id, caller.account)
    if caller.scope:
        check_choice(caller, rankings.router, None, model.id)
    controls = request.controls
    asked = Asked(
        candidates=(model.id,), max_cost_usd=controls.max_cost_usd, max_latency_ms=controls.max_latency_ms,
        regions=allowed_regions(caller, controls), allow_pro=caller.is_pro, unpriced_usd=caller.unpriced_usd,
        key_models=allowed_models(caller, rankings.router),
    )  # fmt: skip
    task, router = embedding_task(openai_embeddings.estimated_tokens(request)), rankings.router
    constraints = preferences.apply(
        wanted, constraints_of(asked, router), controls.priority, task, controls.tags, at, router.policies
    )
    return decide_embedding(rankings, model, task, replace(constraints, policy=None), at)


async def embed(adapter: Adapter, request: UpstreamRequest, _: Patience) -> Embeddings:
    """The vectors, as a `Call`. Raises UpstreamError: where the place's dialect has none, another one may."""
    if not isinstance(adapter, Embedder):
        text = f"{request.provider} is called in the dialect {adapter.protocol!r}, which has no embeddings here."
        raise Failed(text, status=NOT_FOUND, was_sent=False)
    return await adapter.embed(request)


async def _answer(runtime: Runtime, operation: Operation) -> Reply:
    served = await dispatch(runtime, operation, embed)
    hold, request = served.hold, operation.request
    usage = believed(served.answer.usage, hold.plan, 0)
    size = operation.decision.task.input_tokens
    pays_held = operation.arrival.caller.pays_held
    charge = answer_cost(served.place.tariff, usage, size, 0, hold.granted.amount_nano, pays_held)
    whole = await settle(runtime, operation, served, charge)
    metadata = {name: value for name, value in whole.items() if name not in SCORED}
    provider = served.place.deployment.provider
    headers = response_metadata.headers(operation, served.candidate, provider, served.dropped, hold.plan)
    headers.append((b"x-routerhub-cost-usd", whole["cost_usd"].encode()))
    body = openai_embeddings.write(served.answer, request, served.candidate.model, charge.usage, metadata)
    return Reply(headers=headers, body=body, rates=tuple(operation.rates.values()))
