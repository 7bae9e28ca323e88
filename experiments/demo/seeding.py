"""The demonstration put into the database: companies with people, keys and limits, and a month of requests in the same tables, by
the same functions, as the gateway's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from random import Random

from django.db.models import Max, Min

from analytics.models import HourFigures, Record
from analytics.windows import rolling
from autorouter import availability_facts
from autorouter.classification.classify import read_locally
from autorouter.decision import decision_json
from autorouter.decision.ranking import Rankings
from autorouter.encoder import reading
from autorouter.people.preferences import NONE, Preferences
from autorouter.select import Asked, select
from autorouter.types import Decision, RouterConfig, Task
from budgets.demonstration import staff
from budgets.demonstration.types import Badge, Hired
from budgets.forecasting import hours
from budgets.types import to_nano
from experiments.demo import writing
from experiments.demo.answering import Answered, answer, incident
from experiments.demo.company import COMPANIES, Person
from experiments.demo.traffic import Ask, asks
from experiments.demo.writing import Turn
from experiments.errors import AlreadySeeded
from experiments.replay.backtest import Pair, load
from models_registry.types import Availability
from routerhub.audit.change import Change

DAYS_BEFORE = 27
"""With the day on which it ends, four weeks: as much as pages show at first."""
AT_ONCE = 1_000
CELL = timedelta(minutes=15)
TROUBLED = "google"
"""The provider of the incident."""
AS_SHIPPED = RouterConfig()
SANDBOX = Availability(providers=frozenset(), sandbox=True)
AGENTS = {"": "openai-python/2.8.1", "agent": "claude-cli/2.1.4", "fix": "codex-cli/0.71.0"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Seeded:
    """What a run put in."""

    requests: int
    accounts: int
    people: int


def seed(number: int, until: datetime, count: int, change: Change) -> Seeded:
    """Four weeks until a moment, the same for the same number and moment. Raises AlreadySeeded."""
    if staff.is_there():
        raise AlreadySeeded
    badges = {
        (each.slug, who): badge
        for each in COMPANIES
        for who, badge in staff.hire(each.slug, each.name, each.zone, map(_hired, each.people), change).items()
    }
    writing.keep_preferences(_preferred(badges), change)
    writing.make_partitions(_since(until), until)
    turns, written = _turns(number, until, count, badges), 0
    while some := list(islice(turns, AT_ONCE)):
        writing.write(some)
        written += len(some)
    for each in COMPANIES:
        staff.bind(each.slug, each.bounds, change)
    rolling.roll_up()
    hours.roll_up()
    return Seeded(requests=written, accounts=len(COMPANIES), people=sum(len(each.people) for each in COMPANIES))


def _since(until: datetime) -> datetime:
    return (until - timedelta(days=DAYS_BEFORE)).replace(hour=0, minute=0, second=0, microsecond=0)


def remove(change: Change) -> int:
    """Take it away, from the figures of the whole site too. Returns how many accounts there were."""
    records = Record.objects.filter(account_id__in=(ids := staff.ids()))
    bounds = records.aggregate(first=Min("created_at"), last=Max("created_at"))
    records.delete()
    if bounds["first"]:
        rolling.recompute(bounds["first"] - CELL, bounds["last"] + CELL, accounts=ids, may_shrink=True)
    removed = staff.dismiss(change)
    HourFigures.objects.all().delete()
    return removed


def _preferred(badges: Mapping[tuple[str, str], Badge]) -> dict[int, tuple[str, ...]]:
    """The providers that people prefer, by their ids."""
    found = {badges[each.slug, who.username].user_id: who.prefers for each in COMPANIES for who in each.people}
    return {user: providers for user, providers in found.items() if user is not None and providers}


def _hired(person: Person) -> Hired:
    return Hired(username=person.username, first_name=person.first_name, last_name=person.last_name, role=person.role)


def _turns(number: int, until: datetime, count: int, badges: Mapping[tuple[str, str], Badge]) -> Iterator[Turn]:
    """Every request decided for and answered, oldest first."""
    catalogue, router = load(Pair())
    rankings = Rankings(catalogue=catalogue, router=router, availability=SANDBOX)
    digest = availability_facts.keep(SANDBOX)
    random = Random(number + 1)  # noqa: S311 - the same each time is what it is for
    began, ended = incident(until)
    session_models: dict[str, str] = {}
    for ask in asks(number, _since(until), until, count):
        decision = _decide(rankings, ask, session_models.get(ask.session))
        answered = answer(ask, decision, catalogue, began <= ask.at < ended, TROUBLED, random)
        if ask.session and answered.facts.outcome == "success":
            session_models[ask.session] = answered.facts.model
        yield _turn(
            ask,
            decision,
            answered,
            badges[ask.company.slug, ask.person.username if ask.person else staff.SERVICE],
            digest,
            random,
        )


def _decide(rankings: Rankings, ask: Ask, session_model: str | None) -> Decision:
    work = ask.work
    task = _task(ask.prompt, work.needs_tools, work.is_stream)
    asked = Asked(
        policy=work.policy or None, task_type=work.task_type, candidates=None if work.model == "auto" else (work.model,),
        priority=work.priority or None, session_model=session_model, tags=ask.tags,  # type: ignore[arg-type]
    )  # fmt: skip
    wishes = Preferences(preferred_providers=frozenset(ask.person.prefers)) if ask.person else NONE
    return select(rankings, asked, wishes, replace(task, input_tokens=task.input_tokens + ask.context_tokens), ask.at)


@cache
def _task(prompt: str, needs_tools: bool, is_stream: bool) -> Task:
    """As a request of now would be read: where there is an encoder, it is asked too."""
    read = read_locally([{"role": "user", "content": prompt}], tools=needs_tools, stream=is_stream)
    return reading.task_of(read, AS_SHIPPED)


def _turn(ask: Ask, decision: Decision, answered: Answered, badge: Badge, digest: str, random: Random) -> Turn:
    work, constraints = ask.work, decision.constraints
    chosen = decision.candidates[0] if decision.candidates else None
    request = {
        "operation_id": str(ask.operation_id), "created_at": ask.at.isoformat(), "account_id": badge.account_id,
        "key_id": badge.key_id, "user_id": badge.user_id,
        "requested_model": f"policy:{work.policy}" if work.policy else work.model,
        "model": chosen.model if chosen else "", "policy": constraints.policy or "", "task_type": work.task_type,
        **decision_json.task_columns(decision.task), "priority": constraints.priority,
        "session": ask.session, "tags": ask.tags, "is_sandbox": True, "is_stream": work.is_stream,
        "cost_estimated_nano": to_nano(chosen.estimated_cost_usd) if chosen else 0,
        "catalogue_release": decision.catalogue_release, "router_release": decision.router_release,
        "decision": writing.raw(decision_json.dumps(decision, digest)), "ip": ask.ip,
        "user_agent": AGENTS.get(work.name, AGENTS[""]), "scopes": _scopes(ask, decision, answered, badge),
        "task_id": ask.task_id, "worker": work.worker,
        "metadata": {"ticket": f"T-{random.randrange(1_000, 9_999)}"} if work.worker == "ticket-triage" else {},
    }  # fmt: skip
    return Turn(ask=ask, request=request, answered=answered, satisfaction=_satisfaction(answered, random))


def _scopes(ask: Ask, decision: Decision, answered: Answered, badge: Badge) -> list[str]:
    """As the gateway names them."""
    facts, policy = answered.facts, decision.constraints.policy
    found = [
        "site:",
        f"account:{badge.account_id}",
        f"key:{badge.key_id}",
        f"model:{facts.model}",
        f"provider:{facts.provider}",
    ]
    named = {
        "user": badge.user_id,
        "policy": policy,
        "worker": ask.work.worker,
        "session": ask.session,
        "task": ask.task_id,
    }
    found += [f"{kind}:{subject}" for kind, subject in named.items() if subject]
    return [*found, *(f"tag:{tag}" for tag in ask.tags)]


def _satisfaction(answered: Answered, random: Random) -> float | None:
    """What one in sixteen says of an answer: better of one that came soon."""
    if answered.facts.outcome != "success" or random.random() > 0.06:
        return None
    is_late = answered.facts.latency_ms > 12_000
    return random.choices((0.0, 0.5, 1.0), (4, 2, 4) if is_late else (1, 1, 8))[0]
