"""A router release as plain JSON, read into frozen values. Every rule is checked here, for all who load or publish.

A bundle is {"config": {...}, "profiles": {model: {dimension: score}}, "policies": {name: {...}}, "task_types": {name:
policy}}; a score is {"value", "source", "dated", "is_estimated"}. See autorouter/configuration/release0.json.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from autorouter.configuration.tunables import SETTINGS, SPEED_BONUS, WEIGHTS, Setting
from autorouter.decision.ordering import shifted
from autorouter.types import (
    CATEGORIES,
    COMPLEXITIES,
    COST_TIERS,
    Policy,
    Profile,
    RouterConfig,
    RouterRelease,
    Score,
)
from routerhub.releases.errors import InvalidRelease

SCORE = Setting(default=Decimal(70), low=Decimal(0), high=Decimal(100), unit="points")
MAX_COST = Setting(default=Decimal(1), low=Decimal(0), high=Decimal(1_000_000), unit="USD")
MAX_TOKENS = Setting(default=Decimal(4_000), low=Decimal(1), high=Decimal(10_000_000), unit="tokens")
VERSION = Setting(default=Decimal(1), low=Decimal(1), high=Decimal(1_000_000), unit="(version)")
TEMPERATURE = Setting(default=Decimal("0.7"), low=Decimal(0), high=Decimal(2), unit="(temperature)")
MAX_SOURCE, MAX_TEXT = 255, 1_000
PARTS = ("config", "profiles", "policies", "task_types")
DIMENSIONS = ("quality", *CATEGORIES)
NEWER: Mapping[str, Any] = {"classifies_with_model": False, "router_deadline_ms": 1_500}
"""What releases of an earlier version of the code do not say."""
Entry = TypeVar("Entry")


def read(bundle: Mapping[str, Any], number: int) -> RouterRelease:
    """Release `number` out of its bundle. Raises InvalidConfiguration with every problem."""
    reader = _Reader()
    for name in sorted(bundle.keys() - set(PARTS)):
        reader.problems[name] = f"there is no such part. Allowed: {', '.join(PARTS)}."
    release = RouterRelease(
        release=number,
        config=_config(reader, reader.mapping("config", bundle.get("config"))),
        profiles=reader.entries("profiles", bundle.get("profiles"), _profile),
        policies=reader.entries("policies", bundle.get("policies"), _policy),
        task_types=reader.entries("task_types", bundle.get("task_types"), _task_type),
    )
    for name, policy in release.task_types.items():
        if policy not in release.policies:
            reader.problems[f"task_types.{name}"] = f"there is no active policy {policy!r}."
    if reader.problems:
        raise InvalidRelease(reader.problems)
    return release


class _Reader:
    """Takes values out of a bundle and gathers every problem by its path. A wrong value reads as a harmless default."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def number(self, path: str, raw: object, setting: Setting) -> Decimal:
        """A number within the setting's range."""
        try:
            value = Decimal("NaN") if isinstance(raw, bool) else Decimal(str(raw))
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.problems[path] = f"{raw!r} is not a number from {setting.low} to {setting.high} {setting.unit}."
            return setting.default
        if problem := setting.problem(value):
            self.problems[path] = problem
        return value

    def optional(self, path: str, raw: object, setting: Setting) -> Decimal | None:
        return None if raw is None else self.number(path, raw, setting)

    def text(self, path: str, raw: object, most: int = MAX_TEXT) -> str:
        if isinstance(raw, str) and raw.strip() and len(raw) <= most and "\x00" not in raw:
            return raw
        self.problems[path] = f"{str(raw)[:60]!r} is not a text of 1 to {most:,} characters."
        return ""

    def day(self, path: str, raw: object) -> str:
        """A day as ISO text."""
        try:
            return date.fromisoformat(str(raw)).isoformat()
        except ValueError:
            self.problems[path] = f"{raw!r} is not a day such as 2026-11-21."
            return ""

    def flag(self, path: str, raw: object) -> bool:
        if not isinstance(raw, bool):
            self.problems[path] = f"{raw!r} is not true or false."
        return raw is True

    def mapping(self, path: str, raw: object) -> Mapping[str, Any]:
        if isinstance(raw, Mapping):
            return raw
        self.problems[path] = f"{raw!r} is not an object."
        return {}

    def entries(self, path: str, raw: object, entry: "Callable[[_Reader, str, str, Any], Entry]") -> dict[str, Entry]:
        """Every entry of an object, read with its own path and name."""
        return {name: entry(self, f"{path}.{name}", name, each) for name, each in self.mapping(path, raw).items()}


def _config(reader: _Reader, raw: Mapping[str, Any]) -> RouterConfig:
    raw = {**NEWER, **raw}
    number = {name: reader.number(f"config.{name}", raw.get(name), SETTINGS[name]) for name in SETTINGS}
    if number["cheap_below"] > number["mid_below"]:
        reader.problems["config.cheap_below"] = f"{number['cheap_below']} is above mid_below, {number['mid_below']}."
    for name in sorted(
        raw.keys() - {*SETTINGS, "tier_weights", "speed_bonuses", "router_model", "classifies_with_model"}
    ):
        reader.problems[f"config.{name}"] = "there is no such setting."
    weights = reader.mapping("config.tier_weights", raw.get("tier_weights"))
    return RouterConfig(
        stickiness_bonus=number["stickiness_bonus"],
        reasoning_bonus=number["reasoning_bonus"],
        research_bonus=number["research_bonus"],
        simple_penalty=number["simple_penalty"],
        complex_threshold=number["complex_threshold"],
        complex_multiplier=number["complex_multiplier"],
        cheap_below=number["cheap_below"],
        mid_below=number["mid_below"],
        tier_weights=_tier_weights(reader, weights),
        speed_bonuses=reader.entries("config.speed_bonuses", raw.get("speed_bonuses"), _speed_bonus),
        router_model=reader.text("config.router_model", raw.get("router_model")),
        router_max_retries=int(number["router_max_retries"]),
        context_buffer=number["context_buffer"],
        long_context_threshold=int(number["long_context_threshold"]),
        classifies_with_model=reader.flag("config.classifies_with_model", raw["classifies_with_model"]),
        router_deadline_ms=int(number["router_deadline_ms"]),
    )


def _tier_weights(reader: _Reader, raw: Mapping[str, Any]) -> Any:
    """By complexity, then tier. A pair that is missing stays missing: scoring has a weight for that."""
    for complexity in raw.keys() - set(COMPLEXITIES):
        reader.problems[f"config.tier_weights.{complexity}"] = f"allowed: {', '.join(COMPLEXITIES)}."
    return {
        complexity: {
            tier: reader.number(f"config.tier_weights.{complexity}.{tier}", by_tier[tier], WEIGHTS[complexity, tier])
            for tier in COST_TIERS
            if tier in by_tier
        }
        for complexity in COMPLEXITIES
        if (by_tier := reader.mapping(f"config.tier_weights.{complexity}", raw.get(complexity, {}))) is not None
    }


def _speed_bonus(reader: _Reader, path: str, pattern: str, raw: object) -> Decimal:
    if not pattern or pattern != pattern.lower():
        reader.problems[path] = "a pattern is lower case and not empty."
    return reader.number(path, raw, SPEED_BONUS)


def _profile(reader: _Reader, path: str, name: str, raw: object) -> Profile:
    for unknown in sorted(reader.mapping(path, raw).keys() - set(DIMENSIONS)):
        reader.problems[f"{path}.{unknown}"] = f"allowed: {', '.join(DIMENSIONS)}."
    scores = reader.entries(path, raw, _score)
    return Profile(
        model=name,
        quality=scores.get("quality"),
        categories={category: scores[category] for category in CATEGORIES if category in scores},
    )


def _score(reader: _Reader, path: str, _name: str, raw: object) -> Score:
    given = reader.mapping(path, raw)
    return Score(
        value=reader.number(f"{path}.value", given.get("value"), SCORE),
        source=reader.text(f"{path}.source", given.get("source"), MAX_SOURCE),
        dated=reader.day(f"{path}.dated", given.get("dated")),
        is_estimated=bool(given.get("is_estimated", False)),
    )


def _policy(reader: _Reader, path: str, name: str, raw: object) -> Policy:
    given = reader.mapping(path, raw)
    models = given.get("models")
    if not isinstance(models, list) or not models or not all(isinstance(each, str) for each in models):
        reader.problems[f"{path}.models"] = f"{models!r} is not a list of at least one model id."
        models = []
    tokens = reader.optional(f"{path}.max_output_tokens", given.get("max_output_tokens"), MAX_TOKENS)
    shifts = given.get("shifts", {})
    if not isinstance(shifts, Mapping) or not all(isinstance(each, int) for each in shifts.values()):
        reader.problems[f"{path}.shifts"] = f"{shifts!r} is not an object of model id to places."
        shifts = {}
    return Policy(
        name=name,
        version=int(reader.number(f"{path}.version", given.get("version", 1), VERSION)),
        title=reader.text(f"{path}.title", given.get("title")),
        models=shifted(models, {model: places for model, places in shifts.items() if model in models}),
        max_cost_usd=reader.optional(f"{path}.max_cost_usd", given.get("max_cost_usd"), MAX_COST),
        max_output_tokens=None if tokens is None else int(tokens),
        temperature=reader.optional(f"{path}.temperature", given.get("temperature"), TEMPERATURE),
    )


def _task_type(reader: _Reader, path: str, _name: str, raw: object) -> str:
    return reader.text(path, raw)
