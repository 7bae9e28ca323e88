"""The controls of the tuning page: a slider, switch, choice or list for each tunable, with range, default and live value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms

from autorouter.configuration.tunables.kinds import (
    Choice,
    Flag,
    Group,
    ModelId,
    Number,
    PointsByPattern,
    Table,
    Tunable,
    text,
)
from autorouter.configuration.tunables.shapes import COLUMNS, TUNABLES, Column, columns

MAX_LINEAR = 15
"""A range of more than so many times the default gets a slider whose steps grow."""
STEPS = tuple(Decimal(each) for each in ("1", "0.05", "0.01"))
MIN_STEPS = 80


def limits(number: Number) -> dict[str, str]:
    """A number for a slider. `curve`: the figure below which steps stay small; numbers of one unit share it."""
    kin = [each.kind.default - each.kind.low for each in COLUMNS.values()
           if isinstance(each.kind, Number) and each.kind.unit == number.unit]  # fmt: skip
    width = number.high - number.low
    is_wide = number.default > 0 and width > MAX_LINEAR * (number.default - number.low)
    return {
        "low": text(number.low), "high": text(number.high), "default": text(number.default), "unit": number.unit,
        "step": text(_step(number)), "curve": text(min(kin) / 10) if is_wide and kin else "",
    }  # fmt: skip


def _step(number: Number) -> Decimal:
    """The coarsest step that leaves the slider enough of them."""
    fine = (step for step in STEPS if (number.high - number.low) / step >= MIN_STEPS)
    return STEPS[0] if number.is_whole else next(fine, STEPS[-1])


@dataclass(frozen=True, kw_only=True)
class Controls:
    """The controls of a form that shows some values beside those that are live, all by column."""

    form: forms.Form
    shown: Mapping[str, Any]
    live: Mapping[str, Any]

    def group(self, group: Group) -> dict[str, Any]:
        """A group's title and text, and its controls by kind."""
        found: dict[str, list[Any]] = {"choices": [], "sliders": [], "tables": [], "lists": []}
        for name, tunable in TUNABLES.items():
            if tunable.group == group:
                for kind, control in self._controls(name, tunable):
                    found[kind].append(control)
        return {"title": group.title, "help": group.help, **found}

    def _controls(self, name: str, tunable: Tunable) -> Iterator[tuple[str, dict[str, Any]]]:
        match tunable.kind:
            case Number() as number:
                slider = self._slider(COLUMNS[name], number)
                yield "sliders", {**slider, "help": tunable.help, "not_above": tunable.not_above}
            case Table():
                yield "tables", self._table(name, tunable.kind)
            case PointsByPattern():
                yield "lists", self._list(name, tunable.kind)
            case kind:
                yield "choices", self._choice(COLUMNS[name], tunable.help, kind)

    def _choice(self, column: Column, about: str, kind: Flag | Choice | ModelId) -> dict[str, Any]:
        options = kind.options if isinstance(kind, Choice) else {}
        return {
            **self._control(column), "help": about, "is_model": isinstance(kind, ModelId), "options": options,
            "default": kind.default, "default_words": options.get(str(kind.default)),
        }  # fmt: skip

    def _control(self, column: Column) -> dict[str, Any]:
        return {
            "name": column.name, "path": ".".join(column.path), "label": column.label,
            "value": self.shown.get(column.name), "errors": self.form.errors.get(column.name, []),
        }  # fmt: skip

    def _slider(self, column: Column, number: Number) -> dict[str, Any]:
        control = self._control(column)
        return {
            **control, **limits(number), "is_whole": number.is_whole, "live": _written(self.live[column.name]),
            "value": _written(control["value"]),
        }  # fmt: skip

    def _table(self, name: str, table: Table) -> dict[str, Any]:
        cells = {
            each.path[1:]: self._slider(each, number)
            for each, number in zip(columns(name, TUNABLES[name]), table.cells.values(), strict=True)
        }
        return {
            "label": TUNABLES[name].label, "columns": table.columns,
            "rows": [(row, [cells[row, column] for column in table.columns]) for row in table.rows],
        }  # fmt: skip

    def _list(self, name: str, kind: PointsByPattern) -> dict[str, Any]:
        control = self._control(COLUMNS[name])
        bonuses = control["value"]
        pairs = bonuses.items() if isinstance(bonuses, dict) else bonuses or []
        rows = [(pattern, _written(points)) for pattern, points in pairs]
        return {**control, **limits(kind.points), "prefix": kind.prefix, "rows": rows}


def _written(value: Any) -> str:
    """A figure as its field has it; what somebody typed stays as it was typed."""
    if value is None:
        return ""
    return value if isinstance(value, str) else text(value)
