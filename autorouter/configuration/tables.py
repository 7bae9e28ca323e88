"""From a router bundle back to the editable tables: for seeds, imports and rollbacks. Nothing is published here."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from autorouter.configuration import bundles, compiler
from autorouter.configuration.tunables import shapes
from autorouter.configuration.tunables.kinds import Number, Scalar
from autorouter.decision.scoring import UNKNOWN_WEIGHT
from autorouter.models import LearnedSuccess, Policy, PolicyShift, Profile, ProfileScore, RouterConfiguration, TaskType
from routerhub.audit import history
from routerhub.audit.change import Change

Facts = dict[str, Any]


@transaction.atomic
def write(target: Facts, change: Change) -> None:
    """Make the tables say what `target` says. Raises InvalidRelease; nothing is written then."""
    bundles.read(target, number=0)
    before = compiler.compile_bundle()
    if target["config"] != before["config"] or not RouterConfiguration.objects.exists():
        _write_config(target["config"], change)
    _write_profiles(compiler.own_profiles(before["profiles"]), compiler.own_profiles(target["profiles"]), change)
    _write_policies(before["policies"], target["policies"], change)
    _write_task_types(target["task_types"], change)
    _write_learned(before.get("success", {}), target.get("success", {}), change)


def _write_config(config: Facts, change: Change) -> None:
    row = RouterConfiguration.objects.first() or RouterConfiguration(pk=1)
    for name, value in shapes.flatten(config).items():
        setattr(row, name, _column_value(shapes.COLUMNS[name].kind, value))
    history.stamp(row, change)
    row.save()


def _column_value(kind: Scalar, value: Any) -> Any:
    """What the column says. It cannot say nothing: a weight that the bundle lacks is written as what it counts."""
    if not isinstance(kind, Number):
        return value
    return kind.exact(UNKNOWN_WEIGHT if value is None else Decimal(str(value)))


def _write_profiles(before: Mapping[str, Facts], target: Mapping[str, Facts], change: Change) -> None:
    gone = before.keys() - target.keys()
    history.delete(list(Profile.objects.filter(model__in=gone)), change)
    changed = {model: scores for model, scores in target.items() if scores != before.get(model)}
    rows = {row.model: row for row in Profile.objects.filter(model__in=changed)}
    fresh = history.create([Profile(model=model) for model in changed if model not in rows], change)
    rows |= {row.model: row for row in fresh}
    there = {
        (score.profile.model, score.dimension): score
        for score in ProfileScore.objects.filter(profile__model__in=changed).select_related("profile")
    }
    wanted = {
        (model, name): scores[name]
        for model, scores in changed.items()
        for name in bundles.DIMENSIONS
        if name in scores
    }
    history.delete([score for key, score in there.items() if key not in wanted], change)
    new, moved = [], []
    for (model, dimension), facts in wanted.items():
        old = there.get((model, dimension))
        row = _score(old or ProfileScore(profile=rows[model], dimension=dimension), facts)
        if old is None:
            new.append(row)
        elif before[model].get(dimension) != facts:
            moved.append(row)
    history.create(new, change)
    history.update(moved, ["value", "source", "dated", "is_estimated"], change)


def _score(row: ProfileScore, facts: Facts) -> ProfileScore:
    row.value = Decimal(str(facts["value"]))
    row.source, row.dated = facts["source"], date.fromisoformat(facts["dated"])
    row.is_estimated = facts["is_estimated"]
    return row


def _write_policies(before: Mapping[str, Facts], target: Mapping[str, Facts], change: Change) -> None:
    """The active version of each policy. A version that is there is switched on; what is new becomes the next version."""
    for name in before.keys() | target.keys():
        if before.get(name) == target.get(name):
            continue
        versions = list(Policy.objects.filter(name=name).order_by("version"))
        for row in versions:
            if row.is_active:
                row.is_active = False
                history.stamp(row, change)
                row.save()
        if name in target:
            _activate(name, target[name], versions, change)
        _write_shifts(name, target.get(name, {}).get("shifts", {}), change)


def _activate(name: str, facts: Facts, versions: list[Policy], change: Change) -> None:
    own = {key: value for key, value in facts.items() if key != "shifts"}
    row = next((each for each in versions if compiler.policy_json(each, {}) == own), None)
    if row is None:
        newest = versions[-1].version if versions else 0
        version = facts["version"] if facts["version"] > newest else newest + 1
        row = Policy(name=name, version=version, title=facts["title"], model_ids=facts["models"])
        row.max_cost_usd = _decimal(facts["max_cost_usd"])
        row.max_output_tokens = facts["max_output_tokens"]
        row.temperature = _decimal(facts["temperature"])
        row.hedge_after_ms = facts.get("hedge_after_ms")
        row.orders_by_complexity = facts.get("orders_by_complexity", False)
    row.is_active = True
    history.stamp(row, change)
    row.save()


def _write_shifts(policy: str, places: Mapping[str, int], change: Change) -> None:
    rows = {row.model: row for row in PolicyShift.objects.filter(policy=policy)}
    history.delete([row for model, row in rows.items() if model not in places], change)
    fresh = [model for model in places if model not in rows]
    history.create(
        [PolicyShift(policy=policy, model=model, places=places[model], since=now()) for model in fresh], change
    )
    moved = [row for model, row in rows.items() if model in places and row.places != places[model]]
    for row in moved:
        row.places = places[row.model]
    history.update(moved, ["places"], change)


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _write_task_types(target: Mapping[str, str], change: Change) -> None:
    rows = {row.name: row for row in TaskType.objects.all()}
    history.delete([row for name, row in rows.items() if name not in target], change)
    history.create([TaskType(name=name, policy=policy) for name, policy in target.items() if name not in rows], change)
    moved = []
    for name, policy in target.items():
        if name in rows and rows[name].policy != policy:
            rows[name].policy = policy
            moved.append(rows[name])
    history.update(moved, ["policy"], change)


def _write_learned(before: Mapping[str, Facts], target: Mapping[str, Facts], change: Change) -> None:
    rows = {row.model: row for row in LearnedSuccess.objects.all()}
    history.delete([row for model, row in rows.items() if model not in target], change)
    fresh = [LearnedSuccess(model=model, **facts) for model, facts in target.items() if model not in rows]
    history.create(fresh, change)
    moved = [model for model, facts in target.items() if model in rows and before[model] != facts]
    for model in moved:
        rows[model].kinds, rows[model].terms = target[model]["kinds"], target[model]["terms"]
    history.update([rows[model] for model in moved], ["kinds", "terms"], change)
