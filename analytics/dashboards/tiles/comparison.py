"""Providers, models or deployments side by side: how fast, how sure, at what price."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.dashboards.measures import MEASURES, grouped
from analytics.dashboards.tiles.parts import largest, width, written
from analytics.dashboards.types import WORDS, Kind, Seen, Tile, View
from analytics.reports.measures import success
from analytics.windows import sketches
from analytics.windows.types import Dimension, Figures, Question, Sketch
from budgets import formats

MOST = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    name: str
    link: str
    requests: str
    success: str
    fallback: str
    median: str
    slow: str
    first_token: str
    tokens_per_second: str
    per_request: str
    left: float
    """Where its range of times begins, in per cent of the slowest, and how wide it is: half to 95 %."""
    width: float
    failed: bool
    """Whether less than the target share succeeded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    title: str
    is_empty: bool
    by: str
    lines: tuple[Line, ...]
    more: int


SUCCESS_TARGET = 0.95


def asks(tile: Tile, view: View) -> Mapping[str, Question]:
    return {"now": view.question(by_of(tile), distributions=True)}


def by_of(tile: Tile) -> Dimension:
    return tile.by[0] if tile.by else "provider"


def draw(seen: Seen) -> Comparison:
    by = by_of(seen.tile)
    found = {group: each for group, each in grouped(seen.answers["now"].rows, 0).items() if group[0]}
    groups = largest({group: each.requests for group, each in found.items()}, MOST)
    slowest = max((sketches.quantile(found[group].latencies, 0.95) or 0 for group in groups.names), default=0)
    return Comparison(
        title=seen.tile.title or f"{WORDS[by].capitalize()}s side by side", is_empty=not found, by=WORDS[by],
        lines=tuple(_line(seen, by, group[0], found[group], slowest) for group in groups.names), more=len(groups.others),
    )  # fmt: skip


def _line(seen: Seen, by: Dimension, value: str, figures: Figures, slowest: float) -> Line:
    median, slow = (sketches.quantile(figures.latencies, part) or 0 for part in (0.5, 0.95))
    share = success(figures)
    return Line(
        name=seen.name(by, value), link=seen.only(by, value), requests=formats.count(figures.requests),
        success=written(MEASURES["success"], figures), fallback=written(MEASURES["fallbacks"], figures),
        median=_time(figures.latencies, 0.5), slow=_time(figures.latencies, 0.95),
        first_token=_time(figures.first_token_times, 0.5),
        tokens_per_second=_rate(figures), per_request=written(MEASURES["per_request"], figures), left=width(median, slowest),
        width=max(1.0, width(slow - median, slowest)), failed=share is not None and share < SUCCESS_TARGET,
    )  # fmt: skip


def _time(sketch: Sketch, part: float) -> str:
    found = sketches.quantile(sketch, part)
    return formats.NOTHING if found is None else formats.duration(found)


def _rate(figures: Figures) -> str:
    """Output tokens a second: by the time in which the output came where that is known, else by the whole time."""
    tokens, spent = (
        (figures.streamed_tokens, figures.output_ms)
        if figures.output_ms
        else (figures.output_tokens, figures.latency_ms)
    )
    return f"{1000 * tokens / spent:,.0f}/s" if spent else formats.NOTHING


_BY: tuple[tuple[Dimension, ...], ...] = (("provider",), ("model",), ("deployment",), ("category",), ("policy",))
KIND = Kind(
    name="comparison", title="Side by side", says="Providers, models or deployments by success, time and price.",
    asks=asks, draw=draw, by=_BY,
)  # fmt: skip
