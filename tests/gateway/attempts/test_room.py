"""A limit that is short of room neither lets too much through nor refuses while little is spent: over the real ledger."""

from pathlib import Path

import pytest

from budgets.ledger import Ledger
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit
from tests.gateway.scarce import MEAN_NANO, measured, until_refused

pytestmark = [pytest.mark.anyio, pytest.mark.django_db(transaction=True)]
LIMIT_NANO = 200 * MEAN_NANO


async def test_64_in_flight(tmp_path: Path) -> None:
    limit = await new_limit("account:7", LIMIT_NANO)
    ledger = Ledger(dsn(), wait_s=5, spool_dir=tmp_path)
    outcome = await until_refused(ledger, LIMIT_NANO, 0.1, lengths=measured(0.1))
    print(outcome, await books(limit), LIMIT_NANO)
    await ledger.stop()
