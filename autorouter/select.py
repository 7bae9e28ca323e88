"""One selection for every door."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from autorouter.decision.ranking import Rankings
from autorouter.decision.router import decide
from autorouter.errors import UnknownModel, UnknownPolicy, UnknownTaskType
from autorouter.people import preferences as people
from autorouter.people.preferences import Preferences
from autorouter.types import Constraints, Decision, Priority, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a request asks, through whichever door."""

    policy: str | None = None
    task_type: str = ""
    candidates: tuple[str, ...] | None = None
    priority: Priority | None = None
    previous_model: str | None = None
    session_model: str | None = None
    max_cost_usd: Decimal | None = None
    max_latency_ms: int | None = None
    max_output_tokens: int | None = None
    tags: tuple[str, ...] = ()
    allow_internal: bool = False


def check(rankings: Rankings, asked: Asked) -> None:
    """Raises UnknownModel, UnknownPolicy, UnknownTaskType."""
    router = rankings.router
    if asked.task_type and asked.task_type not in router.task_types:
        raise UnknownTaskType(asked.task_type, router.task_types)
    if asked.policy and asked.policy not in router.policies:
        raise UnknownPolicy(asked.policy, router.policies)
    for at, given in enumerate(asked.candidates or ()):
        if given not in rankings.catalogue.models:
            raise UnknownModel(given, f"candidates[{at}]")


def select(
    rankings: Rankings, asked: Asked, preferences: Preferences, task: Task, now: datetime, enough: int | None = 4
) -> Decision:
    """The decision for what is asked. Raises UnknownModel, UnknownPolicy, UnknownTaskType."""
    router = rankings.router
    constraints = Constraints(
        previous_model=asked.previous_model or asked.session_model,
        keeps_model=bool(asked.session_model) and not asked.previous_model,
        candidates=asked.candidates,
        policy=asked.policy or router.task_types.get(asked.task_type),
        max_cost_usd=asked.max_cost_usd,
        max_latency_ms=asked.max_latency_ms,
        max_output_tokens=asked.max_output_tokens,
        allow_internal=asked.allow_internal,
    )
    own = people.usable(preferences, router.policies)
    constraints = people.apply(own, constraints, asked.priority, task, asked.tags, now)
    return decide(rankings.catalogue, router, task, constraints, rankings.availability, now)
