"""A router release as plain JSON, read into frozen values. Every rule is checked here, for all who load or publish.

A bundle is {"config": {...}, "profiles": {model: {dimension: score}}, "policies": {name: {...}}, "task_types": {name:
policy}, "success": {model: {"kinds": {category: {"outcomes", "shift", "least_seen"}}, "terms": "number:weight ..."}}}; a
score is {"value", "source", "dated", "is_estimated"}. A bundle in which nothing was learned has no "success". See release0.py.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from autorouter.configuration.tunables import shapes
from autorouter.configuration.tunables.kinds import (
    MODEL_ID_CHARS,
    Choice,
    Flag,
    Kind,
    ModelId,
    Number,
    PointsByPattern,
    Table,
)
from autorouter.decision import success
from autorouter.decision.ordering import shifted
from autorouter.decision.success import Kind as LearnedKind
from autorouter.decision.success import Learned, LearnedSuccess
from autorouter.types import (
    CATEGORIES,
    MAX_HEDGE_AFTER_MS,
    Policy,
    Profile,
    RouterConfig,
    RouterRelease,
    Score,
)
from routerhub import numerals
from routerhub.releases.errors import InvalidRelease

SCORE = Number(default=Decimal(70), low=Decimal(0), high=Decimal(100), unit="points")
MAX_COST = Number(default=Decimal(1), low=Decimal(0), high=Decimal(1_000_000), unit="USD")
MAX_TOKENS = Number(default=Decimal(4_000), low=Decimal(1), high=Decimal(10_000_000), unit="tokens", is_whole=True)
VERSION = Number(default=Decimal(1), low=Decimal(1), high=Decimal(1_000_000), unit="(version)", is_whole=True)
TEMPERATURE = Number(default=Decimal("0.7"), low=Decimal(0), high=Decimal(2), unit="(temperature)")
HEDGE_AFTER = Number(default=Decimal(1_000), low=Decimal(1), high=Decimal(MAX_HEDGE_AFTER_MS), unit="ms", is_whole=True)
MAX_SOURCE, MAX_TEXT = 255, 1_000
OUTCOMES = Number(default=Decimal(1), low=Decimal(1), high=Decimal(1_000_000_000), unit="outcomes", is_whole=True)
SHIFT = Number(
    default=Decimal(0), low=Decimal(-success.MAX_SHIFT), high=Decimal(success.MAX_SHIFT),
    unit="thousandths of a logit", is_whole=True,
)  # fmt: skip
LEAST_SEEN = Number(
    default=Decimal(0), low=Decimal(0), high=Decimal(100), unit="percent of a prompt's words", is_whole=True
)
LEARNED = ("outcomes", "shift", "least_seen")
PARTS = ("config", "profiles", "policies", "task_types", "success")
DIMENSIONS = ("quality", *CATEGORIES)
Entry = TypeVar("Entry")


def read(bundle: Mapping[str, Any], number: int) -> RouterRelease:
    """Release `number` out of its bundle. Raises InvalidRelease with every problem."""
    reader = _Reader()
    for name in sorted(bundle.keys() - set(PARTS)):
        reader.problems[name] = f"there is no such part. Allowed: {', '.join(PARTS)}."
    release = RouterRelease(
        release=number,
        config=_config(reader, reader.mapping("config", bundle.get("config"))),
        profiles=reader.entries("profiles", bundle.get("profiles"), _profile),
        policies=reader.entries("policies", bundle.get("policies"), _policy),
        task_types=reader.entries("task_types", bundle.get("task_types"), _task_type),
        success=_learned(reader, bundle.get("success", {})),
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

    def number(self, path: str, raw: object, allowed: Number) -> Decimal:
        """A number within what is allowed."""
        value = numerals.exact(raw)
        if value is None:
            self.problems[path] = f"{raw!r} is not a number from {allowed.low} to {allowed.high} {allowed.unit}."
            return allowed.default
        if problem := allowed.problem(value):
            self.problems[path] = problem
        return value

    def optional(self, path: str, raw: object, allowed: Number) -> Decimal | None:
        return None if raw is None else self.number(path, raw, allowed)

    def text(self, path: str, raw: object, max_chars: int = MAX_TEXT) -> str:
        if isinstance(raw, str) and raw.strip() and len(raw) <= max_chars and "\x00" not in raw:
            return raw
        self.problems[path] = f"{str(raw)[:60]!r} is not a text of 1 to {max_chars:,} characters."
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

    def choice(self, path: str, raw: object, allowed: Choice) -> str:
        value = allowed.formerly.get(raw, raw) if isinstance(raw, bool) else raw
        if problem := allowed.problem(value):
            self.problems[path] = problem
            return allowed.default
        return str(value)

    def mapping(self, path: str, raw: object) -> Mapping[str, Any]:
        if isinstance(raw, Mapping):
            return raw
        self.problems[path] = f"{raw!r} is not an object."
        return {}

    def known(self, path: str, raw: object, allowed: Sequence[str]) -> Mapping[str, Any]:
        """An object that has nothing but what is allowed."""
        given = self.mapping(path, raw)
        for name in sorted(given.keys() - set(allowed)):
            self.problems[f"{path}.{name}"] = f"allowed: {', '.join(allowed)}."
        return {name: value for name, value in given.items() if name in allowed}

    def entries(self, path: str, raw: object, entry: "Callable[[_Reader, str, str, Any], Entry]") -> dict[str, Entry]:
        """Every entry of an object, read with its own path and name."""
        return {name: entry(self, f"{path}.{name}", name, each) for name, each in self.mapping(path, raw).items()}


def _config(reader: _Reader, raw: Mapping[str, Any]) -> RouterConfig:
    given = {**shapes.NEWER, **raw}
    for name in sorted(given.keys() - shapes.TUNABLES.keys()):
        reader.problems[f"config.{name}"] = "there is no such setting."
    values = {
        name: _tuned(reader, f"config.{name}", given.get(name), tunable.kind)
        for name, tunable in shapes.TUNABLES.items()
    }
    for name, problem in shapes.crossed(values).items():
        reader.problems.setdefault(f"config.{name}", problem)
    return RouterConfig(**values)


def _tuned(reader: _Reader, path: str, raw: object, kind: Kind) -> Any:
    """The value of a tunable."""
    match kind:
        case Number():
            return kind.exact(reader.number(path, raw, kind))
        case Flag():
            return reader.flag(path, raw)
        case Choice():
            return reader.choice(path, raw, kind)
        case ModelId():
            return reader.text(path, raw, MODEL_ID_CHARS)
        case PointsByPattern(points=points):
            return {pattern: _points(reader, f"{path}.{pattern}", pattern, each, points)
                    for pattern, each in reader.mapping(path, raw).items()}  # fmt: skip
        case Table():
            return _table(reader, path, reader.mapping(path, raw), kind)


def _points(reader: _Reader, path: str, pattern: str, raw: object, points: Number) -> Decimal:
    if problem := PointsByPattern.pattern_problem(pattern):
        reader.problems[path] = problem
    return reader.number(path, raw, points)


def _table(reader: _Reader, path: str, raw: Mapping[str, Any], kind: Table) -> Mapping[str, Mapping[str, Decimal]]:
    """By row, then column. A cell that is missing stays missing: scoring has a weight for that."""
    for row in raw.keys() - set(kind.rows):
        reader.problems[f"{path}.{row}"] = f"allowed: {', '.join(kind.rows)}."
    return {
        row: {
            column: reader.number(f"{path}.{row}.{column}", by_column[column], kind.cells[row, column])
            for column in kind.columns
            if column in by_column
        }
        for row in kind.rows
        if (by_column := reader.mapping(f"{path}.{row}", raw.get(row, {}))) is not None
    }


def _profile(reader: _Reader, path: str, name: str, raw: object) -> Profile:
    scores = reader.entries(path, reader.known(path, raw, DIMENSIONS), _score)
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
    hedge_after = reader.optional(f"{path}.hedge_after_ms", given.get("hedge_after_ms"), HEDGE_AFTER)
    shifts = given.get("shifts", {})
    if not isinstance(shifts, Mapping) or not all(isinstance(each, int) for each in shifts.values()):
        reader.problems[f"{path}.shifts"] = f"{shifts!r} is not an object of model id to places."
        shifts = {}
    return Policy(
        name=name,
        version=int(reader.number(f"{path}.version", given.get("version", 1), VERSION)),
        title=reader.text(f"{path}.title", given.get("title")),
        models=shifted(models, shifts),
        max_cost_usd=reader.optional(f"{path}.max_cost_usd", given.get("max_cost_usd"), MAX_COST),
        max_output_tokens=None if tokens is None else int(tokens),
        temperature=reader.optional(f"{path}.temperature", given.get("temperature"), TEMPERATURE),
        hedge_after_ms=None if hedge_after is None else int(hedge_after),
        orders_by_complexity=reader.flag(f"{path}.orders_by_complexity", given.get("orders_by_complexity", False)),
        shifts=tuple(shifts.items()),
    )


def _task_type(reader: _Reader, path: str, _name: str, raw: object) -> str:
    return reader.text(path, raw)


def _learned(reader: _Reader, raw: object) -> Learned:
    models = reader.entries("success", raw, _success)
    if len(models) > success.MAX_MODELS:
        reader.problems["success"] = f"{len(models):,} models are more than {success.MAX_MODELS}."
    return Learned(models)


def _success(reader: _Reader, path: str, _name: str, raw: object) -> LearnedSuccess:
    given = reader.known(path, raw, ("kinds", "terms"))
    kinds = reader.known(f"{path}.kinds", given.get("kinds"), CATEGORIES)
    return LearnedSuccess(
        kinds={category: _kind(reader, f"{path}.kinds.{category}", each) for category, each in kinds.items()},
        terms=_terms(reader, f"{path}.terms", given.get("terms")),
    )


def _kind(reader: _Reader, path: str, raw: object) -> LearnedKind:
    given = reader.known(path, raw, LEARNED)
    allowed = {"outcomes": OUTCOMES, "shift": SHIFT, "least_seen": LEAST_SEEN}
    return LearnedKind(
        **{name: int(reader.number(f"{path}.{name}", given.get(name), allowed[name])) for name in LEARNED}
    )


def _terms(reader: _Reader, path: str, raw: object) -> dict[int, int]:
    if isinstance(raw, str):
        try:
            return success.read(raw)
        except ValueError as problem:
            reader.problems[path] = str(problem)
    else:
        reader.problems[path] = f"{str(raw)[:60]!r} is not a text of numbers and weights such as 12:-340 77:55."
    return {}
