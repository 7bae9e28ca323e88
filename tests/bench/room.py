"""A small limit with many requests under way: what is really spent of it when somebody is refused first, how many answers are cut
for that, and whether it is ever passed. Before: the worst case is held, and refused where it does not fit."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from asgiref.sync import sync_to_async
from django.core.management import call_command

from analytics.measuring.lengths import UNMEASURED
from budgets.ledger import Ledger
from budgets.models import Limit
from budgets.types import Refused
from routerhub.gateway.attempts import dispatch
from routerhub.gateway.attempts.fitting import Fitting
from routerhub.gateway.attempts.reservation import Plan
from routerhub.gateway.operation import Hold
from routerhub.gateway.snapshots.snapshots import database_dsn
from tests.bench.tables import table
from tests.gateway.fakes import ADA
from tests.gateway.scarce import MEAN_NANO, MODEL, Outcome, measured, until_refused

WORKERS, MEAN_REQUESTS = 64, 200
ANSWERS_S = (0.2, 3.0, 10.0)
LONG_S = 1.0
"""Of longer answers there is one round: it takes minutes, of which the machine's own time is little."""
WAITS = (0.0, 2.0, 8.0)
"""In answer times, beside the default; of the quickest answers only."""
DEFAULT_WAIT = 12.0
HEAD = ("answers of", "held", "spent at first refusal", "in the end", "overshoot", "cut", "waited", "took")


class WorstCase(Fitting):
    """As it was before: the worst case, or nothing."""

    async def hold(self, plan: Plan) -> Hold | Refused | None:
        return await self._ask(plan)

    async def shortened(self) -> Hold | Refused | None:
        return None


@dataclass(frozen=True, kw_only=True)
class Case:
    answer_s: float
    wait: float | None
    """In answer times. None: before."""
    is_measured: bool = True
    model: str = MODEL

    @property
    def told(self) -> str:
        known = ("" if self.is_measured else ", never measured") + ("" if self.model == MODEL else f", {self.model}")
        return f"the worst case{known}" if self.wait is None else f"to fit, waiting {self.wait:g}{known}"


def cases(answers_s: Sequence[float]) -> Iterator[Case]:
    for answer_s in answers_s:
        yield Case(answer_s=answer_s, wait=None)
        yield Case(answer_s=answer_s, wait=DEFAULT_WAIT)
        yield Case(answer_s=answer_s, wait=DEFAULT_WAIT, is_measured=False)
        if answer_s < LONG_S:
            yield from (Case(answer_s=answer_s, wait=wait, model="auto") for wait in (None, DEFAULT_WAIT))
            yield from (Case(answer_s=answer_s, wait=wait) for wait in WAITS)


async def main(answers_s: Sequence[float], rounds: int) -> None:
    await sync_to_async(call_command)("migrate", verbosity=0)
    ledger = Ledger(database_dsn(), wait_s=10, spool_dir=Path(tempfile.mkdtemp()))
    print(
        f"room: {WORKERS} in flight on a limit of {MEAN_REQUESTS} mean requests; the worst of {rounds} rounds, or of one"
    )
    rows = [[_seconds(case.answer_s), case.told, *await _row(ledger, case, rounds)] for case in cases(answers_s)]
    await ledger.stop()
    print(table(HEAD, rows), flush=True)


async def _row(ledger: Ledger, case: Case, rounds: int) -> list[str]:
    seeds = range(1 if case.answer_s > LONG_S else rounds)
    found = [await _outcome(ledger, case, seed) for seed in seeds]
    print(f"  {_seconds(case.answer_s)}, {case.told}", flush=True)
    return [
        _least(each.first_refusal for each in found),
        _least(each.spent for each in found),
        f"{max(each.overshoot_nano for each in found)}",
        _most(each.cut_share for each in found),
        _most(each.waited / each.answers for each in found),
        _seconds(max(each.seconds for each in found)),
    ]


async def _outcome(ledger: Ledger, case: Case, seed: int) -> Outcome:
    limit_nano = MEAN_REQUESTS * MEAN_NANO
    await Limit.objects.all().adelete()
    await Limit.objects.acreate(
        kind="account", subject=str(ADA.account_id), period="total", amount=limit_nano, counts_earlier=False
    )
    lengths = measured(case.answer_s) if case.is_measured else UNMEASURED
    with patch.object(dispatch, "Fitting", WorstCase if case.wait is None else Fitting):
        return await until_refused(
            ledger, limit_nano, case.answer_s, workers=WORKERS, lengths=lengths, seed=seed,
            model=case.model, room_wait_answers=case.wait or 0.0,
        )  # fmt: skip


def _least(shares: Iterator[float]) -> str:
    return f"{min(shares):.1%}"


def _most(shares: Iterator[float]) -> str:
    return f"{max(shares):.1%}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
