"""What a request asks of the router, through whichever door it comes, and the decision for it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from autorouter.decision.ranking import Rankings
from autorouter.decision.router import ENOUGH, decide
from autorouter.errors import UnknownModel, UnknownPolicy, UnknownTaskType
from autorouter.naming import named, refusal
from autorouter.people.preferences import Preferences, apply
from autorouter.types import Constraints, CostTier, Decision, Leads, Priority, RouterRelease, Task
from models_registry.types import Catalogue
from routerhub.regions import Regions


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the request itself asks beside the task. None and empty: nothing."""

    policy: str | None = None
    task_type: str = ""
    """Stands for a policy, where none is named."""
    candidates: tuple[str, ...] | None = None
    priority: Priority | None = None
    previous_model: str | None = None
    """Which the request names itself: it earns the stickiness bonus."""
    session_model: str | None = None
    """Which the conversation had last: it is kept as long as it can answer, unless the request names a previous model."""
    shares_decision: bool = False
    """Whether `session_model` is the one of a batch's group instead: see Constraints."""
    max_cost_usd: Decimal | None = None
    max_latency_ms: int | None = None
    max_output_tokens: int | None = None
    tags: tuple[str, ...] = ()
    stand_ins: tuple[tuple[str, str], ...] = ()
    """See Constraints."""
    regions: Regions = None
    """See Constraints: the caller's own ones are in it."""
    key_models: frozenset[str] | None = None
    """See Constraints."""
    allow_internal: bool = False
    allow_pro: bool = False
    unpriced_usd: Decimal | None = None
    """See Constraints."""
    max_tier: CostTier | None = None
    paused_by: str = ""
    """See Constraints."""
    tested: tuple[int, str] | None = None
    leads: Leads | None = None
    """See Constraints."""


def with_ids(catalogue: Catalogue, asked: Asked, today: date, refuses_stand_ins: bool, field: str = "") -> Asked:
    """The same with ids in place of the names by which it asks for models, and with successors in place of retired ones.

    Raises UnknownModel, RetiredModel, WrongKind, each with the field: `candidates`, unless another one is given.
    """
    if asked.candidates is None and not asked.previous_model:
        return asked
    identifiers: dict[str, None] = {}
    stand_ins = []
    for at, name in enumerate(asked.candidates or ()):
        where = field or f"candidates[{at}]"
        model, stands_in = named(catalogue, name, today, field=where)
        if stands_in:
            if refuses_stand_ins:
                raise refusal(catalogue, name, model, where)
            stand_ins.append((model.id, name))
        identifiers[model.id] = None
    candidates = None if asked.candidates is None else tuple(identifiers)
    previous = catalogue.names.get(asked.previous_model or "", asked.previous_model)
    if candidates == asked.candidates and previous == asked.previous_model and not stand_ins:
        return asked
    return replace(asked, candidates=candidates, previous_model=previous, stand_ins=tuple(stand_ins))


def check(rankings: Rankings, asked: Asked) -> None:
    """That all it names is there, before anything is paid for. Raises UnknownModel, UnknownPolicy, UnknownTaskType."""
    policy = _policy(rankings.router, asked)
    if policy is not None and policy not in rankings.router.policies:
        raise UnknownPolicy(policy, rankings.router.policies)
    for at, name in enumerate(asked.candidates or ()):
        if name not in rankings.catalogue.models:
            raise UnknownModel(name, f"candidates[{at}]")


def select(
    rankings: Rankings, asked: Asked, preferences: Preferences, task: Task, now: datetime, enough: int | None = ENOUGH
) -> Decision:
    """The decision for what is asked, with the preferences that hold and the rules that fire. `enough` as decide() says.

    Raises UnknownModel, UnknownPolicy, UnknownTaskType.
    """
    router = rankings.router
    constraints = apply(
        preferences, constraints_of(asked, router), asked.priority, task, asked.tags, now, router.policies
    )
    return decide(rankings, task, constraints, now, enough)


def constraints_of(asked: Asked, router: RouterRelease) -> Constraints:
    """What the request itself asks, whoever asks. Raises UnknownTaskType."""
    return Constraints(
        previous_model=asked.previous_model or asked.session_model,
        keeps_model=bool(asked.session_model) and not asked.previous_model,
        shares_decision=asked.shares_decision,
        candidates=asked.candidates,
        policy=_policy(router, asked),
        max_cost_usd=asked.max_cost_usd,
        max_latency_ms=asked.max_latency_ms,
        max_output_tokens=asked.max_output_tokens,
        stand_ins=asked.stand_ins,
        regions=asked.regions,
        key_models=asked.key_models,
        allow_internal=asked.allow_internal,
        allow_pro=asked.allow_pro,
        unpriced_usd=asked.unpriced_usd,
        max_tier=asked.max_tier,
        paused_by=asked.paused_by,
        tested=asked.tested,
        leads=asked.leads,
    )


def _policy(router: RouterRelease, asked: Asked) -> str | None:
    """The name of the policy that is asked for, by itself or by a task type."""
    if asked.task_type and asked.task_type not in router.task_types:
        raise UnknownTaskType(asked.task_type, router.task_types)
    return asked.policy or router.task_types.get(asked.task_type)
