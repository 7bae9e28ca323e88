"""From the editable tables to the bundle of a router release."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from autorouter.configuration.tunables import shapes
from autorouter.configuration.tunables.shapes import json_number
from autorouter.models import Policy, PolicyShift, Profile, ProfileScore, RouterConfiguration, TaskType

LINE = "router"
"""The line of releases that these tables make."""
TABLES = (RouterConfiguration, Profile, ProfileScore, Policy, TaskType, PolicyShift)


def compile_bundle() -> dict[str, Any]:
    """The bundle that the tables would make now. Missing configuration reads as the defaults."""
    row = RouterConfiguration.objects.first() or RouterConfiguration()
    policies = Policy.objects.filter(is_active=True)
    shifts = current_shifts()
    return {
        "config": shapes.nest({name: getattr(row, name) for name in shapes.COLUMNS}),
        "profiles": {each.model: _profile_json(each) for each in Profile.objects.prefetch_related("scores")},
        "policies": {each.name: policy_json(each, shifts.get(each.name, {})) for each in policies},
        "task_types": dict(TaskType.objects.values_list("name", "policy")),
    }


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


def current_shifts() -> dict[str, dict[str, int]]:
    """By policy and model, by how many places measured performance moved it."""
    found: dict[str, dict[str, int]] = {}
    for policy, model, places in PolicyShift.objects.values_list("policy", "model", "places"):
        found.setdefault(policy, {})[model] = places
    return found


def policy_json(row: Policy, shifts: Mapping[str, int]) -> dict[str, Any]:
    """A policy as a bundle spells it: the order that staff wrote, and the places by which it is adjusted, if it is."""
    adjusted = {"shifts": dict(sorted(shifts.items()))} if shifts else {}
    return {
        **adjusted,
        "version": row.version,
        "title": row.title,
        "models": row.model_ids,
        "max_cost_usd": _optional(row.max_cost_usd),
        "max_output_tokens": row.max_output_tokens,
        "temperature": _optional(row.temperature),
    }


def _optional(value: Decimal | None) -> float | int | None:
    return None if value is None else json_number(value)
