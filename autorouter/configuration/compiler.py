"""From the editable tables to the bundle of a router release."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from autorouter.configuration.release0 import BUNDLE
from autorouter.configuration.tunables import shapes
from autorouter.configuration.tunables.shapes import json_number
from autorouter.models import LearnedSuccess, Policy, PolicyShift, Profile, ProfileScore, RouterConfiguration, TaskType

LINE = "router"
"""The line of releases that these tables make."""
TAKEN = "is_static"
"""Marks a score that the tables lack and that is release 0's."""
Scores = dict[str, Any]
"""A profile as a bundle spells it, by dimension."""
STATIC_SCORES: Mapping[str, Scores] = {
    model: {name: {**score, TAKEN: True} for name, score in scores.items()}
    for model, scores in BUNDLE["profiles"].items()
}
TABLES = (RouterConfiguration, Profile, ProfileScore, Policy, TaskType, PolicyShift, LearnedSuccess)


def compile_bundle() -> dict[str, Any]:
    """The bundle that the tables would make now. Missing configuration reads as the defaults, a missing score as release 0's."""
    row = RouterConfiguration.objects.first() or RouterConfiguration()
    policies = Policy.objects.filter(is_active=True)
    shifts = current_shifts()
    return {
        "config": shapes.nest({name: getattr(row, name) for name in shapes.COLUMNS}),
        "profiles": _completed(
            {each.model: _profile_json(each) for each in Profile.objects.prefetch_related("scores")}
        ),
        "policies": {each.name: policy_json(each, shifts.get(each.name, {})) for each in policies},
        "task_types": dict(TaskType.objects.values_list("name", "policy")),
        **({"success": learned} if (learned := learned_success()) else {}),
    }


def _completed(own: Mapping[str, Scores]) -> dict[str, Scores]:
    """The profiles with every score that the tables lack as release 0 has it."""
    return {model: {**STATIC_SCORES.get(model, {}), **own.get(model, {})} for model in {*STATIC_SCORES, *own}}


def own_profiles(profiles: Mapping[str, Scores]) -> dict[str, Scores]:
    """A bundle's profiles without what was taken from release 0: what the tables have, or are to have."""
    own = {
        model: {name: score for name, score in scores.items() if not score.get(TAKEN)}
        for model, scores in profiles.items()
    }
    return {model: scores for model, scores in own.items() if scores or not profiles[model]}


def _profile_json(row: Profile) -> dict[str, Any]:
    return {
        score.dimension: {
            "value": json_number(score.value),
            "source": score.source,
            "dated": score.dated.isoformat(),
            "is_estimated": score.is_estimated,
        }
        for score in row.scores.all()
    }


def learned_success() -> dict[str, dict[str, Any]]:
    """By model, what was learned from outcomes and accepted."""
    rows = LearnedSuccess.objects.values_list("model", "kinds", "terms")
    return {model: {"kinds": kinds, "terms": terms} for model, kinds, terms in rows}


def current_shifts() -> dict[str, dict[str, int]]:
    """By policy and model, by how many places measured performance moved it."""
    found: dict[str, dict[str, int]] = {}
    for policy, model, places in PolicyShift.objects.values_list("policy", "model", "places"):
        found.setdefault(policy, {})[model] = places
    return found


def policy_json(row: Policy, shifts: Mapping[str, int]) -> dict[str, Any]:
    """A policy as a bundle spells it: the order that staff wrote, the places by which it is adjusted, if it is, when it is
    hedged and that complexity orders it, if so."""
    adjusted = {"shifts": dict(sorted(shifts.items()))} if shifts else {}
    hedged = {"hedge_after_ms": row.hedge_after_ms} if row.hedge_after_ms is not None else {}
    return {
        **adjusted,
        **hedged,
        **({"orders_by_complexity": True} if row.orders_by_complexity else {}),
        "version": row.version,
        "title": row.title,
        "models": row.model_ids,
        "max_cost_usd": _optional(row.max_cost_usd),
        "max_output_tokens": row.max_output_tokens,
        "temperature": _optional(row.temperature),
    }


def _optional(value: Decimal | None) -> float | int | None:
    return None if value is None else json_number(value)
