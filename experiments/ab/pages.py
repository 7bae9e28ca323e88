"""What the pages of tests draw, in the console and in the admin: templates/experiments/parts go by these names."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from experiments.ab import showing, wording
from experiments.ab.checking import treatment
from experiments.models import Experiment

MAX_EARLIER = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A test in a list."""

    test: Experiment
    whom: str
    a: str
    b: str

    @classmethod
    def of(cls, test: Experiment) -> Self:
        a, b = (wording.variant(treatment(each)) for each in (test.a, test.b))
        return cls(test=test, whom=wording.whom(test), a=a, b=b)


def context(test: Experiment, at: datetime) -> dict[str, Any]:
    """Of the page of one test."""
    earlier = Experiment.objects.filter(account=test.account_id, user=test.user_id, state="ended").exclude(pk=test.pk)
    return {
        "test": test, "shown": showing.shown(test), "whom": wording.whom(test), "day": _day(test, at),
        "share_a": 100 - test.share_b, "earlier": earlier[:MAX_EARLIER],
        "wanted": showing.wanted(test, at) if test.state in {"draft", "running"} else [],
    }  # fmt: skip


def _day(test: Experiment, at: datetime) -> int | None:
    """The how-manieth of the planned ones it is, while it is under way."""
    if test.state not in {"running", "stopped"} or test.started_at is None:
        return None
    return min(test.planned_days, 1 + (at - test.started_at) // timedelta(days=1))
