from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from budgets.ledger import Ledger
from routerhub.gateway.snapshots.snapshots import database_dsn
from tests.looking import SEES_ALL


def dsn() -> str:
    """Of the test's database. Whoever connects by it sees the rows of all accounts; the ledger leaves that part of it aside."""
    return make_conninfo(database_dsn(), options=SEES_ALL)


@pytest.fixture
async def ledger(transactional_db: None, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Ledger]:
    """A ledger on the test's own database, over connections of its own. It keeps no house: tests sweep and drain."""
    opened = Ledger(dsn(), wait_s=5, spool_dir=tmp_path / "spool")
    yield opened
    await opened.stop()
