"""Custom rules: conditions on a request, and one effect each. Plain data, never code. Pure.

A rule is {"name", "when": {...}, "then": {...}}. `when` holds for a request that fits every condition it names; `then` is
one effect. Which of them fire, and what they say together, tells autorouter.decision.firing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from autorouter.types import CATEGORIES, COMPLEXITIES

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EFFECTS = ("allow", "block", "prefer", "policy")
CONDITIONS = ("category", "complexity", "min_tokens", "max_tokens", "from_hour", "until_hour", "weekday", "tag")
MAX_RULES, MAX_NAMES = 50, 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Providers and model ids that an effect is about. A model fits if either names it."""

    providers: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()


NOBODY = Names()


@dataclass(frozen=True, kw_only=True, slots=True)
class When:
    """What a request must be. Empty and None: any."""

    category: frozenset[str] = frozenset()
    complexity: frozenset[str] = frozenset()
    min_tokens: int | None = None
    max_tokens: int | None = None
    from_hour: int | None = None
    """Hours are UTC, 0 to 23; `until_hour` is not part of it, and may lie before `from_hour`: over midnight."""
    until_hour: int | None = None
    weekday: frozenset[str] = frozenset()
    tag: frozenset[str] = frozenset()
    """At least one of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule. Exactly one of the effects is there."""

    name: str
    when: When
    allow: Names | None = None
    block: Names | None = None
    prefer: Names | None = None
    policy: str | None = None


class InvalidRules(ValueError):
    """Rules that cannot be read; carries every problem by its path."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{path}: {problem}" for path, problem in problems.items()))
        self.problems = dict(problems)


def read(raw: object) -> tuple[Rule, ...]:
    """Rules out of JSON values. Raises InvalidRules with every problem by its path."""
    problems: dict[str, str] = {}
    if not isinstance(raw, list) or len(raw) > MAX_RULES:
        raise InvalidRules({"rules": f"write a list of at most {MAX_RULES} rules."})
    rules = [_rule(f"rules[{at}]", each, problems) for at, each in enumerate(raw)]
    names = [rule.name for rule in rules]
    for at, name in enumerate(names):
        if name in names[:at] and f"rules[{at}].name" not in problems:
            problems[f"rules[{at}].name"] = f"{name!r} is the name of another rule."
    if problems:
        raise InvalidRules(problems)
    return tuple(rules)


def problems(rules: Sequence[Rule], known: Names) -> dict[str, str]:
    """What of rules that can be read makes no sense, by its path: asked when they are saved. `known` is all there is."""
    found = {}
    for at, rule in enumerate(rules):
        path, when = f"rules[{at}]", rule.when
        if when.min_tokens is not None and when.max_tokens is not None and when.min_tokens > when.max_tokens:
            found[f"{path}.when.min_tokens"] = f"{when.min_tokens:,} is above max_tokens, {when.max_tokens:,}."
        for effect in EFFECTS[:3]:
            names = getattr(rule, effect) or NOBODY
            for kind in ("providers", "models"):
                if unknown := sorted(getattr(names, kind) - getattr(known, kind)):
                    found[f"{path}.then.{effect}.{kind}"] = f"There is no {kind[:-1]} {', '.join(map(repr, unknown))}."
        if not all(text.isprintable() and text.strip() for text in (rule.name, *when.tag)):
            found[path] = "its name and tags are printable texts, and not blank."
    return found


def named(rules: Sequence[Rule]) -> Names:
    """Every provider and model that rules name."""
    return together([names for rule in rules for names in (rule.allow, rule.block, rule.prefer) if names])


def together(names: Sequence[Names]) -> Names:
    return Names(
        providers=frozenset[str]().union(*(each.providers for each in names)),
        models=frozenset[str]().union(*(each.models for each in names)),
    )


def with_ids(raw: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rules that can be read, with ids in place of the names by which they mean models; a name that means none stays."""
    return [{**rule, "then": {kind: _by_id(effect, names) for kind, effect in rule["then"].items()}} for rule in raw]


def _by_id(effect: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(effect, Mapping) or "models" not in effect:
        return effect
    models = [effect["models"]] if isinstance(effect["models"], str) else effect["models"]
    return {**effect, "models": list(dict.fromkeys(names.get(each, each) for each in models))}


def _rule(path: str, raw: object, problems: dict[str, str]) -> Rule:
    facts = _object(path, raw, ("name", "when", "then"), problems)
    name = facts.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= 64:
        problems[f"{path}.name"] = f"{name!r} is not a text of 1 to 64 characters."
    effect = _object(f"{path}.then", facts.get("then"), EFFECTS, problems)
    if len(effect) != 1 and f"{path}.then" not in problems:
        problems[f"{path}.then"] = f"name exactly one effect of {', '.join(EFFECTS)}."
    when = _when(f"{path}.when", facts.get("when", {}), problems)
    names = {kind: _names(f"{path}.then.{kind}", effect[kind], problems) for kind in EFFECTS[:3] if kind in effect}
    policy = effect.get("policy")
    if "policy" in effect and (not isinstance(policy, str) or not policy):
        problems[f"{path}.then.policy"] = f"{policy!r} is not the name of a policy."
    return Rule(name=str(name), when=when, policy=policy if isinstance(policy, str) else None, **names)


def _object(path: str, raw: object, allowed: Sequence[str], problems: dict[str, str]) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        problems[path] = f"{raw!r} is not an object with {', '.join(allowed)}."
        return {}
    for name in raw.keys() - set(allowed):
        problems[f"{path}.{name}"] = f"unknown. Allowed: {', '.join(allowed)}."
    return {name: value for name, value in raw.items() if name in allowed}


def _when(path: str, raw: object, problems: dict[str, str]) -> When:
    facts = _object(path, raw, CONDITIONS, problems)
    ranges = {"min_tokens": 1_000_000_000, "max_tokens": 1_000_000_000, "from_hour": 23, "until_hour": 24}
    for name, highest in ranges.items():
        value = facts.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest):
            problems[f"{path}.{name}"] = f"{value!r} is not a whole number from 0 to {highest:,}."
    numbers: dict[str, Any] = {name: None if f"{path}.{name}" in problems else facts.get(name) for name in ranges}
    return When(
        category=_words(f"{path}.category", facts.get("category"), CATEGORIES, problems),
        complexity=_words(f"{path}.complexity", facts.get("complexity"), COMPLEXITIES, problems),
        weekday=_words(f"{path}.weekday", facts.get("weekday"), WEEKDAYS, problems),
        tag=_words(f"{path}.tag", facts.get("tag"), (), problems),
        **numbers,
    )


def _words(path: str, raw: object, allowed: Sequence[str], problems: dict[str, str]) -> frozenset[str]:
    """One word or a list of them."""
    listed = [raw] if isinstance(raw, str) else [] if raw is None else raw
    if (
        not isinstance(listed, list)
        or not all(isinstance(each, str) and each for each in listed)
        or len(listed) > MAX_NAMES
    ):
        problems[path] = f"{raw!r} is not a list of texts."
        return frozenset()
    if unknown := [each for each in listed if allowed and each not in allowed]:
        problems[path] = f"{', '.join(map(repr, unknown))}: allowed are {', '.join(allowed)}."
    return frozenset(listed)


def _names(path: str, raw: object, problems: dict[str, str]) -> Names:
    facts = _object(path, raw, ("providers", "models"), problems)
    found = {name: _words(f"{path}.{name}", facts.get(name), (), problems) for name in ("providers", "models")}
    if not any(found.values()) and path not in problems:
        problems[path] = "name at least one of providers, models."
    return Names(**found)
