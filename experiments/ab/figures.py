"""What the records say of two arms: sums by unit, compared by experiments.ab.statistics.

A request counts for the arm that its record names, whatever became of it: refused, failed, or answered by another model
(intention to treat). The database adds up: a look at two arms is two scans of their records, and a few rows come back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import accumulate
from typing import Any, get_args

from django.db import connection

from experiments.ab.statistics import quantiles, sequences
from experiments.ab.statistics.correcting import alphas
from experiments.ab.statistics.guarding import guarded
from experiments.ab.statistics.quantiles import Levels
from experiments.ab.statistics.ratio import sample_ratio
from experiments.ab.types import Arm, Compared, Findings, Guardrail, Interval, Measure, Sums

ARMS: tuple[Arm, ...] = get_args(Arm)
MEASURES: tuple[Measure, ...] = get_args(Measure)
ANSWERED = "r.outcome = 'success'"
SLOW = "CASE {arm} WHEN 'b' THEN %(p95_b)s::float8 ELSE %(p95_a)s::float8 END"
BY_UNIT: Mapping[Measure, tuple[str, str]] = {
    "cost": ("sum(r.cost_nano::float8) / 1e9", "count(*)"),
    "success": (f"count(*) FILTER (WHERE {ANSWERED})", "count(*)"),
    "latency": (f"sum(r.latency_ms) FILTER (WHERE {ANSWERED})", f"count(*) FILTER (WHERE {ANSWERED})"),
    "latency_p95": (
        f"count(*) FILTER (WHERE {ANSWERED} AND r.latency_ms <= {SLOW})",
        f"count(*) FILTER (WHERE {ANSWERED})",
    ),
    "ttft": (f"sum(r.ttft_ms) FILTER (WHERE {ANSWERED})", f"count(r.ttft_ms) FILTER (WHERE {ANSWERED})"),
    "satisfaction": ("sum(f.satisfaction::float8)", "count(f.satisfaction)"),
    "tokens": (f"sum(r.output_tokens::float8) FILTER (WHERE {ANSWERED})", f"count(*) FILTER (WHERE {ANSWERED})"),
    "fallback": ("count(*) FILTER (WHERE r.fallback_used)", "count(*)"),
}
"""Of each measure, a unit's sum y and its number w; of the slowest 5 %, how many answers took at most its arm's p95."""
WEIGHT = " * 0.5 / min(r.propensity)"
"""As much as one at even chances."""
SUMS = ("count(*) FILTER (WHERE {w} > 0)", "sum({y})", "sum({w})", "sum({y} * {y})", "sum({y} * {w})", "sum({w} * {w})")
"""In the order of the fields of Sums."""
TIMES = """
    SELECT {arm} AS arm, r.latency_ms, count(*) FROM analytics_record r
    WHERE {where} AND r.outcome = 'success' GROUP BY 1, 2 ORDER BY 1, 2
"""
"""How many answers of each arm took how many milliseconds: what any quantile is read from."""
LOOK = """
    WITH units AS MATERIALIZED (
        SELECT {arm} AS arm, {unit} AS unit, count(*) AS requests, {by_unit}
        FROM analytics_record r LEFT JOIN analytics_feedback f ON f.operation_id = r.operation_id
        WHERE {where}
        GROUP BY 1, 2
    )
    SELECT arm, sum(requests)::bigint, count(*), (SELECT count(*) - count(DISTINCT unit) FROM units), {sums}
    FROM units GROUP BY arm
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Which records are compared, as SQL over `analytics_record r` with named values."""

    where: str
    arm: str = "r.variant"
    """An expression that is 'a' or 'b'."""
    unit: str = "r.unit"
    values: Mapping[str, Any]
    is_weighted: bool = False
    """Whether each unit counts by the probability with which it got its arm: what adaptive shares take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked of two arms."""

    share_b: float
    """With what share of the units B was drawn."""
    main: Measure
    guardrails: Sequence[Guardrail] = ()
    tuned_for: int = sequences.TUNED_FOR
    least_p: float = 1.0
    """That of the sample ratio at the last look."""
    is_adaptive: bool = False
    """Whether the share followed what was seen: there is no share to check then, and no interval of the slowest 5 %."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ArmFigures:
    """What one arm did."""

    requests: int = 0
    units: int = 0
    sums: Mapping[Measure, Sums] = field(default_factory=dict)

    def of(self, measure: Measure) -> Sums:
        return self.sums.get(measure, Sums())


Times = Sequence[tuple[int, int]]
"""Milliseconds, and how many answers took as long or less."""


def of_phase(test: int, phase: int, since: datetime, is_adaptive: bool = False) -> Source:
    """The records of one phase of a test, which began then."""
    return Source(
        where="r.experiment = %(test)s AND r.phase = %(phase)s AND r.variant <> '' AND r.created_at >= %(since)s",
        values={"test": test, "phase": phase, "since": since},
        is_weighted=is_adaptive,
    )


def findings(source: Source, question: Question, at: datetime) -> Findings:
    """What a look at two arms finds: the main measure first, all intervals together at 95 %."""
    times = _times(source)
    slow = {arm: _quantile(times[arm], quantiles.SHARE) for arm in ARMS}
    arms, jumpers = _arms(source, slow)
    measures = [question.main, *(each for each in MEASURES if each != question.main)]
    shares = alphas(question.main, measures)
    found = {each: _compared(each, arms, times, shares[each], question.tuned_for) for each in measures}
    ratio = sample_ratio(arms["a"].units, arms["b"].units, question.share_b, least_p=question.least_p)
    if question.is_adaptive:
        found["latency_p95"] = replace(found["latency_p95"], difference=None, relative=None, says="open")
        ratio = replace(ratio, p=1.0, fits=True)
    return Findings(
        at=at, requests_a=arms["a"].requests, requests_b=arms["b"].requests, ratio=ratio, jumpers=jumpers,
        measures=tuple(found.values()), guardrails=tuple(guarded(each, found[each.measure]) for each in question.guardrails),
    )  # fmt: skip


def arm_figures(source: Source) -> Mapping[Arm, ArmFigures]:
    """The sums of both arms, e.g. for how a share is to follow them."""
    return _arms(source, dict.fromkeys(ARMS))[0]


def _compared(
    measure: Measure, arms: Mapping[Arm, ArmFigures], times: Mapping[Arm, Times], alpha: float, tuned_for: int
) -> Compared:
    a, b = (arms[arm].of(measure) for arm in ARMS)
    if measure != "latency_p95":
        return sequences.compared(measure, a, b, alpha, tuned_for=tuned_for)
    levels = quantiles.levels(a, b, alpha, tuned_for=tuned_for)
    return quantiles.compared(*(_bounded(times[arm], level) for arm, level in zip(ARMS, levels, strict=True)))


def _bounded(times: Times, levels: Levels) -> Interval | None:
    """An arm's quantile with what is read at its levels."""
    estimate = _quantile(times, quantiles.SHARE)
    if estimate is None:
        return None
    low, high = (None if level is None else _quantile(times, level) for level in (levels.low, levels.high))
    return Interval(estimate=estimate, low=low, high=high)


def _quantile(times: Times, share: float) -> float | None:
    """The least time that so large a share of the answers took at most."""
    if not times:
        return None
    wanted = share * times[-1][1]
    return float(next((ms for ms, count in times if count >= wanted), times[-1][0]))


def _times(source: Source) -> Mapping[Arm, Times]:
    rows = _rows(TIMES.format(arm=source.arm, where=source.where), source.values)
    found: dict[Arm, Times] = {}
    for arm in ARMS:
        of_arm = [(ms, count) for each, ms, count in rows if each == arm]
        found[arm] = list(zip((ms for ms, _ in of_arm), accumulate(count for _, count in of_arm), strict=True))
    return found


def _arms(source: Source, slow: Mapping[Arm, float | None]) -> tuple[Mapping[Arm, ArmFigures], int]:
    """Both arms, and how many units are in both of them."""
    weight = WEIGHT if source.is_weighted else ""
    columns = ", ".join(
        f"coalesce({part.format(arm=source.arm)}, 0)::float8{weight} AS {measure}_{name}"
        for measure, pair in BY_UNIT.items() for name, part in zip("yw", pair, strict=True)
    )  # fmt: skip
    sums = ", ".join(part.format(y=f"{measure}_y", w=f"{measure}_w") for measure in MEASURES for part in SUMS)
    query = LOOK.format(arm=source.arm, unit=source.unit, where=source.where, by_unit=columns, sums=sums)
    rows = _rows(query, {**source.values, "p95_a": slow["a"], "p95_b": slow["b"]})
    found: dict[Arm, ArmFigures] = {arm: ArmFigures() for arm in ARMS}
    for arm, requests, units, _, *figures in rows:
        found[arm] = ArmFigures(requests=requests, units=units, sums=dict(_sums(figures)))
    return found, rows[0][3] if rows else 0


def _sums(figures: Sequence[float]) -> Iterator[tuple[Measure, Sums]]:
    for at, measure in enumerate(MEASURES):
        units, y, w, yy, yw, ww = figures[at * len(SUMS) : (at + 1) * len(SUMS)]
        yield measure, Sums(units=int(units), y=y, w=w, yy=yy, yw=yw, ww=ww)


def _rows(query: str, values: Mapping[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
