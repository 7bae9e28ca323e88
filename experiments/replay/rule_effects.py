"""What a user's rules did over recent traffic: how often each fired, and how often it sent a request elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analytics.models import Record
from autorouter.decision import decision_json, rules
from autorouter.people.preferences import Preferences
from autorouter.types import Constraints
from experiments.replay import backtest, comparing
from experiments.replay.traffic import Slice, records
from experiments.types import Situation
from models_registry.types import Usage

MOST = 1_000
NOTHING = Usage(input_tokens=0, output_tokens=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One rule over the user's last requests."""

    rule: str
    requests: int
    fired: int
    moved: int
    """Requests that would have got another model without this rule."""


def effects(user_id: int, own: Preferences, chosen: Slice | None = None) -> list[Effect]:
    """Every rule of the user, as it is written now, over the requests of the user in a slice."""
    catalogue, router = backtest.load(backtest.Pair())
    rows = list(records(replace(chosen or Slice(limit=MOST), user_id=user_id))[: (chosen or Slice(limit=MOST)).limit])
    with_all = [_situation(row, own, own.rules) for row in rows]
    chosen_models = comparing.choices(with_all, catalogue, router)
    found = []
    for rule in own.rules:
        others = [each for each in own.rules if each is not rule]
        without = comparing.choices([_situation(row, own, others) for row in rows], catalogue, router)
        found.append(
            Effect(
                rule=rule.name,
                requests=len(rows),
                fired=sum(rule.name in each.constraints.rules for each in with_all),
                moved=sum(one != other for one, other in zip(chosen_models, without, strict=True)),
            )
        )
    return found


def _situation(row: Record, own: Preferences, with_rules: Sequence[rules.Rule]) -> Situation:
    """The request of a record, with these rules in place of those that were then."""
    raw = row.decision
    task, asked = (
        decision_json.task_of(raw["task"]),
        _without_rules(decision_json.constraints_of(raw["constraints"]), own),
    )
    constraints = rules.apply(with_rules, asked, task, row.tags, row.created_at)
    return Situation(
        at=row.created_at,
        task=task,
        constraints=constraints,
        availability=decision_json.availability_of(raw["availability"]),
        usage=NOTHING,
    )


def _without_rules(constraints: Constraints, own: Preferences) -> Constraints:
    """What is left of a recorded wish when what rules add is taken away. A policy that a rule chose is taken away too."""
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
