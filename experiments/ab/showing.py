"""A test as its pages show it: the sentence on top, variants, measures with their intervals, guardrails, the band over time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from budgets import formats
from budgets.money import dollars, rounded
from budgets.types import to_nano
from experiments.ab import drawing, findings_json, guarding, planning, wording
from experiments.ab.checking import guardrails, treatment
from experiments.ab.drawing import Band, Bar, Point
from experiments.ab.types import Compared, Findings, Guarded, Measure
from experiments.models import Experiment

EFFECTS: Sequence[tuple[Measure, float]] = (("cost", 0.1), ("cost", 0.2), ("latency", 0.2), ("success", 0.01))
"""For which it is told how long a test takes to show them."""
ICONS: Mapping[str, str] = {"better": "check", "worse": "close"}
TONES: Mapping[str, str] = {"better": "ok", "worse": "bad"}
STATES: Mapping[str, tuple[str, str]] = {
    "holds": ("ok", "check"),
    "open": ("", "hourglass_empty"),
    "broken": ("bad", "close"),
}
MAX_JUMPERS = 0.05
"""Of the units: with more in both variants nothing is to be trusted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One measure."""

    name: str
    is_main: bool
    a: str
    b: str
    difference: str
    interval: str
    bar: Bar | None
    tone: str
    """Of the bar."""
    says: str
    says_tone: str
    icon: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Rail:
    """One guardrail."""

    name: str
    allowed: str
    state: str
    tone: str
    icon: str
    spent: float | None = None
    """Of a budget, per cent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arm:
    """One variant."""

    letter: str
    name: str
    units: str
    requests: str
    share: float
    """Of the units that came, per cent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How long it takes to show an effect."""

    effect: str
    units: str
    days: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """All that a page draws. Of a test without a look there are no findings."""

    verdict: str
    said: str
    arms: Sequence[Arm]
    rows: Sequence[Row] = ()
    rails: Sequence[Rail] = ()
    band: Band | None = None
    at: datetime | None = None
    ratio: str = ""
    ratio_fits: bool = True
    warnings: Sequence[str] = ()


def shown(test: Experiment) -> Shown:
    """By the newest look of its newest phase that has one."""
    look = test.looks.exclude(phase=test.phase if test.state == "stopped" else 0).order_by("-at").first()
    found = findings_json.read(look.findings) if look else None
    if found is None or look is None:
        return Shown(
            verdict=_verdict(test), said=_waiting(test), arms=list(_arms(test, None)), rails=list(_rails(test, ()))
        )
    verdict, said = wording.headline(found)
    phase = test.phases.get(number=look.phase)
    margins = {each.measure: each.margin for each in guardrails(phase.guardrails)}
    return Shown(
        verdict=verdict, said=said, arms=list(_arms(test, found)), rails=list(_rails(test, found.guardrails)), at=found.at,
        rows=[_row(each, each is found.measures[0], margins.get(each.measure)) for each in found.measures],
        band=_band(test, look.phase, found.measures[0].measure), ratio=_ratio(found), ratio_fits=found.ratio.fits,
        warnings=list(_warnings(test, found)),
    )  # fmt: skip


def wanted(test: Experiment, at: datetime) -> list[Wanted]:
    """By the last two weeks' requests of those whom it is about."""
    asked = planning.Asked(
        account_id=test.account_id, user_id=test.user_id, unit=test.unit,  # type: ignore[arg-type]  # its choices are the type's
        share_b=test.share_b / 100, exposure=test.exposure / 100,
    )  # fmt: skip
    plans = planning.plans(asked, EFFECTS, at)
    return [_wanted(measure, effect, plan) for (measure, effect), plan in zip(EFFECTS, plans, strict=True)]


def _wanted(measure: Measure, effect: float, plan: planning.Plan) -> Wanted:
    amount = wording.difference(measure, effect).lstrip("+")
    days = (
        _("not known") if plan.days is None else _("{days} days").format(days=formats.count(max(1, round(plan.days))))
    )
    units = formats.NOTHING if plan.needed is None else formats.count(plan.needed.watched)
    return Wanted(effect=f"{wording.NAMES[measure]}, {amount}", units=units, days=days)


def _verdict(test: Experiment) -> str:
    return _("It has not started.") if test.state == "draft" else _("No look has been taken yet.")


def _waiting(test: Experiment) -> str:
    if test.state == "draft":
        return _("Nobody takes part before it does.")
    return _("The first one comes within 15 seconds of its start.")


def _arms(test: Experiment, found: Findings | None) -> Iterator[Arm]:
    units = (found.ratio.a, found.ratio.b) if found else (0, 0)
    requests = (found.requests_a, found.requests_b) if found else (0, 0)
    expected = (100 - test.share_b, test.share_b)
    for at, letter in enumerate("AB"):
        value = treatment(getattr(test, letter.lower()))
        share = 100 * units[at] / sum(units) if sum(units) else expected[at]
        yield Arm(
            letter=letter, name=wording.variant(value), units=formats.count(units[at]),
            requests=formats.count(requests[at]), share=round(share, 1),
        )  # fmt: skip


def _row(found: Compared, is_main: bool, margin: float | None) -> Row:
    interval = wording.interval_of(found)
    return Row(
        name=str(wording.NAMES[found.measure]), is_main=is_main, a=wording.figure(found.measure, found.a),
        b=wording.figure(found.measure, found.b),
        difference=wording.difference(found.measure, interval.estimate if interval else None),
        interval=wording.between(found.measure, interval),
        bar=drawing.bar(interval, margin, wording.is_worse_above(found.measure)) if interval else None,
        tone=wording.tone(found), says=str(wording.VERDICTS[found.says]), says_tone=TONES.get(found.says, ""),
        icon=ICONS.get(found.says, ""),
    )  # fmt: skip


def _rails(test: Experiment, found: Sequence[Guarded]) -> Iterator[Rail]:
    states = {each.guardrail.measure: each.state for each in found}
    for each in guardrails(test.guardrails):
        state = states.get(each.measure, "open")
        tone, icon = STATES[state]
        name, allowed = str(wording.NAMES[each.measure]), wording.margin(each.measure, each.margin)
        yield Rail(name=name, allowed=allowed, state=_(state), tone=tone, icon=icon)
    if test.budget_usd is not None:
        yield _budget(test, to_nano(test.budget_usd))


def _budget(test: Experiment, budget: int) -> Rail:
    spent = guarding.spent_nano(test) if test.started_at else 0
    state = "broken" if spent >= budget else "holds"
    tone, icon = STATES[state]
    text = _("B cost {spent} of {budget}").format(spent=rounded(spent), budget=dollars(budget))
    part = min(100.0, round(100 * spent / budget, 1))
    return Rail(name=_("Budget of the test"), allowed=text, state=_(state), tone=tone, icon=icon, spent=part)


def _band(test: Experiment, phase: int, measure: Measure) -> Band | None:
    began = test.phases.get(number=phase).began_at
    looks = [findings_json.read(each) for each in test.looks.filter(phase=phase).values_list("findings", flat=True)]
    points = [
        Point(at=each.at, interval=interval) for each in looks if (interval := wording.interval_of(each.measures[0]))
    ]
    until = max([test.planned_end or began, *(each.at for each in points)])
    return drawing.band(points, began, until, lambda value: wording.difference(measure, value))


def _ratio(found: Findings) -> str:
    ratio = found.ratio
    total = max(1, ratio.a + ratio.b)
    text = _("{a} : {b} where {wanted_a} : {wanted_b} is set; the least p at any look was {p}.")
    return text.format(
        a=f"{100 * ratio.a / total:.1f}", b=f"{100 * ratio.b / total:.1f}", wanted_a=f"{100 * (1 - ratio.share_b):.0f}",
        wanted_b=f"{100 * ratio.share_b:.0f}", p=f"{ratio.p:.2g}",
    )  # fmt: skip


def _warnings(test: Experiment, found: Findings) -> Iterator[str]:
    if test.state == "stopped":
        yield _("B was stopped and everybody gets A: {reason}").format(reason=test.reason)
    if not found.ratio.fits:
        yield _(
            "The variants did not get the shares that are set, so the figures of both may not be alike: find out why first."
        )
    if found.jumpers > MAX_JUMPERS * (found.ratio.a + found.ratio.b):
        yield _("{number} units are in both variants: the figures are not to be trusted.").format(number=found.jumpers)
    if test.allocation == "adaptive":
        yield _("The shares follow what is seen, so no interval is told: it would not hold.")
