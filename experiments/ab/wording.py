"""What tests, variants, measures and what was found are called, for people."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from budgets import formats
from budgets.formats import NOTHING, THIN
from budgets.money import rounded
from experiments.ab.statistics.measures import GOALS, POINTS
from experiments.ab.types import Compared, Findings, Interval, Measure, Treatment
from experiments.choices import TreatmentKind

NAMES: Mapping[Measure, Any] = {
    "cost": gettext_lazy("Cost per request"), "success": gettext_lazy("Success"), "latency": gettext_lazy("Mean answer time"),
    "latency_p95": gettext_lazy("Slowest 5 % from"), "ttft": gettext_lazy("First token"),
    "satisfaction": gettext_lazy("Satisfaction"), "tokens": gettext_lazy("Tokens per answer"),
    "fallback": gettext_lazy("Fallback rate"),
}  # fmt: skip
SAID: Mapping[tuple[Measure, str], Any] = {
    ("cost", "better"): gettext_lazy("B is cheaper."), ("cost", "worse"): gettext_lazy("B is dearer."),
    ("success", "better"): gettext_lazy("B succeeds more often."), ("success", "worse"): gettext_lazy("B fails more often."),
    ("latency", "better"): gettext_lazy("B is faster."), ("latency", "worse"): gettext_lazy("B is slower."),
    ("latency_p95", "better"): gettext_lazy("B's slowest answers are faster."),
    ("latency_p95", "worse"): gettext_lazy("B's slowest answers are slower."),
    ("ttft", "better"): gettext_lazy("B begins to answer sooner."), ("ttft", "worse"): gettext_lazy("B begins to answer later."),
    ("satisfaction", "better"): gettext_lazy("B pleases more."), ("satisfaction", "worse"): gettext_lazy("B pleases less."),
    ("tokens", "more"): gettext_lazy("B's answers are longer."), ("tokens", "less"): gettext_lazy("B's answers are shorter."),
    ("fallback", "better"): gettext_lazy("B falls back less often."),
    ("fallback", "worse"): gettext_lazy("B falls back more often."),
}  # fmt: skip
VERDICTS: Mapping[str, Any] = {
    "better": gettext_lazy("B better"), "worse": gettext_lazy("B worse"), "more": gettext_lazy("B more"),
    "less": gettext_lazy("B less"), "open": gettext_lazy("no difference shown"),
}  # fmt: skip
ALLOWED: Mapping[Measure, Any] = {
    "cost": gettext_lazy("not more than {} dearer"), "success": gettext_lazy("not more than {} lower"),
    "satisfaction": gettext_lazy("not more than {} lower"), "fallback": gettext_lazy("not more than {} higher"),
    "latency": gettext_lazy("not more than {} slower"), "latency_p95": gettext_lazy("not more than {} slower"),
    "ttft": gettext_lazy("not more than {} slower"),
}  # fmt: skip


def variant(treatment: Treatment) -> str:
    """As "Model openai:gpt-5", "As it is"."""
    return f"{TreatmentKind(treatment.kind).label} {treatment.value}".strip()


def whom(test: Any) -> str:
    """Whose requests a test is about."""
    if test.account is None:
        return _("everybody")
    return f"{test.user}" if test.user else _("account {name}").format(name=test.account.name)


def figure(measure: Measure, value: float | None) -> str:
    """What one arm did."""
    if value is None:
        return NOTHING
    if measure == "cost":
        return rounded(round(value * 1e9))
    if measure in {"success", "fallback"}:
        return formats.percent(value, 1, 1)
    if measure in {"satisfaction", "tokens"}:
        return f"{value:.2f}" if measure == "satisfaction" else formats.tokens(round(value))
    return formats.duration(value)


def interval_of(found: Compared) -> Interval | None:
    """The difference as it is told: in points, or as a share of A."""
    return found.difference if found.measure in POINTS else found.relative


def difference(measure: Measure, value: float | None, with_unit: bool = True) -> str:
    if value is None:
        return NOTHING
    if measure in POINTS:
        return f"{formats.signed(100 * value, 1)}{' ' + _('points') if with_unit else ''}"
    return f"{formats.signed(100 * value)}{THIN + '%' if with_unit else ''}"


def between(measure: Measure, interval: Interval | None) -> str:
    """As "+2 to +12"."""
    if interval is None or interval.low is None or interval.high is None:
        return _("no interval yet")
    low, high = (difference(measure, each, with_unit=False) for each in (interval.low, interval.high))
    return _("{low} to {high}").format(low=low, high=high)


def margin(measure: Measure, value: float) -> str:
    """As "not more than 2 points lower"."""
    amount = f"{100 * value:g} {_('points')}" if measure in POINTS else f"{100 * value:g}{THIN}%"
    return str(ALLOWED[measure]).format(amount)


def headline(found: Findings) -> tuple[str, str]:
    """What the main measure shows, and the figures of it."""
    main = found.measures[0]
    verdict = str(SAID.get((main.measure, main.says), _("No difference is shown yet.")))
    interval = interval_of(main)
    if interval is None:
        return verdict, _("{measure}: A {a}, B {b}.").format(
            measure=NAMES[main.measure], a=figure(main.measure, main.a), b=figure(main.measure, main.b)
        )
    text = _("{measure} of B against A: {estimate} (95 % interval {interval}, valid at every look).")
    return verdict, text.format(
        measure=NAMES[main.measure], estimate=difference(main.measure, interval.estimate),
        interval=between(main.measure, interval),
    )  # fmt: skip


def tone(found: Compared) -> str:
    """How a difference is coloured: green or red only where it is shown and one is plainly better."""
    return {"better": "good", "worse": "worse"}.get(found.says, "")


def is_worse_above(measure: Measure) -> bool:
    return GOALS[measure] < 0
