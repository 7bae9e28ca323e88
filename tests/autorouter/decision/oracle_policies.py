"""The plain specification of a policy that goes by complexity: docs/router.md, "Policies"."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from autorouter.types import Policy, Task

Facts = Mapping[str, tuple[Decimal, Decimal]]
"""Mean price and quality of each model of the policy that there is, by id."""


def first(policy: Policy | None, task: Task) -> Any:
    if policy is None or not policy.orders_by_complexity or task.complexity == "moderate":
        return ""
    return "cheapest" if task.complexity == "simple" else "strongest"


def tried(policy: Policy, task: Task, facts: Facts) -> list[str]:
    """Ids in the order in which they are tried."""
    by_price = sorted(facts, key=lambda name: (facts[name][0], name))
    if first(policy, task) == "cheapest":
        return moved(by_price, dict(policy.shifts))
    if first(policy, task) == "strongest":
        return moved(sorted(by_price, key=lambda name: -facts[name][1]), dict(policy.shifts))
    return [name for name in policy.models if name in facts]


def moved(names: list[str], places: Mapping[str, int]) -> list[str]:
    """Each by its places, past whoever stands there; those that meet stay as they were."""
    aims = [
        2 * at + 2 * by + (by > 0) - (by < 0) if (by := places.get(name, 0)) else 2 * at
        for at, name in enumerate(names)
    ]
    return [names[at] for at in sorted(range(len(names)), key=lambda at: (aims[at], at))]
