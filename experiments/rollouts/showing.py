"""A rollout by steps as pages draw it: its steps with their times, and its guardrails with figures and bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.utils.timezone import localtime

from budgets import formats, money
from budgets.types import NANO
from experiments.ab.statistics.measures import GOALS, POINTS
from experiments.ab.types import Measure
from experiments.choices import Measure as MeasureWord
from experiments.choices import RolloutState
from experiments.models import GradualRollout, RolloutStep
from experiments.rollouts import stepping
from experiments.rollouts.schedule import EVERYBODY

MIDDLE = 50.0
SPAN_OF_MARGIN = 2.5
"""A bar reaches at least so many margins to either side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownStep:
    """One step: done, under way, or still to come."""

    percent: int
    look: Literal["done", "now", ""]
    when: str
    detail: str
    progress: int | None
    """Of the step under way, per cent of its requests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """An interval around "no difference", which lies in the middle: places and widths in per cent of the bar."""

    low: float
    width: float
    estimate: float
    stop: float
    """Where what the guardrail does not allow begins."""
    out_from: float
    out_width: float
    look: Literal["good", "worse", ""]


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownGuardrail:
    """One measure of both releases, and whether its guardrail holds."""

    name: str
    a: str
    b: str
    difference: str
    interval: str
    bar: Bar | None
    """None: nothing is known yet."""
    allowed: str
    state: str


def steps(gradual: GradualRollout) -> list[ShownStep]:
    """In their order."""
    return [_step(gradual, each) for each in gradual.steps.all()]


def _step(gradual: GradualRollout, step: RolloutStep) -> ShownStep:
    is_now = gradual.is_open and step.place == gradual.step
    look: Literal["done", "now", ""] = "now" if is_now else "done" if step.began_at else ""
    requests = step.found.get("requests_b", 0)
    return ShownStep(
        percent=step.percent, look=look, when=_when(step), detail=_detail(gradual, step, requests),
        progress=min(100, 100 * requests // step.requests) if is_now else None,
    )  # fmt: skip


def _when(step: RolloutStep) -> str:
    if step.began_at is None:
        return ""
    began = localtime(step.began_at)
    if step.percent == EVERYBODY:
        return f"since {_moment(began)}"
    if step.ended_at is None:
        return f"since {_moment(began)}"
    ended = localtime(step.ended_at)
    return (
        f"{_moment(began)} to {ended:%H:%M}"
        if began.date() == ended.date()
        else f"{_moment(began)} to {_moment(ended)}"
    )


def _moment(value: datetime) -> str:
    return f"{value:%a} {value.hour}:{value:%M}"


def _detail(gradual: GradualRollout, step: RolloutStep, requests: int) -> str:
    if step.percent == EVERYBODY:
        return "" if step.began_at else "when all guardrails hold"
    if step.began_at is None:
        return f"{step.requests:,} requests, {step.minutes:,} min at least"
    if gradual.is_open and step.place == gradual.step:
        return f"{requests:,} of {step.requests:,} requests"
    counted = f"{requests:,} request{'' if requests == 1 else 's'}"
    broke = gradual.state == RolloutState.ROLLED_BACK and step.place == gradual.step
    return counted if broke else f"{counted}, none broke"


def guardrails(step: RolloutStep) -> list[ShownGuardrail]:
    """As the last look at a step found them; none before the first."""
    measures = {each["measure"]: each for each in step.found.get("measures", ())}
    return [_guardrail(each, measures[each["guardrail"]["measure"]]) for each in step.found.get("guardrails", ())]


def _guardrail(guarded: Mapping[str, Any], compared: Mapping[str, Any]) -> ShownGuardrail:
    measure: Measure = compared["measure"]
    margin = guarded["guardrail"]["margin"]
    interval = compared["difference" if measure in POINTS else "relative"]
    is_known = interval is not None and interval["low"] is not None and interval["high"] is not None
    unit = "points" if measure in POINTS else f"{formats.THIN}%"
    decimals = 1 if measure in POINTS else 0
    low, high = ((formats.signed(100 * interval[name], decimals)) for name in ("low", "high")) if is_known else ("", "")
    space = " " if measure in POINTS else ""
    return ShownGuardrail(
        name=MeasureWord(measure).label, a=spelled(measure, compared["a"]), b=spelled(measure, compared["b"]),
        difference=f"{formats.signed(100 * interval['estimate'], decimals)}{space}{unit}" if interval else formats.NOTHING,
        interval=f"{low} to {high}" if is_known else "", bar=_bar(measure, margin, interval) if is_known else None,
        allowed=_allowed(measure, margin), state=guarded["state"],
    )  # fmt: skip


def _allowed(measure: Measure, margin: float) -> str:
    direction = {"cost": "dearer", "latency": "slower", "latency_p95": "slower", "ttft": "slower"}.get(
        measure, "lower" if GOALS[measure] > 0 else "higher"
    )
    amount = f"{100 * margin:g}"
    unit = (" point" if amount == "1" else " points") if measure in POINTS else f"{formats.THIN}%"
    return f"not over {amount}{unit} {direction}"


def spelled(measure: Measure, value: float | None) -> str:
    """A value of a measure for people."""
    if value is None:
        return formats.NOTHING
    match measure:
        case "cost":
            return money.rounded(round(value * NANO))
        case "success" | "fallback":
            return formats.percent(value, 1, 1)
        case "satisfaction" | "tokens":
            return f"{value:.2f}" if measure == "satisfaction" else formats.tokens(round(value))
        case _:
            return formats.duration(value)


def _bar(measure: Measure, margin: float, interval: Mapping[str, float]) -> Bar:
    low, high, estimate = interval["low"], interval["high"], interval["estimate"]
    span = max(abs(low), abs(high), SPAN_OF_MARGIN * margin)
    bad = -1 if GOALS[measure] > 0 else 1

    def at(value: float) -> float:
        return round(MIDDLE + MIDDLE * value / span, 2)

    stop = at(bad * margin)
    look: Literal["good", "worse", ""] = "" if low <= 0 <= high else "good" if (low > 0) == (bad < 0) else "worse"
    return Bar(
        low=at(low), width=round(at(high) - at(low), 2), estimate=at(estimate), stop=stop, look=look,
        out_from=stop if bad > 0 else 0, out_width=round(100 - stop if bad > 0 else stop, 2),
    )  # fmt: skip


def sentence(gradual: GradualRollout) -> str:
    """How it stands, as the page says it first and when it changes."""
    name = f"{gradual.line.capitalize()} release {gradual.release}"
    if overtaken := stepping.overtaken(gradual):
        return f"{name} is not rolled out by steps any more. {overtaken}"
    if not gradual.is_open:
        return f"{name}: {gradual.get_state_display().lower()}. {gradual.said}"
    step = stepping.step_of(gradual)
    states = [each.state for each in guardrails(step)]
    held = "all guardrails hold" if states and set(states) == {"holds"} else "no guardrail is broken"
    known = held if states else "no look yet"
    waits = f" {step.said}" if step.is_waiting else ""
    return f"{name} is live for {step.percent}{formats.THIN}% of the users; {known}.{waits}"
