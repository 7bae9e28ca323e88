"""What the pages of a test are made of: its newest look, the looks before it, what it costs, and the tests before it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.models import Record
from budgets.formats import NOTHING, THIN, ago, count, day, percent
from budgets.money import rounded
from budgets.people.ownership import visible
from budgets.types import to_nano
from experiments.ab import checking, choosing, findings_json, guarding, planning, telling
from experiments.ab.band import Point, band
from experiments.ab.statistics.measures import POINTS
from experiments.ab.types import Findings, Interval, Measure
from experiments.choices import ExperimentState
from experiments.models import Experiment, Look

SHOWN = 100
MAX_COUNTED = 10_000
TABLE_ROWS = 14
EFFECTS: Sequence[tuple[Measure, float]] = (
    ("cost", 0.1), ("cost", 0.2), ("success", 0.01), ("latency", 0.1), ("satisfaction", 0.05),
)  # fmt: skip
"""For which the page of a test says how long they take to be shown."""
STATES: Mapping[str, tuple[str, str]] = {
    ExperimentState.DRAFT: ("", "edit"), ExperimentState.RUNNING: ("live", ""), ExperimentState.STOPPED: ("bad", "error"),
    ExperimentState.ENDED: ("", "flag"),
}  # fmt: skip
"""The look and the icon of how a test stands."""


def of_account(user: Any, account: Any) -> QuerySet[Experiment]:
    """Those of an account that somebody may see, the newest first."""
    found = visible(Experiment.objects.filter(account=account), user)
    return found.select_related("account", "user").order_by("-pk")


def under_way(tests: QuerySet[Experiment]) -> QuerySet[Experiment]:
    return tests.exclude(state=ExperimentState.ENDED)


def summaries(tests: QuerySet[Experiment], now: datetime) -> Iterator[dict[str, Any]]:
    """A line for each test, with what its newest look found."""
    newest = Look.objects.filter(experiment=OuterRef("pk")).order_by("-at").values("findings")[:1]
    for test in tests.annotate(found=Subquery(newest))[:SHOWN]:
        yield _summary(test, findings_json.read(test.found) if test.found else None, now)


def _summary(test: Any, found: Findings | None, now: datetime) -> dict[str, Any]:
    main = found.measures[0] if found else None
    interval = telling.interval_of(main) if main else None
    look, icon = STATES[test.state]
    return {
        "test": test, "look": look, "icon": icon, "words": telling.headline(found)[0], "variants": _variants(test),
        "difference": telling.difference(main.measure, interval.estimate) if main and interval else NOTHING,
        "label": telling.LABELS[test.main], "declared": declared(test), "length": length(test, now),
        "requests": count(found.requests_a + found.requests_b) if found else "0",
    }  # fmt: skip


def declared(test: Experiment) -> str:
    """Who won, in a few words; empty: nobody was declared."""
    if test.declared in {"a", "b"}:
        before, words = telling.variant(checking.treatment(getattr(test, test.declared)))
        return f"{test.declared.upper()}, {before}{words}"
    return _("neither") if test.declared else ""


def length(test: Experiment, now: datetime) -> str:
    """How far it is, or how long it took."""
    if test.started_at is None:
        return _("{days} days are planned").format(days=test.planned_days)
    passed = (test.ended_at or now) - test.started_at
    if test.ended_at is not None:
        days = max(1, round(passed / timedelta(days=1)))
        after = ngettext("{day}, after a day", "{day}, after {days} days", days)
        return after.format(day=day(test.ended_at), days=days)
    return _("day {day} of {days}").format(day=passed.days + 1, days=test.planned_days)


def figures(test: Experiment, now: datetime) -> dict[str, Any]:
    """All that moves on a test's page while it runs."""
    newest = test.looks.order_by("-at").first()
    found = findings_json.read(newest.findings) if newest else None
    number = newest.phase if newest else test.phase
    phase = test.phases.filter(number=number).first()
    title, words = telling.headline(found)
    look, icon = STATES[test.state]
    return {
        "test": test, "found": found, "headline": title, "words": words, "look": look, "icon": icon, "phase": phase,
        "length": length(test, now), "label": telling.LABELS[test.main], "variants": _variants(test, found),
        "ratio": telling.ratio(found.ratio) if found else "", "share_b": _share_b(test),
        "jumpers": telling.jumpers(found) if found else "", "split": _split(found), "rows": telling.rows(found) if found else [],
        "guards": list(telling.guards(found)) if found else [], "budget": _budget(test),
        "checked": ago(found.at, now) if found else "", "chart": _chart(test, phase, now) if found else None,
        "is_moving": test.state == ExperimentState.RUNNING,
    }  # fmt: skip


def _variants(test: Experiment, found: Findings | None = None) -> list[dict[str, Any]]:
    told = []
    treatments = {arm: checking.treatment(getattr(test, arm)) for arm in ("a", "b")}
    names = choosing.names(treatments.values())
    for arm, treatment in treatments.items():
        before, words = telling.variant(treatment, names.get(treatment.value, ""))
        units = getattr(found.ratio, arm) if found else 0
        requests = getattr(found, f"requests_{arm}") if found else 0
        told.append(
            {
                "letter": arm.upper(),
                "before": before,
                "words": words,
                "units": count(units),
                "requests": count(requests),
            }
        )
    return told


def _share_b(test: Experiment) -> str:
    share = test.share_b if test.allocation == "fixed" or test.share_b_now is None else round(100 * test.share_b_now)
    return f"{100 - share} : {share}"


def _split(found: Findings | None) -> dict[str, Any] | None:
    units = found.ratio.a + found.ratio.b if found else 0
    if found is None or not units:
        return None
    part = found.ratio.a / units
    return {"width": round(100 * part, 1), "a": percent(part, 1, 1), "b": percent(1 - part, 1, 1)}


def _budget(test: Experiment) -> dict[str, Any] | None:
    """What B may cost in all, with what it cost."""
    if test.budget_usd is None or test.started_at is None:
        return None
    spent, budget = guarding.spent_nano(test), to_nano(test.budget_usd)
    look, icon, word = ("bad", "error", _("spent")) if spent >= budget else ("ok", "check", _("holds"))
    return {
        "spent": rounded(spent), "budget": rounded(budget), "percent": round(min(100.0, 100 * spent / budget), 1),
        "look": look, "icon": icon, "word": word,
    }  # fmt: skip


def _chart(test: Experiment, phase: Any, now: datetime) -> dict[str, Any] | None:
    """The difference of the main measure at every look of the phase."""
    measure, name = phase.main, "difference" if phase.main in POINTS else "relative"
    looks = test.looks.filter(phase=phase.number).order_by("at").values_list("at", f"findings__measures__0__{name}")
    points = [Point(at=at, interval=Interval(**interval)) for at, interval in looks if interval]
    drawn = band(points, phase.began_at, phase.began_at + timedelta(days=test.planned_days))
    if drawn is None:
        return None
    every, newest = max(1, -(-len(points) // TABLE_ROWS)), points[-1].interval
    return {
        "band": drawn, "now": telling.difference(measure, newest.estimate), "between": telling.between(measure, newest),
        "up": [{"down": down, "y": 4 * down, "text": telling.difference(measure, value)} for down, value in drawn.up],
        "words": telling.directions(measure),
        "table": [
            {
                "at": each.at, "estimate": telling.difference(measure, each.interval.estimate),
                "between": telling.between(measure, each.interval),
            }
            for each in points[::-every]
        ],
    }  # fmt: skip


# --- what is worked out once, when the page is opened


def phases(test: Experiment) -> list[Any]:
    """Those of a test that had more than one."""
    found = list(test.phases.order_by("number"))
    return found if len(found) > 1 else []


def apart(test: Experiment) -> str:
    """How many requests of those whom a test by session is about belong to no session: they take no part."""
    if test.unit != "session" or test.started_at is None:
        return ""
    records = Record.objects.filter(
        account_id=test.account_id, created_at__gte=test.started_at, session="", experiment=None, is_reported=False
    )
    if test.user_id is not None:
        records = records.filter(user_id=test.user_id)
    if test.ended_at is not None:
        records = records.filter(created_at__lt=test.ended_at)
    number = records.order_by()[: MAX_COUNTED + 1].count()
    if not number:
        return ""
    written = count(number) if number <= MAX_COUNTED else _("More than {number}").format(number=count(MAX_COUNTED))
    return _("{number} requests named no session, and took no part.").format(number=written)


def needed(test: Experiment, now: datetime) -> dict[str, Any]:
    """How many units other differences would need, by the last two weeks."""
    plans = [(measure, effect, _plan(test, measure, effect, now)) for measure, effect in EFFECTS]
    rows = [
        {
            "what": _effect(measure, effect), "units": count(plan.needed.watched),
            "days": _("{days} days").format(days=count(max(1, round(plan.days)))) if plan.days else NOTHING,
        }
        for measure, effect, plan in plans if plan.needed
    ]  # fmt: skip
    a_day = plans[0][2].units_a_day
    return {
        "rows": rows,
        "a_day": count(round(a_day)),
        "unit": _("sessions") if test.unit == "session" else _("users and keys"),
    }


def _plan(test: Experiment, measure: Measure, effect: float, now: datetime) -> planning.Plan:
    asked = planning.Asked(
        account_id=test.account_id, user_id=test.user_id, unit=test.unit, measure=measure, effect=effect,  # type: ignore[arg-type]
        share_b=test.share_b / 100, exposure=test.exposure / 100,
    )  # fmt: skip
    return planning.plan(asked, now)


def _effect(measure: Measure, effect: float) -> str:
    label = str(telling.LABELS[measure]).lower()
    if measure in POINTS:
        points = ngettext("{number} point", "{number} points", round(100 * effect)).format(number=f"{100 * effect:g}")
        by = f"{effect:g}" if measure == "satisfaction" else points
    else:
        by = f"{100 * effect:g}{THIN}%"
    return _("{by} in {measure}").format(by=by, measure=label)
