"""Dashboards that people compose: tiles as they are kept, checked in one place for pages and the API. Pure but for its errors."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from django.core.exceptions import ValidationError

from analytics.dashboards.ranges import PRESETS
from analytics.dashboards.tiles import KINDS
from analytics.dashboards.types import WORDS, Kind, Tile, Width
from analytics.windows.types import Dimension

MAX_TILES, MAX_TITLE, MAX_VALUES, MAX_VALUE = 24, 100, 20, 200
FIELDS = ("kind", "title", "by", "measure", "where", "range", "width")


def read(given: Any) -> tuple[Tile, ...]:
    """Tiles as they are kept. Raises ValidationError, which names the tile by its place, the field, and what is allowed."""
    if not isinstance(given, list) or not all(isinstance(each, Mapping) for each in given):
        raise ValidationError("Write a list of objects, one a tile.")
    if len(given) > MAX_TILES:
        raise ValidationError(f"{len(given)} tiles are too many: {MAX_TILES} at most.")
    problems = [f"Tile {place}, {problem}" for place, each in enumerate(given, 1) for problem in _problems(each)]
    if problems:
        raise ValidationError(problems)
    return tuple(_tile(each) for each in given)


def read_where(given: Any) -> dict[Dimension, tuple[str, ...]]:
    """Filters as they are kept. Raises ValidationError."""
    if problems := _where_problems(given):
        raise ValidationError(problems)
    return {dimension: tuple(values) for dimension, values in given.items()}


def written(tile: Tile) -> dict[str, Any]:
    """A tile as it is kept: what is not said is left out."""
    kept = {name: value for name, value in asdict(tile).items() if value}
    return {name: list(value) if name == "by" else value for name, value in kept.items()}


def plain(value: Any) -> dict[str, Any]:
    """What a tile shows, as JSON."""
    return asdict(value)


def offered() -> dict[str, Any]:
    """What a tile may be, for whoever composes one."""
    return {
        "kinds": {
            kind.name: {
                "title": kind.title, "says": kind.says, "by": [list(each) for each in kind.by],
                "measures": list(kind.measures),
            }
            for kind in KINDS.values()
        },
        "ranges": {name: preset.word for name, preset in PRESETS.items()}, "words": dict(WORDS),
        "widths": list(get_args(Width)), "max_tiles": MAX_TILES,
    }  # fmt: skip


def _tile(given: Mapping[str, Any]) -> Tile:
    where = {dimension: tuple(values) for dimension, values in given.get("where", {}).items()}
    return Tile(**{**given, "by": tuple(given.get("by", ())), "where": where})


def _problems(given: Mapping[str, Any]) -> Sequence[str]:
    if unknown := [name for name in given if name not in FIELDS]:
        return [f"{unknown[0]}: there is no such field. Allowed: {', '.join(FIELDS)}."]
    kind = KINDS.get(str(given.get("kind", "")))
    if kind is None:
        return [f"kind: {given.get('kind', '')!r} is none of {', '.join(KINDS)}."]
    found = [_title_problem(given.get("title", "")), _by_problem(kind, given.get("by", []))]
    for name, allowed in (("measure", kind.measures), ("range", tuple(PRESETS)), ("width", get_args(Width))):
        found.append(_word_problem(name, given.get(name), allowed))
    return [*filter(None, found), *(f"where: {each}" for each in _where_problems(given.get("where", {})))]


def _title_problem(given: Any) -> str:
    is_right = isinstance(given, str) and len(given) <= MAX_TITLE
    return "" if is_right else f"title: write at most {MAX_TITLE} characters."


def _by_problem(kind: Kind, given: Any) -> str:
    if not given or (isinstance(given, list) and tuple(given) in kind.by):
        return ""
    allowed = "; ".join(", ".join(each) for each in kind.by) or "none"
    return f"by: {given!r} is no grouping of {kind.name}. Allowed: {allowed}."


def _word_problem(name: str, given: Any, allowed: Sequence[str]) -> str:
    if given in (None, "") or given in allowed:
        return ""
    return f"{name}: {given!r} is none of {', '.join(allowed) or 'nothing: it has none'}."


def _where_problems(given: Any) -> list[str]:
    if not isinstance(given, Mapping):
        return ["Write an object: values by dimension."]
    return [problem for dimension, values in given.items() if (problem := _values_problem(dimension, values))]


def _values_problem(dimension: Any, values: Any) -> str:
    if dimension not in WORDS:
        return f"{dimension!r} is none of {', '.join(WORDS)}."
    is_list = isinstance(values, list) and 0 < len(values) <= MAX_VALUES
    if not is_list or not all(isinstance(each, str) and 0 < len(each) <= MAX_VALUE for each in values):
        return f"{dimension}: write a list of 1 to {MAX_VALUES} texts."
    return ""
