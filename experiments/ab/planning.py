"""How many units a test needs, and how long they take to come: by what those whom it would be about asked lately."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from experiments.ab.figures import Source, arm_figures
from experiments.ab.statistics.sizes import Needed, units_needed
from experiments.ab.types import Measure, Sums, Unit

LOOKED_AT = timedelta(days=14)
MEASURED_BY: Mapping[Measure, Measure] = {"latency_p95": "latency"}
"""What stands for a measure that sums do not tell: the slowest 5 % need about as many as twice the effect in the mean."""
UNITS: Mapping[Unit, str] = {
    "user": "coalesce('user ' || r.user_id, 'key ' || r.key_id)",
    "session": "r.account_id || '/' || r.session",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a test would be: of whom, by what unit, and which effect it should show."""

    account_id: int | None = None
    user_id: int | None = None
    unit: Unit = "user"
    measure: Measure = "cost"
    effect: float = 0.1
    share_b: float = 0.5
    exposure: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What it takes."""

    pilot: Sums
    """Of the last two weeks."""
    units_a_day: float
    """That would take part."""
    needed: Needed | None
    """None: too little was asked to tell."""

    @property
    def days(self) -> float | None:
        return self.needed.days(self.units_a_day) if self.needed and self.units_a_day else None


def plan(asked: Asked, at: datetime) -> Plan:
    """By the records that whoever asks may see."""
    return plans(asked, [(asked.measure, asked.effect)], at)[0]


def plans(asked: Asked, effects: Sequence[tuple[Measure, float]], at: datetime) -> list[Plan]:
    """The same for several measures and effects, by one reading of the records."""
    found = arm_figures(_source(asked, at))["a"]
    pilots = [found.of(MEASURED_BY.get(measure, measure)) for measure, _ in effects]
    return [
        Plan(
            pilot=pilot, units_a_day=found.units * asked.exposure / LOOKED_AT.days,
            needed=units_needed(measure, pilot, effect, share_b=asked.share_b),
        )
        for pilot, (measure, effect) in zip(pilots, effects, strict=True)
    ]  # fmt: skip


def _source(asked: Asked, at: datetime) -> Source:
    conditions = ["r.created_at >= %(since)s", f"{UNITS[asked.unit]} IS NOT NULL"]
    conditions += ["r.session <> ''"] * (asked.unit == "session")
    conditions += ["r.account_id = %(account)s"] * (asked.account_id is not None)
    conditions += ["r.user_id = %(user)s"] * (asked.user_id is not None)
    return Source(
        where=" AND ".join(conditions), arm="'a'::text", unit=UNITS[asked.unit],
        values={"since": at - LOOKED_AT, "account": asked.account_id, "user": asked.user_id},
    )  # fmt: skip
