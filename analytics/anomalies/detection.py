"""Finding what is unusual in the newest hours of a series, beside what the same hours were before. Pure.

Usual is the median of the same hour of the week, in three weeks or more; with less history that of the same hour of the day, and
below three days nothing is said. Where the last days were all higher or lower than that, usual is so too. How far above it is
is measured in deviations: the median absolute deviation of the hours that are usually about as busy, never less than a floor.
Each measure is looked at on a scale where deviations are alike: spend and latency as logarithms, shares of errors as arcs.

Only what is above is told: less spend, faster answers and fewer errors are no news that somebody must act on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import asin, exp, log, sin, sqrt
from statistics import fmean, median, quantiles

from analytics.anomalies.types import NONE, Anomaly, Baseline, Figures, Measure

WEEK, DAY = 168, 24
HISTORY_HOURS = 5 * WEEK
MIN_WEEKS, MIN_HOURS = 3, 3 * DAY
LEVEL_HOURS = 3 * DAY
"""The level of so many hours before is taken for usual, within MAX_LEVEL."""
MAX_LEVEL = log(2)
MIN_ALIKE = 30
"""So many hours at least make a deviation."""
MAD_TO_DEVIATION = 1.4826
"""Of a normal distribution."""
IDLE = 0.05
"""Of a mean window: what is expected below that is nothing."""
MIN_REQUESTS = 10
"""Fewer in the window say nothing of latency or errors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """How a measure is read and when it is told. `read` gives the value of some hours, or None where they say nothing."""

    measure: Measure
    windows: tuple[int, ...]
    threshold: float
    floor: float
    """The least that a deviation is."""
    least: float
    """So far above usual it must be, as a multiple (spend, latency) or as a difference (errors)."""
    read: Callable[[Sequence[Figures]], float | None]
    scale: Callable[[float, float], float]
    """The value on the scale of deviations, by a typical value of the series."""
    back: Callable[[float, float], float]


def _spend(hours: Sequence[Figures]) -> float | None:
    return float(sum(each.cost_nano for each in hours))


def _latency(hours: Sequence[Figures]) -> float | None:
    answered = [each for each in hours if each.latency_ms]
    requests = sum(each.requests for each in answered)
    if requests < MIN_REQUESTS:
        return None
    return sum(each.latency_ms * each.requests for each in answered) / requests


def _errors(hours: Sequence[Figures]) -> float | None:
    requests = sum(each.requests for each in hours)
    return sum(each.failures for each in hours) / requests if requests >= MIN_REQUESTS else None


SPEND_FLOOR = 0.25
"""Of a mean window: added to both sides, so that hours of almost nothing do not differ by multiples."""
RULES = (
    Rule(
        measure="spend", windows=(1, 6, 24), threshold=5, floor=0.12, least=1.6, read=_spend,
        scale=lambda value, usual: log(value + SPEND_FLOOR * usual + 1),
        back=lambda scaled, usual: max(0.0, exp(scaled) - SPEND_FLOOR * usual - 1),
    ),
    Rule(
        measure="latency", windows=(1, 6), threshold=4.5, floor=0.06, least=1.4, read=_latency,
        scale=lambda value, _: log(value + 1), back=lambda scaled, _: exp(scaled) - 1,
    ),
    Rule(
        measure="errors", windows=(1, 6), threshold=4.5, floor=0.03, least=0.05, read=_errors,
        scale=lambda value, _: asin(sqrt(value)), back=lambda scaled, _: sin(max(0.0, scaled)) ** 2,
    ),
)  # fmt: skip


def find(hours: Sequence[Figures]) -> list[Anomaly]:
    """What is unusual in the newest hour or the hours that end with it. `hours` are up to HISTORY_HOURS, without a gap.

    Of each measure the window that stands out most; of an hour in which nothing was asked, nothing."""
    hours = hours[-HISTORY_HOURS:]
    known = len(hours) - next((at for at, each in enumerate(hours) if each != NONE), len(hours))
    if known < MIN_HOURS + 1 or hours[-1] == NONE:
        return []
    found = []
    for rule in RULES:
        seen = [anomaly for window in rule.windows if (anomaly := _look(rule, window, hours[-known:]))]
        found += sorted(seen, key=lambda each: -each.score)[:1]
    return found


def _look(rule: Rule, window: int, hours: Sequence[Figures]) -> Anomaly | None:
    """One measure in the last so many hours."""
    value = rule.read(hours[-window:])
    if value is None:
        return None
    values = [rule.read(hours[end - window : end]) for end in range(window, len(hours) + 1)]
    before = [each for each in values[:-window] if each is not None]
    if len(before) < MIN_HOURS // 2:
        return None
    usual = fmean(before)
    scaled = [None if each is None else rule.scale(each, usual) for each in values]
    busy = [sum(each.requests for each in hours[end - window : end]) for end in range(window, len(hours) + 1)]
    expected, deviation, baseline = _usual(scaled, busy, window, rule.floor)
    requests = sum(each.requests for each in hours[-window:])
    if rule.measure == "errors":
        deviation = max(deviation, 0.5 / sqrt(requests))
    score = (rule.scale(value, usual) - expected) / deviation
    plain = rule.back(expected, usual)
    if score < rule.threshold or not _is_far(rule, value, plain, before):
        return None
    return Anomaly(
        measure=rule.measure, window_hours=window, value=value, expected=plain, score=score, requests=requests,
        baseline=baseline, history_hours=len(hours),
    )  # fmt: skip


def _is_far(rule: Rule, value: float, expected: float, before: Sequence[float]) -> bool:
    """Whether it matters. Where usually nothing is spent, it must be more than nearly all that was spent at any hour before."""
    if rule.measure == "errors":
        return value - expected >= rule.least
    if expected < IDLE * fmean(before):
        return value > quantiles(before, n=50)[-1]
    return value >= rule.least * expected


def _usual(
    scaled: Sequence[float | None], busy: Sequence[int], window: int, floor: float
) -> tuple[float, float, Baseline]:
    """What the newest value should be, and the deviation of those before the newest window."""
    known = list(scaled[: len(scaled) - window])
    has_weeks = len(known) >= MIN_WEEKS * WEEK
    season = WEEK if has_weeks else DAY
    overall = median([each for each in known if each is not None])
    newest = (len(scaled) - 1) % season
    same = [each for each in known[newest::season] if each is not None]
    rest = _rest(known, season, overall)
    lately = [each for each in rest[-LEVEL_HOURS:] if each is not None]
    level = max(-MAX_LEVEL, min(MAX_LEVEL, median(lately))) if lately else 0.0
    around = _alike(rest, busy, season, newest)
    middle = median(around)
    deviation = max(floor, MAD_TO_DEVIATION * median([abs(each - middle) for each in around]))
    expected = (median(same) if same else overall) + level
    return expected, deviation, "hour of the week" if has_weeks else "hour of the day"


def _rest(known: Sequence[float | None], season: int, overall: float) -> list[float | None]:
    """How far each value is from the median of the same hours without itself: as the newest one will be compared."""
    rest: list[float | None] = [None] * len(known)
    for phase in range(season):
        places = [at for at in range(phase, len(known), season) if known[at] is not None]
        values = sorted(known[at] for at in places)  # type: ignore[type-var]
        for at in places:
            others = list(values)
            others.remove(known[at])
            rest[at] = known[at] - (median(others) if others else overall)  # type: ignore[operator,type-var]
    return rest


def _alike(rest: Sequence[float | None], busy: Sequence[int], season: int, newest: int) -> list[float]:
    """The rests of the quarter of hours that are usually about as busy as the newest."""
    load = [median(busy[phase : len(rest) : season]) for phase in range(season)]
    found: list[float] = []
    for number, phase in enumerate(sorted(range(season), key=lambda phase: abs(load[phase] - load[newest]))):
        if number < season // 4 or len(found) < MIN_ALIKE:
            found += [each for each in rest[phase::season] if each is not None]
    return found
