"""One request under way: what is known of it so far, and what its record says in the end."""

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

import orjson

from analytics.types import AnswerFacts, RequestFacts
from autorouter.decision import decision_json
from autorouter.decision.ranking import Rankings
from autorouter.people.sessions import Turn
from autorouter.types import Candidate, Decision, RouterRelease
from budgets.types import AnswerRow, Caller, Outcome, RequestRow, to_nano
from models_registry.types import SANDBOX, Availability, Catalogue, Usage
from routerhub.gateway.dispatch import Trail
from routerhub.gateway.wire.values import ChatRequest, Client

MAX_AGENT = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a request ended. Money is USD."""

    outcome: Outcome
    provider: str
    usage: Usage
    cost_usd: Decimal
    ttft_ms: int | None = None
    http_status: int | None = 200
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A request that came in, and what it meets: the caller's releases and what can be called at this moment."""

    caller: Caller
    client: Client
    request: ChatRequest
    rankings: Rankings
    availability_digest: str
    at: datetime

    def operation(self, decision: Decision, deadline_s: float) -> "Operation":
        """What is done for it, from now on."""
        return Operation(
            caller=self.caller,
            client=self.client,
            request=self.request,
            catalogue=self.rankings.catalogue,
            router=self.rankings.router,
            availability=self.rankings.availability,
            availability_digest=self.availability_digest,
            decision=decision,
            trail=Trail(deadline=time.monotonic() + deadline_s),
            started_at=self.at,
        )


@dataclass(kw_only=True)
class Operation:
    """Who asked what, and what was decided. Its id stands in every log line, header and record."""

    caller: Caller
    client: Client
    request: ChatRequest
    catalogue: Catalogue
    router: RouterRelease
    availability: Availability
    availability_digest: str
    decision: Decision
    trail: Trail
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)

    def turn(self, candidate: Candidate) -> Turn:
        """What the conversation remembers of it."""
        constraints = self.decision.constraints
        return Turn(
            account_id=self.caller.account_id,
            name=self.request.controls.session,
            user_id=self.caller.user_id,
            model=candidate.model,
            priority=constraints.priority,
            policy=constraints.policy or "",
            max_cost_usd=constraints.max_cost_usd,
            context_tokens=self.decision.task.input_tokens,
        )

    def request_row(self, candidate: Candidate) -> RequestRow:
        """What is known now that this candidate is about to be called."""
        controls, task = self.request.controls, self.decision.task
        return RequestFacts(
            operation_id=self.id,
            created_at=self.started_at,
            account_id=self.caller.account_id,
            key_id=self.caller.key_id,
            user_id=self.caller.user_id,
            requested_model=self.request.model,
            model=candidate.model,
            policy=self.decision.constraints.policy or "",
            task_type=controls.task_type,
            category=task.category,
            complexity=task.complexity,
            priority=self.decision.constraints.priority,
            session=controls.session,
            tags=controls.tags,
            is_stream=self.request.stream,
            cost_estimated_nano=to_nano(candidate.estimated_cost_usd),
            catalogue_release=self.decision.catalogue_release,
            router_release=self.decision.router_release,
            decision=decision_json.dumps(self.decision, self.availability_digest).decode(),
            ip=self.client.ip,
            user_agent=self.client.user_agent[:MAX_AGENT],
        ).row()

    def answer_row(self, candidate: Candidate, ending: Ending) -> AnswerRow:
        """What came of it."""
        usage = ending.usage
        return AnswerFacts(
            model=candidate.model,
            provider=ending.provider,
            is_sandbox=ending.provider == SANDBOX,
            outcome=ending.outcome,
            error=ending.error,
            http_status=ending.http_status,
            latency_ms=round((time.monotonic() - self.began) * 1000),
            ttft_ms=ending.ttft_ms,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            is_usage_estimated=usage.is_estimated,
            cost_nano=to_nano(ending.cost_usd),
            fallback_used=len(self.trail.attempts) > 1,
            attempts=orjson.dumps(self.trail.attempts).decode(),
        ).row()
