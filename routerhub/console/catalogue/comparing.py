"""Two to four models side by side: their scores as dots, their figures as a table. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from autorouter.types import CATEGORIES
from budgets import formats, money
from budgets.types import to_nano
from routerhub.console.catalogue.lines import Line, told_score
from routerhub.console.catalogue.usage import Used

STEP = 10
CLOSE = 2.0
"""Dots nearer to one another than so many percent of the axis stand above one another."""
MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Dot:
    css: str
    left: str
    shift: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dots:
    """One category."""

    name: str
    label: str
    dots: Sequence[Dot]
    left: str
    width: str
    best: str
    best_css: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    text: str
    is_best: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One row of the table."""

    name: str
    unit: str
    cells: Sequence[Cell]


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    lines: Sequence[Line]
    dots: Sequence[Dots]
    ticks: Sequence[tuple[int, str]]
    """Values of the axis, each with where it stands."""
    facts: Sequence[Fact]


def compared(lines: Sequence[Line], used: Used) -> Compared:
    values = [score for each in lines for name in CATEGORIES if (score := each.score(name)) is not None]
    low = min((int(min(values)) // STEP * STEP, 90)) if values else 0
    span = 100 - low
    return Compared(
        lines=lines, dots=[_dots(name, lines, low) for name in CATEGORIES], facts=list(_facts(lines, used)),
        ticks=[(value, f"{100 * (value - low) / span:.0f}%") for value in sorted({low, low + span // 2, 100})],
    )  # fmt: skip


def _dots(name: str, lines: Sequence[Line], low: int) -> Dots:
    scores = [(at, each, score) for at, each in enumerate(lines, 1) if (score := each.score(name)) is not None]
    places = {at: 100 * float(score - low) / (100 - low) for at, _line, score in scores}
    first, last = min(places.values(), default=0), max(places.values(), default=0)
    best = max(scores, key=lambda each: each[2], default=None)
    return Dots(
        name=name, label=f"{name}: " + ", ".join(f"{each.short} {score:.1f}" for _at, each, score in scores),
        dots=[Dot(css=f"d{at}", left=f"{left:.1f}%", shift=_shift(at, places)) for at, left in places.items()],
        left=f"{first:.1f}%", width=f"{last - first:.1f}%", best=told_score(best[2] if best else None),
        best_css=f"d{best[0]}" if best else "",
    )  # fmt: skip


def _shift(at: int, places: dict[int, float]) -> str:
    """So that no dot hides another."""
    near = [each for each, left in places.items() if abs(left - places[at]) < CLOSE]
    return f"{8 * (near.index(at) - (len(near) - 1) / 2):g}px"


def _facts(lines: Sequence[Line], used: Used) -> Sequence[Fact]:
    million = _("USD per 1M tokens")
    return [
        _fact(_("Price in, out"), million, [(", ".join(each.prices), each.output_price) for each in lines], min),
        _fact(_("Usual request"), used.usual, [_usual(each, used) for each in lines], min),
        _fact(_("Quality"), _("0 to 100"), [(each.quality, each.score("quality")) for each in lines], max),
        _fact(_("Speed"), _("tokens per second"), [(each.speed, each.tokens_per_second) for each in lines], max),
        _fact(_("First token"), _("on average"), [(each.first_token, each.first_token_ms) for each in lines], min),
        _fact(_("Success"), _("of the latest requests"), [(each.success, each.success_share) for each in lines], max),
        _fact(_("Context, output"), _("tokens"), [(f"{each.context}, {each.max_output}", None) for each in lines]),
        _fact(_("Takes"), "", [(each.takes, None) for each in lines]),
        _fact(_("Your requests"), _("this month"), [(f"{used.requests(each.id):,}", None) for each in lines]),
    ]


def _fact(name: str, unit: str, told: Sequence[tuple[str, Any]], best: Callable[[Any], Any] = max) -> Fact:
    """`told`: of each model its words, and its figure where one is better than another."""
    known = {figure for _text, figure in told if figure is not None}
    winner = best(known) if len(known) > 1 else None
    cells = [Cell(text=text, is_best=winner is not None and figure == winner) for text, figure in told]
    return Fact(name=name, unit=unit, cells=cells)


def _usual(line: Line, used: Used) -> tuple[str, Decimal | None]:
    """What the account's usual request costs there."""
    if line.input_price is None or line.output_price is None:
        return formats.NOTHING, None
    cost = (used.usual_input * line.input_price + used.usual_output * line.output_price) / MILLION
    return money.rounded(to_nano(cost)), cost
