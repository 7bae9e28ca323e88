"""One request under way: who asks what, what was decided, what is held for it, and what its record says in the end."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import orjson

from analytics.types import AnswerFacts, RequestFacts
from autorouter.decision import decision_json
from autorouter.decision.ranking import Rankings
from autorouter.people.sessions import Turn
from autorouter.types import Candidate, Decision, Policy
from budgets.types import Caller, Granted, Outcome, to_nano
from models_registry.types import SANDBOX, Attempt, Usage
from routerhub.gateway.protocols.base import ChatRequest, Client, Envelope
from routerhub.gateway.reservation import Charge, Plan

MAX_AGENT = 255
Select = Callable[[int | None], Decision]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A request that came in, and what it meets: the releases of its caller and what can be called at this moment."""

    caller: Caller
    client: Client
    request: ChatRequest
    rankings: Rankings
    availability_digest: str
    at: datetime
    began: float
    """Monotonic seconds."""


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


@dataclass(kw_only=True)
class Operation:
    """What is done for a request from the decision on. Its id stands in every log line, header and record.

    At most one hold is open at a time. `hops` counts those that were asked for, `charged_nano` what the closed ones came to.
    """

    arrival: Arrival
    decision: Decision
    select: Select
    """Decides again, for more candidates or (None) for all of them."""
    deadline: float
    """Monotonic seconds."""
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    attempts: list[Attempt] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    """Deployments that were not asked, or only as a last resort, since their circuits are open."""
    hold: Hold | None = None
    hops: int = 0
    charged_nano: int = 0

    @cached_property
    def id_text(self) -> str:
        return str(self.id)

    @property
    def request(self) -> ChatRequest:
        return self.arrival.request

    @property
    def policy(self) -> Policy | None:
        return self.arrival.rankings.router.policies.get(self.decision.constraints.policy or "")

    def tokens_per_s(self, candidate: Candidate) -> float | None:
        """How fast the model writes, None where that was not measured."""
        return self.arrival.rankings.availability.tokens_per_second.get(candidate.model)

    def envelope(self, candidate: Candidate) -> Envelope:
        return Envelope(operation_id=self.id, created_at=self.arrival.at, model=candidate.model)

    def turn(self, candidate: Candidate) -> Turn:
        """What the conversation remembers of it."""
        constraints, caller = self.decision.constraints, self.arrival.caller
        return Turn(
            account_id=caller.account_id,
            name=self.request.controls.session,
            user_id=caller.user_id,
            model=candidate.model,
            priority=constraints.priority,
            policy=constraints.policy or "",
            max_cost_usd=constraints.max_cost_usd,
            context_tokens=self.decision.task.input_tokens,
        )

    @cached_property
    def _decision_json(self) -> str:
        return decision_json.dumps(self.decision, self.arrival.availability_digest).decode()

    def request_facts(self, candidate: Candidate) -> RequestFacts:
        """The first half of the record, which goes with the hold: what is known before the answer."""
        arrival, decision, request = self.arrival, self.decision, self.request
        caller, controls, task = arrival.caller, request.controls, decision.task
        return RequestFacts(
            operation_id=self.id,
            created_at=arrival.at,
            account_id=caller.account_id,
            key_id=caller.key_id,
            user_id=caller.user_id,
            requested_model=request.model,
            model=candidate.model,
            policy=decision.constraints.policy or "",
            task_type=controls.task_type,
            category=task.category,
            complexity=task.complexity,
            priority=decision.constraints.priority,
            session=controls.session,
            tags=controls.tags,
            is_stream=request.stream,
            cost_estimated_nano=to_nano(candidate.estimated_cost_usd),
            catalogue_release=decision.catalogue_release,
            router_release=decision.router_release,
            decision=self._decision_json,
            ip=arrival.client.ip,
            user_agent=arrival.client.user_agent[:MAX_AGENT],
        )

    def answer_facts(self, ending: Ending) -> AnswerFacts:
        """The second half, which goes with the settlement. Its cost is that of all hops."""
        usage = ending.usage
        return AnswerFacts(
            model=ending.model,
            provider=ending.provider,
            is_sandbox=ending.provider == SANDBOX,
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
            cost_nano=self.charged_nano,
            fallback_used=len(self.attempts) > 1,
            attempts=orjson.dumps(self.attempts).decode(),
        )
