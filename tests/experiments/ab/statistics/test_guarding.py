"""Guardrails: what is allowed, what is known, and what is said."""

import pytest

from experiments.ab.statistics.guarding import guarded
from experiments.ab.types import Compared, Guardrail, GuardrailState, Interval, Measure


def found(measure: Measure, low: float | None, high: float | None) -> Compared:
    interval = Interval(estimate=0.0, low=low, high=high)
    return Compared(measure=measure, a=1.0, b=1.0, difference=interval, relative=interval, says="open")


@pytest.mark.parametrize(
    ("measure", "low", "high", "state"),
    [
        ("cost", -0.2, 0.1, "holds"), ("cost", 0.05, 0.15, "open"), ("cost", 0.11, 0.5, "broken"), ("cost", None, None, "open"),
        ("cost", 0.2, None, "broken"), ("cost", -0.5, None, "open"), ("cost", None, -0.2, "holds"),
        ("success", -0.1, 0.3, "holds"), ("success", -0.2, 0.3, "open"), ("success", -0.5, -0.11, "broken"),
        ("satisfaction", -0.5, -0.11, "broken"), ("fallback", 0.11, 0.2, "broken"), ("latency_p95", -0.1, 0.09, "holds"),
    ],
)  # fmt: skip
def test_a_guardrail_is_judged_by_where_all_of_the_interval_lies(
    measure: Measure, low: float | None, high: float | None, state: GuardrailState
) -> None:
    assert guarded(Guardrail(measure=measure, margin=0.1), found(measure, low, high)).state == state


def test_points_are_judged_by_the_difference_and_others_by_the_share_of_a() -> None:
    compared = Compared(
        measure="cost", a=2.0, b=2.2, difference=Interval(estimate=0.2, low=0.15, high=0.25),
        relative=Interval(estimate=0.1, low=0.075, high=0.125), says="worse",
    )  # fmt: skip
    assert guarded(Guardrail(measure="cost", margin=0.13), compared).state == "holds"
    assert guarded(Guardrail(measure="fallback", margin=0.13), compared).state == "broken"


@pytest.mark.parametrize(
    ("measure", "low", "high", "said"),
    [
        ("cost", 0.2, None, "Cost per request may be 10 % higher than A's; the difference lies above +20.0 %: it is broken."),
        ("success", -0.15, 0.05, "Success may be 10 points lower than A's; "
         "the difference lies between -15.0 and +5.0 points: it is open."),
        ("success", -0.03, None, "Success may be 10 points lower than A's; the difference lies above -3.0 points: it holds."),
        ("ttft", None, None, "Time to first token may be 10 % higher than A's; too little is known yet."),
    ],
)  # fmt: skip
def test_a_sentence_has_the_figures(measure: Measure, low: float | None, high: float | None, said: str) -> None:
    assert guarded(Guardrail(measure=measure, margin=0.1), found(measure, low, high)).said == said


def test_nothing_measured_leaves_it_open() -> None:
    nothing = Compared(measure="cost", a=None, b=None, difference=None, relative=None, says="open")
    assert guarded(Guardrail(measure="cost", margin=0.1), nothing).state == "open"
