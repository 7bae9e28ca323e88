from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from django.db import connection

from budgets.ledger import Ledger


def dsn() -> str:
    database = connection.settings_dict
    return f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


@pytest.fixture
async def ledger(transactional_db: None, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Ledger]:
    """A ledger on the test's own database, over connections of its own. It keeps no house: tests sweep and drain."""
    opened = Ledger(dsn(), wait_s=5, spool_dir=tmp_path / "spool")
    yield opened
    await opened.stop()
