"""One request under way: who asks what, what was decided, what is held for it, and what its record says in the end."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import orjson

from analytics.measuring.lengths import Lengths
from analytics.types import AnswerFacts, RequestFacts
from autorouter.decision import decision_json
from autorouter.decision.ranking import Rankings
from autorouter.people.sessions import Turn
from autorouter.types import Candidate, Decision, Policy, Task
from budgets.types import NANO, Basis, Caller, Granted, Measure, Outcome, PerTask, Rate, to_nano
from experiments.ab.assignment import kept
from experiments.ab.variants import Variant
from models_registry.types import Attempt, Usage
from models_registry.upstream.base import Completion
from routerhub.gateway.attempts.reservation import Charge, Plan, scopes
from routerhub.gateway.protocols.base import ChatRequest, Client, Envelope

MAX_AGENT = 255
NO_PART: Mapping[str, Any] = {}
UNREAD: Mapping[str, Any] = {"category": "", "complexity": ""}
Select = Callable[[int | None], Decision]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A request that came in, and what it meets: the releases of its caller and what can be called at this moment."""

    caller: Caller
    client: Client
    request: ChatRequest
    rankings: Rankings
    availability_digest: str
    usual_output: Mapping[str, int]
    """Tokens that an answer hardly ever passes, by model id; a model without a measurement is missing."""
    lengths: Lengths
    """How long answers are and how long they take, for where room is scarce."""
    at: datetime
    began: float
    """Monotonic seconds."""
    is_logged: bool = True
    """Whether its record says from where it came, and what the caller adds of their own."""
    variant: Variant | None = None
    """What it gets in a test; None: it takes part in none."""

    @property
    def id(self) -> uuid.UUID:
        """Under which the request is served."""
        return self.client.operation_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """What is reserved for one hop."""

    plan: Plan
    granted: Granted

    def charged_nano(self, charge: Charge) -> int:
        """What the limits and whoever asked pay of it: the ledger keeps the rest apart, as overrun."""
        return min(charge.nano, self.granted.amount_nano)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a request ended. Times are milliseconds."""

    outcome: Outcome
    model: str
    provider: str
    usage: Usage
    latency_ms: int
    ttft_ms: int | None = None
    http_status: int | None = 200
    error: str = ""
    is_cost_disputed: bool = False
    """Its provider has another figure for it than we have."""
    basis: Basis = ""
    """By what the charge for it was reckoned."""
    saved_nano: int | None = None
    """What it cost before, where it comes from the cache."""
    deployment: str = ""
    """Of the model: the one that answered or, where none did, was asked."""
    error_kind: str = ""
    """See routerhub.gateway.errors.Cause."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """An answer that is whole and settled."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    """As it went to the client, events and all."""
    is_stream: bool
    completion: Completion
    usage: Usage
    cost_nano: int
    """Of the attempt that gave it."""
    model: str
    provider: str


class Keeper(Protocol):
    """Somebody who keeps an answer if it becomes whole."""

    async def keep(self, whole: Whole) -> None: ...

    async def drop(self, has_left: bool) -> None:
        """There will be none, since the client left or since it failed."""
        ...


class Job(Protocol):
    """Somebody for whom a request is made that no client waits for. Its caller is known by a key that nobody shows."""

    @property
    def key_id(self) -> int: ...

    def shared_model(self, request: ChatRequest, task: Task) -> str | None:
        """The model that was decided for already, for all requests that are like this one."""
        ...

    def begins(self, operation: "Operation") -> None:
        """It is decided for, and nothing is held for it yet: its id can still be another one."""
        ...


@dataclass(kw_only=True)
class Operation:
    """What is done for a request from the decision on. Its id stands in every log line, header and record.

    One hold is open at a time, and two while a slow attempt is hedged. `hops` counts those that were asked for, `charged_nano`
    what the closed ones came to.
    """

    arrival: Arrival
    decision: Decision
    select: Select
    """Decides again, for more candidates or (None) for all of them."""
    deadline: float
    """Monotonic seconds."""
    keepers: tuple[Keeper, ...] = ()
    is_awaited: bool = True
    """Whether a client waits: what nobody waits for is not hedged."""
    cache: Mapping[str, Any] | None = None
    """What the answer tells of the cache, where that was asked for."""
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    attempts: list[Attempt] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    """Deployments that were not asked, or only as a last resort, since their circuits are open."""
    holds: list[Hold] = field(default_factory=list)
    """Those that are open."""
    client_s: float = 0.0
    """So long the client let its stream wait: that speaks against no model."""
    waited_s: float = 0.0
    """So long it waited for room in a limit: nor does that."""
    hops: int = 0
    charged_nano: int = 0
    is_recorded: bool = False
    """Whether its record is written, or on its way."""
    has_slot: bool = False
    """Whether it has one of its key's, which is given back when it ends."""
    counted: tuple[str, ...] = ()
    """The scopes of all holds so far: in these the operation counts as a request already."""
    rates: dict[Measure, Rate] = field(default_factory=dict)
    """As they stood after the last hold that counted in them."""

    @cached_property
    def id_text(self) -> str:
        return str(self.id)

    @property
    def hold(self) -> Hold | None:
        """The one that is open for whoever ends the operation."""
        return self.holds[0] if self.holds else None

    @property
    def apart_s(self) -> float:
        """Of its time what speaks against no model."""
        return self.client_s + self.waited_s

    @property
    def committed_nano(self) -> int:
        """The most that it can have cost when the holds that are open now are closed."""
        return self.charged_nano + sum(hold.granted.amount_nano for hold in self.holds)

    @property
    def request(self) -> ChatRequest:
        return self.arrival.request

    @cached_property
    def policy(self) -> Policy | None:
        return self.arrival.rankings.router.policies.get(self.decision.constraints.policy or "")

    @cached_property
    def per_task(self) -> PerTask | None:
        """What the policy lets all requests of its task cost together."""
        policy, task = self.policy, self.request.controls.task_id
        if policy is None or policy.max_cost_usd is None or not task:
            return None
        return PerTask(policy=policy.name, task=task, amount_nano=int(policy.max_cost_usd * NANO))

    def scopes(self, plan: Plan) -> tuple[str, ...]:
        """Every scope whose limits count this plan."""
        return scopes(self.arrival.caller, self.decision.constraints.policy, plan, self.request.controls)

    def tokens_per_s(self, candidate: Candidate) -> float | None:
        """How fast the model writes, None where that was not measured."""
        return self.arrival.rankings.availability.tokens_per_second.get(candidate.model)

    def envelope(self, candidate: Candidate) -> Envelope:
        return Envelope(operation_id=self.id, created_at=self.arrival.at, model=candidate.model)

    def turn(self, candidate: Candidate, name: str) -> Turn:
        """What the conversation of that name remembers of it."""
        constraints, caller, variant = self.decision.constraints, self.arrival.caller, self.arrival.variant
        return Turn(
            account_id=caller.account_id,
            name=name,
            user_id=caller.user_id,
            model=candidate.model,
            priority=constraints.priority,
            policy=constraints.policy or "",
            max_cost_usd=constraints.max_cost_usd,
            context_tokens=self.decision.task.input_tokens,
            variant=kept(variant.assigned) if variant else "",
        )

    @cached_property
    def _decision_json(self) -> str:
        return decision_json.dumps(self.decision, self.arrival.availability_digest).decode()

    def request_facts(self, candidate: Candidate, scopes: tuple[str, ...] = ()) -> RequestFacts:
        """What its record says of the request, see below."""
        return request_facts(self.id, self.arrival, self.decision, self._decision_json, candidate, scopes)

    def answer_facts(self, ending: Ending) -> AnswerFacts:
        """What its record says of the answer. The cost is that of all hops."""
        return answer_facts(ending, self.charged_nano, self.attempts)


# --- the record, in its two halves


def request_facts(
    operation_id: uuid.UUID,
    arrival: Arrival,
    decision: Decision | None,
    decided: str,
    candidate: Candidate | None,
    scopes: tuple[str, ...] = (),
) -> RequestFacts:
    """The first half, which goes with the hold: what is known before the answer, and which `scopes` count it. Of a request that
    was refused before a decision or before a candidate, that much is empty."""
    caller, request, controls = arrival.caller, arrival.request, arrival.request.controls
    facts = RequestFacts(
        operation_id=operation_id,
        created_at=arrival.at,
        account_id=caller.account_id,
        key_id=caller.key_id,
        user_id=caller.user_id,
        requested_model=request.model,
        model=candidate.model if candidate else "",
        policy=(decision.constraints.policy if decision else controls.policy) or "",
        task_type=controls.task_type,
        priority=decision.constraints.priority if decision else controls.priority or "",
        session=controls.session,
        tags=controls.tags,
        is_sandbox=arrival.rankings.availability.sandbox,
        is_stream=request.stream,
        cost_estimated_nano=to_nano(candidate.estimated_cost_usd) if candidate else 0,
        catalogue_release=arrival.rankings.catalogue.release,
        router_release=arrival.rankings.router.release,
        decision=decided,
        ip=arrival.client.ip,
        user_agent=arrival.client.user_agent[:MAX_AGENT],
        scopes=scopes,
        task_id=controls.task_id,
        worker=controls.worker,
        metadata=controls.metadata or None,
        **_part(arrival.variant),
        **(decision_json.task_columns(decision.task) if decision else UNREAD),
    )
    return facts if arrival.is_logged else replace(facts, ip=None, user_agent="", session="", metadata=None)


def _part(variant: Variant | None) -> Mapping[str, Any]:
    """Which variant it has in which test."""
    if variant is None:
        return NO_PART
    found = variant.assigned.assignment
    return {
        "experiment": found.experiment, "phase": found.phase, "variant": found.arm, "unit": found.unit,
        "propensity": found.propensity,
    }  # fmt: skip


def answer_facts(ending: Ending, cost_nano: int, attempts: Sequence[Attempt]) -> AnswerFacts:
    """The second half, which goes with the settlement."""
    usage = ending.usage
    return AnswerFacts(
        model=ending.model,
        provider=ending.provider,
        outcome=ending.outcome,
        error=ending.error,
        http_status=ending.http_status,
        latency_ms=ending.latency_ms,
        ttft_ms=ending.ttft_ms,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        is_usage_estimated=usage.is_estimated,
        cost_nano=cost_nano,
        saved_nano=ending.saved_nano,
        reported_cost_nano=usage.reported_cost_nano if ending.saved_nano is None else None,
        is_cost_disputed=ending.is_cost_disputed,
        fallback_used=len(attempts) > 1,
        attempts=orjson.dumps(attempts).decode(),
        cost_basis=ending.basis,
        deployment=ending.deployment,
        error_kind=ending.error_kind,
    )
