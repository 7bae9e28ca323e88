"""What a look found, as people read it: sentences, a row for each measure with its interval as a bar, guardrails."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from budgets.formats import NOTHING, THIN, count, duration, percent, signed
from budgets.money import MINUS, rounded
from budgets.types import NANO
from experiments.ab.statistics.measures import GOALS, POINTS, SHARES
from experiments.ab.types import Compared, Findings, Guardrail, Interval, Measure, SampleRatio, Treatment

LABELS: Mapping[Measure, Promise] = {
    "cost": gettext_lazy("Cost per request"), "success": gettext_lazy("Success"), "latency": gettext_lazy("Mean answer time"),
    "latency_p95": gettext_lazy("Slowest 5 % from"), "ttft": gettext_lazy("First token"),
    "satisfaction": gettext_lazy("Satisfaction"), "tokens": gettext_lazy("Tokens per answer"),
    "fallback": gettext_lazy("Fallback rate"),
}  # fmt: skip
PLAINLY: Mapping[Measure, tuple[Promise, Promise]] = {
    "cost": (gettext_lazy("B is dearer."), gettext_lazy("B is cheaper.")),
    "success": (gettext_lazy("B succeeds more often."), gettext_lazy("B succeeds less often.")),
    "latency": (gettext_lazy("B is slower."), gettext_lazy("B is faster.")),
    "latency_p95": (gettext_lazy("B's slowest answers are slower."), gettext_lazy("B's slowest answers are faster.")),
    "ttft": (gettext_lazy("B begins to answer later."), gettext_lazy("B begins to answer sooner.")),
    "satisfaction": (gettext_lazy("B pleases more."), gettext_lazy("B pleases less.")),
    "tokens": (gettext_lazy("B's answers are longer."), gettext_lazy("B's answers are shorter.")),
    "fallback": (gettext_lazy("B falls back more often."), gettext_lazy("B falls back less often.")),
}  # fmt: skip
"""What is said where B's figure is shown to be higher, or lower."""
SCALES = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""How far a bar reaches to each side, in points or as a share of A: the least that holds all of it."""
TRUSTED_JUMPERS = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """An interval as a bar, in per cent of its width: 50 is no difference."""

    low: float | None
    width: float
    estimate: float
    out_from: float | None = None
    """What a guardrail does not allow."""
    out_width: float = 0.0
    stop: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A measure of both variants."""

    label: str
    a: str
    b: str
    difference: str
    interval: str
    says: str
    look: str
    """"good" or "worse" where B is plainly one of them."""
    bar: Bar | None
    is_main: bool


def shown(measure: Measure, value: float | None) -> str:
    """A figure of one variant."""
    if value is None:
        return NOTHING
    if measure in SHARES:
        return percent(value, 1, 1)
    return {
        "cost": lambda: rounded(round(value * NANO)), "satisfaction": lambda: f"{value:.2f}", "tokens": lambda: f"{value:,.0f}",
    }.get(measure, lambda: duration(value))()  # fmt: skip


def difference(measure: Measure, value: float, unit: bool = True) -> str:
    """A difference: a share of A in per cent, points, or (satisfaction) the score itself."""
    if measure == "satisfaction":
        return signed(value, 2)
    if measure in SHARES:
        return f"{signed(100 * value, 1)} {_('points')}" if unit else signed(100 * value, 1)
    return f"{signed(100 * value)}{THIN}%" if unit else signed(100 * value)


def directions(measure: Measure) -> tuple[str, str]:
    """What lies above and below no difference."""
    more, less = PLAINLY[measure]
    return str(more).rstrip("."), str(less).rstrip(".")


def interval_of(compared: Compared) -> Interval | None:
    """What is told of a difference: points, or a share of A."""
    return compared.difference if compared.measure in POINTS else compared.relative


def between(measure: Measure, interval: Interval | None) -> str:
    """From where to where; what is bounded to one side only, or not at all yet, is called so."""
    if interval is None or (interval.low is None and interval.high is None):
        return _("not bounded yet")
    low, high = (
        None if each is None else difference(measure, each, unit=False) for each in (interval.low, interval.high)
    )
    if low is None or high is None:
        return _("above {low}").format(low=low) if high is None else _("below {high}").format(high=high)
    return _("{low} to {high}").format(low=low, high=high)


def rows(found: Findings) -> list[Row]:
    """Each measure, the main one first."""
    margins = {each.guardrail.measure: each.guardrail.margin for each in found.guardrails}
    return [_row(each, margins.get(each.measure), at == 0) for at, each in enumerate(found.measures)]


def _row(compared: Compared, margin: float | None, is_main: bool) -> Row:
    measure, interval = compared.measure, interval_of(compared)
    return Row(
        label=str(LABELS[measure]), a=shown(measure, compared.a), b=shown(measure, compared.b),
        difference=difference(measure, interval.estimate) if interval else NOTHING,
        interval=between(measure, interval) if interval else "", says=_says(compared),
        look={"better": "good", "worse": "worse"}.get(compared.says, ""),
        bar=bar(measure, interval, margin) if interval else None, is_main=is_main,
    )  # fmt: skip


def _says(compared: Compared) -> str:
    if compared.a is None or compared.b is None:
        return _("not measured")
    return {
        "better": _("B better"), "worse": _("B worse"), "more": _("B more"), "less": _("B less"),
        "open": _("no difference shown"),
    }[compared.says]  # fmt: skip


def bar(measure: Measure, interval: Interval, margin: float | None = None) -> Bar:
    """To scale with all that is bounded, and with the guardrail's margin."""
    known = [abs(each) for each in (interval.low, interval.high, interval.estimate, margin) if each is not None]
    scale = next((each for each in SCALES if each >= max(known)), SCALES[-1])

    def at(value: float) -> float:
        return round(min(100.0, max(0.0, 50 + 50 * value / scale)), 1)

    is_bounded = interval.low is not None or interval.high is not None
    low = at(-scale if interval.low is None else interval.low)
    high = at(scale if interval.high is None else interval.high)
    stop = None if margin is None else at(-margin if GOALS[measure] > 0 else margin)
    out_from = None if stop is None else 0.0 if GOALS[measure] > 0 else stop
    return Bar(
        low=low if is_bounded else None, width=round(high - low, 1), estimate=at(interval.estimate), out_from=out_from,
        out_width=0.0 if stop is None else round(stop if GOALS[measure] > 0 else 100 - stop, 1), stop=stop or 0.0,
    )  # fmt: skip


# --- sentences


def headline(found: Findings | None) -> tuple[str, str]:
    """What the main measure and the guardrails say: in a few words, and then with figures."""
    if found is None or not found.requests_a + found.requests_b:
        return _("No request yet."), _("The first figures come within 15 seconds of the first requests.")
    main, interval = found.measures[0], interval_of(found.measures[0])
    if interval is None or main.a is None or main.b is None:
        return _("Too little is known yet."), _guardrails(found)
    said = _(
        "{measure} is {b} with B and {a} with A: {difference} (95 % interval {interval}, valid at every look)."
    ).format(
        measure=LABELS[main.measure], a=shown(main.measure, main.a), b=shown(main.measure, main.b),
        difference=difference(main.measure, interval.estimate), interval=between(main.measure, interval),
    )  # fmt: skip
    return _plainly(main), f"{said} {_guardrails(found)}"


def _plainly(main: Compared) -> str:
    if main.says == "open" or main.difference is None:
        return _("No difference is shown yet.")
    return str(PLAINLY[main.measure][0 if main.difference.estimate > 0 else 1])


def _guardrails(found: Findings) -> str:
    broken = [str(LABELS[each.guardrail.measure]) for each in found.guardrails if each.state == "broken"]
    worse = [str(LABELS[each.measure]) for each in found.measures[1:] if each.says == "worse"]
    told = []
    if broken:
        told.append(_("The guardrail of {measures} is broken").format(measures=", ".join(broken)))
    elif found.guardrails:
        told.append(_("No guardrail is broken"))
    if worse:
        told.append(_("B is worse in {measures}").format(measures=", ".join(worse)))
    return f"{_(', but ').join(told)}." if told else ""


def ratio(found: SampleRatio) -> str:
    """Whether the units are parted as the weights say."""
    total = found.a + found.b
    parts = f"{_share(found.a, total)} : {_share(found.b, total)}"
    set_to = f"{_short(100 * (1 - found.share_b))} : {_short(100 * found.share_b)}"
    p = f"{found.p:.2g}" if found.p >= 0.001 else "0.001"
    least = _("the least p at any look was {p}").format(p=p) if found.p >= 0.001 else _("p is below {p}").format(p=p)
    return _("{parts} where {set_to} is set; {least}.").format(parts=parts, set_to=set_to, least=least)


def jumpers(found: Findings) -> str:
    """What is to be said of units that are in both variants; empty: nothing."""
    units = found.ratio.a + found.ratio.b
    if not found.jumpers:
        return ""
    said = ngettext("{number} of them was in both variants", "{number} of them were in both variants", found.jumpers)
    end = _(": more than one in twenty, so nothing of this is to be trusted.")
    return said.format(number=count(found.jumpers)) + (end if found.jumpers > TRUSTED_JUMPERS * units else ".")


def allowed(guardrail: Guardrail) -> str:
    """What B may not do, in words."""
    if guardrail.measure in SHARES:
        by = f"{_short(100 * guardrail.margin)} {_('points')}"
        return (
            _("not more than {by} lower").format(by=by)
            if GOALS[guardrail.measure] > 0
            else _("not more than {by} higher").format(by=by)
        )
    if guardrail.measure == "satisfaction":
        return _("not more than {by} lower").format(by=f"{guardrail.margin:g}")
    return _("not more than {by} higher").format(by=f"{_short(100 * guardrail.margin)}{THIN}%")


def variant(treatment: Treatment, named: str = "") -> tuple[str, str]:
    """What a variant tells the router, with what stands before it in grey. `named`: what is shown of a value that is a number."""
    kinds: Mapping[str, tuple[str, str]] = {
        "same": ("", _("as it is")), "shuffle": ("", _("models at random, at the same cost")),
        "provider": (f"{_('models of')} ", treatment.value), "policy": (f"{_('policy')} ", treatment.value),
        "preferences": (f"{_('preferences')} ", named or treatment.value),
        "release": (f"{_('router release')} ", treatment.value),
        "tier": (f"{_('the tier')} ", treatment.value),
    }  # fmt: skip
    if treatment.kind == "model":
        maker, _colon, name = treatment.value.rpartition(":")
        return f"{maker}:", name
    return kinds[treatment.kind]


def _share(part: int, total: int) -> str:
    return _short(100 * part / total) if total else NOTHING


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace("-", MINUS)


def guards(found: Findings) -> Iterator[dict[str, str]]:
    """Each guardrail with how it does."""
    looks = {
        "holds": ("ok", "check", _("holds")),
        "open": ("near", "pending", _("open")),
        "broken": ("bad", "error", _("broken")),
    }
    for each in found.guardrails:
        look, icon, word = looks[each.state]
        yield {
            "label": str(LABELS[each.guardrail.measure]), "allowed": allowed(each.guardrail), "look": look, "icon": icon,
            "word": word, "said": each.said,
        }  # fmt: skip
