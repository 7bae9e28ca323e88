"""The tunables in the shapes that others need. Pure.

RouterConfig has a field for each, and so has a bundle's `config`, where a table is an object of objects. The table of the
database, the forms and the API have columns: one for each tunable, and for a table one for each of its cells.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from autorouter.configuration.tunables.kinds import (
    Group,
    Number,
    PointsByPattern,
    Scalar,
    Table,
    Tunable,
    declared,
    text,
)
from autorouter.types import RouterConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A tunable, or one cell of a table."""

    name: str
    path: tuple[str, ...]
    """Where a bundle's `config` has it."""
    kind: Scalar
    label: str
    help: str


def columns(name: str, tunable: Tunable) -> Iterator[Column]:
    """The columns of one tunable."""
    kind, label = tunable.kind, tunable.label
    if not isinstance(kind, Table):
        yield Column(name=name, path=(name,), kind=kind, label=label, help=tunable.help)
        return
    for (row, column), cell in kind.cells.items():
        yield Column(
            name=kind.cell_name(row, column), path=(name, row, column), kind=cell,
            label=kind.cell_label.format(row=row, column=column), help=tunable.help,
        )  # fmt: skip


TUNABLES: Mapping[str, Tunable] = dict(declared(RouterConfig))
COLUMNS: Mapping[str, Column] = {each.name: each for named in TUNABLES.items() for each in columns(*named)}
GROUPS: tuple[Group, ...] = tuple(dict.fromkeys(each.group for each in TUNABLES.values()))
WHOLE_OBJECTS = frozenset(name for name, each in TUNABLES.items() if isinstance(each.kind, PointsByPattern))
"""Tunables whose object is one value: a change replaces it whole, and not entry by entry."""


def json_number(value: Decimal | int) -> float | int:
    """A JSON number. Floats print back the same decimal digits up to 15 of them; these columns hold fewer."""
    exact = Decimal(value)
    return int(exact) if exact == exact.to_integral_value() else float(exact)


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by column as a bundle's `config` spells them."""
    found: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        inner = found
        for step in column.path[:-1]:
            inner = inner.setdefault(step, {})
        inner[column.path[-1]] = json_number(values[name]) if isinstance(column.kind, Number) else values[name]
    return found


def flatten(config: Mapping[str, Any]) -> dict[str, Any]:
    """A bundle's `config` by column. What it does not have reads as None, but for what is newer: that has its default."""
    given = {**NEWER, **config}
    return {name: _at(given, column.path) for name, column in COLUMNS.items()}


DEFAULTS: Mapping[str, Any] = nest({name: column.kind.default for name, column in COLUMNS.items()})
"""Every default, as a bundle's `config` spells it."""
NEWER: Mapping[str, Any] = {name: DEFAULTS[name] for name, tunable in TUNABLES.items() if tunable.is_newer}
"""What releases of an earlier version of the code do not have."""


def _at(config: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = config
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def column_at(path: str) -> str | None:
    """The column that a bundle's path is about: "config.tier_weights.simple.mid" is weight_simple_mid's. None: of no one."""
    head, *steps = path.split(".")
    found = (each.name for each in COLUMNS.values() if tuple(steps[: len(each.path)]) == each.path)
    return next(found, None) if head == "config" else None


def crossed(values: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with values that may not be above one another, by name. A value that is not there breaks no rule."""
    problems = {}
    for name, tunable in TUNABLES.items():
        ceiling = tunable.not_above
        own, other = (values.get(name), values.get(ceiling.name)) if ceiling else (None, None)
        if ceiling and own is not None and other is not None and own > other:
            problems[name] = f"{text(own)} is above {ceiling.meaning}, {text(other)}."
    return problems
