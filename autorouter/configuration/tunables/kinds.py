"""The kinds of values that staff tune: what is allowed, the default, and the words for people. Pure.

A dataclass is the one declaration of its tunables; tables, forms, bundles, pages and the documentation are made from it:

    stickiness_bonus: Decimal = number("25", low="0", high="100", unit="points", group=BONUSES, label="Stickiness", help="...")
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from routerhub import numerals

MODEL_ID_CHARS = 128
MAX_PATTERNS, MAX_PATTERN_CHARS = 100, 64
_METADATA = "tunable"


def text(value: Decimal | float) -> str:
    """A figure without needless zeros: "0.7", "25"."""
    return f"{Decimal(str(value)).normalize():f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Tunables that stand together on the tuning page and in the documentation."""

    title: str
    help: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A number from `low` to `high`, both inclusive."""

    default: Decimal
    low: Decimal
    high: Decimal
    unit: str
    is_whole: bool = False

    @property
    def allowed(self) -> str:
        """What to write, as a sentence."""
        return f"Write a {'whole ' if self.is_whole else ''}number from {text(self.low)} to {text(self.high)}."

    def problem(self, value: Decimal) -> str | None:
        """What is wrong with a value, or None."""
        if not value.is_finite() or not self.low <= value <= self.high:
            return f"{value} is outside {self.low} to {self.high} {self.unit}."
        if self.is_whole and value != value.to_integral_value():
            return f"{value} is not a whole number."
        return None

    def exact(self, value: Decimal) -> Decimal | int:
        """The value as the router takes it: an int where it is whole."""
        return int(value) if self.is_whole else value


@dataclass(frozen=True, kw_only=True, slots=True)
class Flag:
    """On or off."""

    default: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One of some words."""

    default: str
    options: Mapping[str, str]
    """What each stands for, for people."""
    formerly: Mapping[bool, str]
    """What releases say that were made while it was on or off."""

    def problem(self, value: object) -> str | None:
        """What is wrong with a value, or None."""
        return (
            None
            if isinstance(value, str) and value in self.options
            else f"{value!r} is not one of {', '.join(self.options)}."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelId:
    """A model of the catalogue, "provider:name"."""

    default: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PointsByPattern:
    """Points for every pattern that a lower-cased model id contains. `prefix` begins the names of its form's fields."""

    prefix: str
    default: Mapping[str, int]
    points: Number

    @staticmethod
    def pattern_problem(pattern: str) -> str | None:
        is_word = pattern.isprintable() and " " not in pattern and 0 < len(pattern) <= MAX_PATTERN_CHARS
        allowed = f"a pattern is lower case and not empty: 1 to {MAX_PATTERN_CHARS} characters without spaces."
        return None if is_word and pattern == pattern.lower() else allowed

    def problem(self, value: object) -> str | None:
        """What is wrong with an object of pattern to points, or None."""
        if not isinstance(value, dict):
            return 'Write an object of pattern to points, e.g. {"flash": 8}.'
        if len(value) > MAX_PATTERNS:
            return f"{len(value)} patterns were given; allowed are at most {MAX_PATTERNS}."
        for pattern, points in value.items():
            if problem := self.pattern_problem(pattern):
                return f"{pattern[:MAX_PATTERN_CHARS]!r}: {problem}"
            number = None if isinstance(points, str) else numerals.exact(points)
            if number is None or self.points.problem(number):
                return f"{pattern}: {points!r} is not a number from {self.points.low} to {self.points.high}."
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A number for each pair of a row and a column. `prefix` begins the names of its cells: weight_simple_cheap."""

    prefix: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Number]
    cell_label: str
    """With {row} and {column}."""

    def cell_name(self, row: str, column: str) -> str:
        return f"{self.prefix}_{row}_{column}"


Scalar = Number | Flag | Choice | ModelId | PointsByPattern
Kind = Scalar | Table


def scale(kind: Scalar) -> str:
    """Unit, range and default as a sentence."""
    match kind:
        case Number():
            return f"{_capital(kind.unit)}, {text(kind.low)} to {text(kind.high)}, default {text(kind.default)}."
        case Flag(default=default):
            return f"Default {'on' if default else 'off'}."
        case Choice(default=default, options=options):
            return f"{', '.join(options.values())}; default {options[default]}."
        case ModelId(default=default):
            return f"Default {default}."
        case PointsByPattern(points=points):
            return f"{_capital(points.unit)}, {text(points.low)} to {text(points.high)} each."


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceiling:
    """Another tunable that this one may not be above, and what that one stands for."""

    name: str
    meaning: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tunable:
    """One value that staff tune."""

    kind: Kind
    group: Group
    label: str
    help: str
    not_above: Ceiling | None = None
    is_newer: bool = False
    """Releases of an earlier version of the code do not have it and read as its default. True for whatever is added."""


def number(default: str, *, low: str, high: str, unit: str, **words: Any) -> Any:
    """A field that holds a Decimal. `words` are those of Tunable, here and below."""
    kind = Number(default=Decimal(default), low=Decimal(low), high=Decimal(high), unit=unit)
    return field(default=kind.default, metadata={_METADATA: Tunable(kind=kind, **words)})


def count(default: int, *, low: int, high: int, unit: str, **words: Any) -> Any:
    """A field that holds an int."""
    kind = Number(default=Decimal(default), low=Decimal(low), high=Decimal(high), unit=unit, is_whole=True)
    return field(default=default, metadata={_METADATA: Tunable(kind=kind, **words)})


def flag(default: bool, **words: Any) -> Any:
    """A field that holds a bool."""
    return field(default=default, metadata={_METADATA: Tunable(kind=Flag(default=default), **words)})


def choice(
    default: str, *, options: Mapping[str, str], formerly: Mapping[bool, str] | None = None, **words: Any
) -> Any:
    """A field that holds one of the options."""
    kind = Choice(default=default, options=options, formerly=formerly or {})
    return field(default=default, metadata={_METADATA: Tunable(kind=kind, **words)})


def model_id(default: str, **words: Any) -> Any:
    """A field that holds the id of a model."""
    return field(default=default, metadata={_METADATA: Tunable(kind=ModelId(default=default), **words)})


def points_by_pattern(default: Mapping[str, int], *, prefix: str, low: int, high: int, unit: str, **words: Any) -> Any:
    """A field that holds points, as Decimals, by pattern."""
    points = Number(default=Decimal(0), low=Decimal(low), high=Decimal(high), unit=unit)
    kind = PointsByPattern(prefix=prefix, default=default, points=points)
    return field(
        default_factory=lambda: {pattern: Decimal(each) for pattern, each in default.items()},
        metadata={_METADATA: Tunable(kind=kind, **words)},
    )


def table(
    default: Mapping[str, Sequence[str]], *, columns: Sequence[str], prefix: str, cell_label: str, low: str, high: str,
    unit: str, **words: Any,
) -> Any:  # fmt: skip
    """A field that holds Decimals by row, then column. `default` gives each row's, in the order of the columns."""
    cells = {
        (row, column): Number(default=Decimal(each), low=Decimal(low), high=Decimal(high), unit=unit)
        for row, defaults in default.items()
        for column, each in zip(columns, defaults, strict=True)
    }
    kind = Table(prefix=prefix, rows=tuple(default), columns=tuple(columns), cells=cells, cell_label=cell_label)
    return field(
        default_factory=lambda: {
            row: {column: cells[row, column].default for column in kind.columns} for row in kind.rows
        },
        metadata={_METADATA: Tunable(kind=kind, **words)},
    )


def declared(config: type[Any]) -> Iterator[tuple[str, Tunable]]:
    """Every tunable of a dataclass with its name, in their order."""
    for each in fields(config):
        yield each.name, each.metadata[_METADATA]
