from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from autorouter.configuration.bundles import read
from autorouter.configuration.tunables.shapes import DEFAULTS
from routerhub.releases.errors import InvalidRelease

GOOD: dict[str, Any] = {
    "config": {
        **DEFAULTS,
        "tier_weights": {"simple": {"cheap": 0.6, "mid": 0.25, "premium": 0.15}},
    },
    "profiles": {"a:b": {"coding": {"value": 88.25, "source": "made up", "dated": "2026-01-01"}}},
    "policies": {"ops": {"version": 2, "title": "Ops", "models": ["a:b"], "max_cost_usd": 0.01}},
    "task_types": {"simple_query": "ops"},
}


def broken(path: str, value: object) -> dict[str, Any]:
    bundle = deepcopy(GOOD)
    *parents, last = path.split("/")
    place = bundle
    for parent in parents:
        place = place[parent]
    place[last] = value
    return bundle


def test_numbers_are_read_exactly() -> None:
    release = read(GOOD, 4)
    assert release.release == 4
    assert release.config.simple_penalty == Decimal("0.7")
    assert release.config.tier_weights == {
        "simple": {"cheap": Decimal("0.6"), "mid": Decimal("0.25"), "premium": Decimal("0.15")},
        "moderate": {},
        "complex": {},
    }
    assert release.profiles["a:b"].categories["coding"].value == Decimal("88.25")
    assert release.profiles["a:b"].quality is None
    assert release.policies["ops"].max_cost_usd == Decimal("0.01")
    assert release.task_types == {"simple_query": "ops"}


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("config/stickiness_bonus", 101, "config.stickiness_bonus"),
        ("config/stickiness_bonus", True, "config.stickiness_bonus"),
        ("config/stickiness_bonus", "NaN", "config.stickiness_bonus"),
        ("config/stickiness_bonus", None, "config.stickiness_bonus"),
        ("config/cheap_below", 6, "config.cheap_below"),
        ("config/surprise", 1, "config.surprise"),
        ("config/tier_weights/simple", {"cheap": 1.01}, "config.tier_weights.simple.cheap"),
        ("config/tier_weights/odd", {}, "config.tier_weights.odd"),
        ("config/speed_bonuses/Flash", 8, "config.speed_bonuses.Flash"),
        ("config/speed_bonuses/flash", 1000, "config.speed_bonuses.flash"),
        ("config/router_model", "", "config.router_model"),
        ("profiles/a:b/coding/value", 101, "profiles.a:b.coding.value"),
        ("profiles/a:b/coding/source", "", "profiles.a:b.coding.source"),
        ("profiles/a:b/luck", {"value": 1, "source": "x", "dated": "2026-01-01"}, "profiles.a:b.luck"),
        ("policies/ops/models", [], "policies.ops.models"),
        ("policies/ops/temperature", 3, "policies.ops.temperature"),
        ("policies/ops/orders_by_complexity", "yes", "policies.ops.orders_by_complexity"),
        ("policies/ops/hedge_after_ms", 0, "policies.ops.hedge_after_ms"),
        ("policies/ops/hedge_after_ms", 0.5, "policies.ops.hedge_after_ms"),
        ("policies/ops/hedge_after_ms", 600_001, "policies.ops.hedge_after_ms"),
        ("task_types/simple_query", "nothing", "task_types.simple_query"),
        ("profiles", [], "profiles"),
    ],
)
def test_a_broken_rule_is_refused_by_the_path_of_its_value(path: str, value: object, problem: str) -> None:
    with pytest.raises(InvalidRelease) as caught:
        read(broken(path, value), 1)
    assert set(caught.value.problems) == {problem}


def test_all_problems_are_told_at_once() -> None:
    bundle = broken("config/stickiness_bonus", -1)
    bundle["policies"]["ops"]["models"] = []
    with pytest.raises(InvalidRelease, match=r"stickiness_bonus.*policies\.ops\.models"):
        read(bundle, 1)
