"""Anomalies told as alerts, with the figures that led to them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.anomalies import hours
from analytics.anomalies.detection import RULES, find
from analytics.anomalies.hours import HOUR, Subject
from analytics.anomalies.types import Anomaly, Measure
from budgets.alerts.limits import concerned
from budgets.alerts.raising import raise_alert
from budgets.alerts.types import Finding
from budgets.money import dollars, usd

GRAVE = 2
"""So many times what makes an anomaly one is triggered, less is near."""
THRESHOLDS = {rule.measure: rule.threshold for rule in RULES}
READ: Mapping[Measure, tuple[str, Callable[[float], str | int | float]]] = {
    "spend": ("spent_usd", lambda value: usd(round(value))),
    "latency": ("latency_ms", round),
    "errors": ("errors_percent", lambda value: round(100 * value, 1)),
}
"""What a value is called among the figures, and how it is written there."""
BY_KIND: Mapping[str, tuple[Measure, ...]] = {
    "account": ("spend", "errors"),
    "model": ("spend", "latency", "errors"),
    "provider": ("latency", "errors"),
}
"""What is told of whom. An account's latency is that of the models it happens to ask, a provider's spend that of all accounts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An anomaly of somebody, in the hours until a moment."""

    subject: Subject
    anomaly: Anomaly
    until: datetime


def look(moment: datetime) -> Iterator[Found]:
    """What is unusual in the last whole hour before `moment`, as far as the records are read."""
    until = hours.gather(moment)
    for subject, figures in hours.series(until - HOUR):
        for anomaly in find(figures):
            if anomaly.measure in BY_KIND[subject.kind]:
                yield Found(subject=subject, anomaly=anomaly, until=until)


def look_and_tell(moment: datetime) -> int:
    """Tell of what is unusual: once a day for each measure of each subject, and once more if it gets graver. Returns how many."""
    return sum(raise_alert(finding_of(each)) for each in look(moment))


def finding_of(found: Found) -> Finding:
    subject, anomaly = found.subject, found.anomaly
    is_grave = anomaly.score >= GRAVE * THRESHOLDS[anomaly.measure]
    return Finding(
        kind="anomaly", account_id=subject.account_id, subject=f"anomaly:{anomaly.measure}:{subject.kind}:{subject.name}",
        period_start=(found.until - HOUR).replace(hour=0), state="triggered" if is_grave else "near",
        title=sentence(found), figures=_figures(found),
    )  # fmt: skip


def sentence(found: Found) -> str:
    """What happened beside what is usual, for people."""
    anomaly = found.anomaly
    window = "hour" if anomaly.window_hours == 1 else f"{anomaly.window_hours} hours"
    value, usual = (shown(anomaly, each) for each in (anomaly.value, anomaly.expected))
    did = {
        "spend": f"spent {value}", "latency": f"took {value} in the median of {anomaly.requests:,} requests",
        "errors": f"failed in {value} of {anomaly.requests:,} requests",
    }  # fmt: skip
    return (
        f"{_name(found.subject)} {did[anomaly.measure]} in the {window} until {found.until:%H:%M} UTC; usual is {usual}"
    )


def shown(anomaly: Anomaly, value: float) -> str:
    if anomaly.measure == "spend":
        return dollars(round(round(value), -7 if value >= 10**9 else -4))
    if anomaly.measure == "latency":
        return f"{value / 1000:.2g} s" if round(value) >= 1000 else f"{value:.0f} ms"
    return f"{100 * value:.1f} %"


def _name(subject: Subject) -> str:
    if subject.account_id is None:
        return f"{subject.kind.capitalize()} {subject.name}"
    return concerned(subject.kind, subject.name, subject.account_id).name


def _figures(found: Found) -> dict[str, Any]:
    anomaly = found.anomaly
    name, read = READ[anomaly.measure]
    return {
        name: read(anomaly.value), f"usual_{name}": read(anomaly.expected), "requests": anomaly.requests,
        "deviations": round(anomaly.score, 1), "told_from_deviations": THRESHOLDS[anomaly.measure],
        "window_hours": anomaly.window_hours, "until": found.until.isoformat(),
        "compared_with": f"the same {anomaly.baseline}", "history_hours": anomaly.history_hours,
    }  # fmt: skip
