"""What a user's rules did over recent traffic: how often each fired, and how often it sent a request elsewhere."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from analytics.models import Record
from autorouter import availability_facts
from autorouter.decision import decision_json
from autorouter.decision.firing import RuleSet
from autorouter.decision.rules import Rule
from autorouter.people.preferences import Preferences
from autorouter.types import Constraints
from experiments.replay import backtest, comparing
from experiments.replay.traffic import Slice, records
from experiments.types import Situation
from models_registry.types import Availability, Usage

MAX_REQUESTS = 1_000
LAST = Slice(limit=MAX_REQUESTS)
NOTHING = Usage(input_tokens=0, output_tokens=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One rule over the user's last requests."""

    rule: str
    requests: int
    fired: int
    moved: int
    """Requests that would have got another model without this rule."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A recorded request, with its constraints as they are without any rule."""

    situation: Situation
    tags: Sequence[str]


def effects(user_id: int, own: Preferences, chosen: Slice = LAST) -> list[Effect]:
    """Every rule of the user, as it is written now, over the requests of the user in a slice."""
    catalogue, router = backtest.load(backtest.Pair())
    replay = comparing.Replay(catalogue, router)
    asked = _asked(replace(chosen, user_id=user_id), own)
    with_all = _with_rules(asked, own.rules, router.policies)
    models = replay.choices(with_all)
    found = []
    for rule in own.rules:
        others = [each for each in own.rules if each is not rule]
        without = replay.choices(_with_rules(asked, others, router.policies))
        found.append(
            Effect(
                rule=rule.name,
                requests=len(asked),
                fired=sum(rule.name in each.constraints.rules for each in with_all),
                moved=sum(one != other for one, other in zip(models, without, strict=True)),
            )
        )
    return found


def _asked(chosen: Slice, own: Preferences) -> list[Asked]:
    rows = list(records(chosen)[: chosen.limit])
    facts = availability_facts.read_all(row.decision["availability"] for row in rows)
    return [
        Asked(situation=_situation(row, facts[row.decision["availability"]], own), tags=row.tags)
        for row in rows
        if row.decision["availability"] in facts
    ]


def _situation(row: Record, availability: Availability, own: Preferences) -> Situation:
    return Situation(
        at=row.created_at,
        task=decision_json.task_of(row.decision["task"]),
        constraints=_without_rules(decision_json.constraints_of(row.decision["constraints"]), own),
        availability=availability,
        usage=NOTHING,
    )


def _with_rules(asked: Sequence[Asked], rules: Sequence[Rule], policies: Container[str]) -> list[Situation]:
    """The requests with these rules in place of those that were then."""
    ruleset = RuleSet(rules)
    found = []
    for each in asked:
        situation = each.situation
        effect = ruleset.effect(situation.task, each.tags, situation.at, policies)
        found.append(replace(situation, constraints=effect.on(situation.constraints)))
    return found


def _without_rules(constraints: Constraints, own: Preferences) -> Constraints:
    """What is left of recorded constraints when what rules add is taken away. A policy that a rule chose is taken away too."""
    by_rule = {rule.policy for rule in own.rules if rule.name in constraints.rules}
    return replace(
        constraints,
        rules=(),
        allowed=(),
        blocked_models=frozenset(),
        preferred_models=frozenset(),
        blocked_providers=own.blocked_providers,
        preferred_providers=own.preferred_providers,
        policy=None if constraints.policy in by_rule else constraints.policy,
    )
