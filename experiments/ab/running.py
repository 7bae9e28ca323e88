"""The tests that run, as the request path holds them."""

from experiments.ab.types import Test, Treatment
from experiments.choices import Allocation, ExperimentState
from experiments.models import Experiment
from routerhub.releases import notify

CHANGED = "experiments"
"""What is announced when a test starts, changes or ends."""


def read() -> tuple[Test, ...]:
    """All of them, those of a user first, then those of an account, then those of everybody: the first that a request falls
    under is its own. Where B was stopped, all who take part get A."""
    running = Experiment.objects.filter(state__in=[ExperimentState.RUNNING, ExperimentState.STOPPED])
    return tuple(sorted(map(value_of, running), key=_precedence))


def value_of(row: Experiment) -> Test:
    is_adaptive = row.allocation == Allocation.ADAPTIVE and row.state == ExperimentState.RUNNING
    return Test(
        id=row.pk, phase=row.phase, account_id=row.account_id, user_id=row.user_id,
        unit=row.unit,  # type: ignore[arg-type]  # the column's choices are the type's
        salt=row.salt, share_b=_share_b(row, is_adaptive), exposure=row.exposure / 100,
        a=Treatment(**row.a), b=Treatment(**row.b), is_adaptive=is_adaptive,
    )  # fmt: skip


def announce_change(**_: object) -> None:
    """Tell every process, when the transaction commits, that other tests run."""
    notify.announce(CHANGED)


def _share_b(row: Experiment, is_adaptive: bool) -> float:
    if row.state == ExperimentState.STOPPED:
        return 0.0
    return row.share_b_now if is_adaptive and row.share_b_now is not None else row.share_b / 100


def _precedence(test: Test) -> tuple[bool, bool, int]:
    return test.user_id is None, test.account_id is None, test.id
