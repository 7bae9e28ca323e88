"""A limit that is short of room neither lets too much through nor refuses while little is spent: over the real ledger.

64 in flight on a limit of 200 mean requests. Answers are so quick here that the machine's own time counts, so that patience is
longer than by default: `make bench ARGS="room"` has twelve answer times, for answers of 0.2, 3 and 10 s.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from analytics.measuring.lengths import UNMEASURED, Lengths
from budgets.ledger import Ledger
from budgets.models import Limit
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit
from tests.budgets.test_many_processes import guarded  # noqa: F401 - the database itself refuses what passes a limit
from tests.gateway.scarce import MEAN_NANO, MODEL, measured, until_refused

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("guarded")]
LIMIT_NANO = 200 * MEAN_NANO
ANSWER_S, PATIENCE = 0.05, 100


@pytest.fixture
async def limit(guarded: None, anyio_backend: str) -> Limit:  # noqa: F811 - before anything is counted
    return await new_limit("account:7", LIMIT_NANO, period="total")


@pytest.fixture
async def ledgers(limit: Limit, tmp_path: Path) -> AsyncIterator[list[Ledger]]:
    """Of two processes: what one of them settles, the other one has to find out."""
    async with AsyncExitStack() as opened:
        made = [Ledger(dsn(), wait_s=5, spool_dir=tmp_path) for _ in range(2)]
        for each in made:
            opened.push_async_callback(each.stop)
        yield made


@pytest.mark.parametrize(
    ("model", "lengths"),
    [(MODEL, measured(ANSWER_S)), ("auto", UNMEASURED)],
    ids=["one model, measured", "auto, never measured"],
)
async def test_nobody_is_refused_before_95_percent_are_spent(
    limit: Limit, ledgers: list[Ledger], model: str, lengths: Lengths
) -> None:
    found = await until_refused(
        ledgers[0], LIMIT_NANO, ANSWER_S, lengths=lengths, model=model, room_wait_answers=PATIENCE
    )
    assert found.first_refusal >= 0.95
    assert found.cut_share <= 0.05
    spent, reserved = await books(limit)
    assert (spent <= LIMIT_NANO, reserved) == (True, 0)
    assert found.waited > 64


async def test_the_same_holds_over_two_processes(limit: Limit, ledgers: list[Ledger]) -> None:
    known, smaller = measured(ANSWER_S), LIMIT_NANO // 2
    await Limit.objects.aupdate(amount=smaller)
    asked = [
        until_refused(each, smaller, ANSWER_S, workers=16, lengths=known, room_wait_answers=PATIENCE)
        for each in ledgers
    ]
    both = await asyncio.gather(*asked)
    assert min(each.first_refusal for each in both) >= 0.95
    assert sum(each.cut for each in both) <= 0.05 * sum(each.answers for each in both)
    assert (await books(limit))[1] == 0


async def test_without_waiting_it_refuses_from_the_first_request_on(limit: Limit, ledgers: list[Ledger]) -> None:
    fifteenth = LIMIT_NANO // 15
    await Limit.objects.aupdate(amount=fifteenth)
    found = await until_refused(ledgers[0], fifteenth, ANSWER_S, lengths=measured(ANSWER_S), room_wait_answers=0)
    assert (found.first_refusal, found.spent <= 1) == (0, True)
