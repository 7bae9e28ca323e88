"""Many processes on one limit: in all sizes, killed at random, over the end of a month, and when the limit is lowered."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from budgets.types import NANO
from routerhub.embedded.postgres import Postgres
from tests import clock
from tests.faults.journals import Payers
from tests.stack import Stack, copy_template, eventually, new_database

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.whole]
PROCESSES, REQUESTS, LIMIT_USD, KILLS = 8, 5_000, 25, 30


CHARGED = "SELECT count(*) FROM budgets_ledgerentry"


@pytest.fixture
def books() -> Iterator[Stack]:
    """A database with the tables, on the run's server, and nobody who serves."""
    yield from on(os.environ["DATABASE_URL"])


def on(server: str) -> Iterator[Stack]:
    url, key = new_database(server)
    stack = Stack(
        urls=[], database_url=url, key=key, env={"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "routerhub.settings"}
    )
    yield stack
    stack.clerk.stop()


def test_eight_processes_and_forty_thousand_requests_on_one_limit_while_they_are_killed(
    books: Stack, tmp_path: Path
) -> None:
    payers, chance = Payers(stack=books, folder=tmp_path, least=100_000, most=3_000_000, pause_s=0.1), Random(5)
    payers.begin(LIMIT_USD * NANO, "month")
    began = time.monotonic()
    for _ in range(PROCESSES):
        payers.start(REQUESTS)
    for kill in range(KILLS):
        eventually(lambda kill=kill: books.rows(CHARGED)[0][0] > 600 * (kill + 1), within_s=120)
        payers.replace_one(chance)
    payers.end()
    found = payers.check()
    print(f"\n{found}, {KILLS} killed, {time.monotonic() - began:.0f} s")
    assert found["asked"] == PROCESSES * REQUESTS
    assert LIMIT_USD - 0.01 < found["spent USD"] <= LIMIT_USD, "it binds, and nothing is kept back"


def test_a_limit_lowered_below_what_is_spent_lets_nothing_more_in_and_ends_what_runs(
    books: Stack, tmp_path: Path
) -> None:
    payers = Payers(stack=books, folder=tmp_path, least=100_000, most=3_000_000, pause_s=0.2)
    payers.begin(LIMIT_USD * NANO, "month")
    for _ in range(4):
        payers.start(1_000)
    eventually(lambda: len(payers.done()["settled"]) > 500, within_s=60)
    lowered = "from budgets.models import Limit; limit = Limit.objects.get(); limit.amount = 1; limit.save(); print(1)"
    books.manage("shell", "--no-imports", "-c", lowered)
    ((spent, reserved),) = books.rows("SELECT spent, reserved FROM budgets_counter")
    payers.end()
    found = payers.check()
    print(f"\n{found}; {spent} spent and {reserved} held when it was lowered to 1 nano-dollar")
    assert found["refused"] > 0
    assert found["spent USD"] * NANO <= spent + reserved


BERLIN = "Europe/Berlin"
EDGES = {
    "the end of a month": (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "month", "UTC", 2),
    "the hour that is skipped in spring": (datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC), "day", "UTC", 1),
    "the hour that comes twice in autumn": (datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), "day", "UTC", 1),
    "midnight of the day of 23 hours": (datetime(2027, 3, 28, 23, 59, 59, tzinfo=UTC), "day", "UTC", 2),
    "the 24th hour of an account's day of 25": (datetime(2026, 10, 25, 21, 59, 59, tzinfo=UTC), "day", BERLIN, 1),
    "midnight of an account's day of 25 hours": (datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC), "day", BERLIN, 2),
}
"""When the edge is passed, of which period, in which zone of the account, and how many counters there are then. The server keeps
Berlin's time, which no period is to follow by itself."""


@pytest.mark.parametrize("edge", EDGES)
def test_over_the_edge_of_a_period_under_load_each_hold_settles_where_it_was_reserved(
    edge: str, tmp_path: Path
) -> None:
    at, period, zone, counters = EDGES[edge]
    (tmp_path / "clock").mkdir()
    shifted = clock.shifted(tmp_path / "clock", at - timedelta(minutes=30))
    if shifted is None:
        pytest.skip("there is no C compiler here")
    steps = clock.Steps(tmp_path / "clock")
    tmp_path.chmod(0o755)
    server = Postgres(tmp_path / "postgres", options=("fsync=off", f"timezone={BERLIN}"), may_create_databases=True)
    server.child.env = {**shifted, **steps.environment}
    server.start()
    try:
        copy_template(server.url)
        for books in on(server.url):
            payers = Payers(stack=books, folder=tmp_path, least=100_000, most=3_000_000, pause_s=0.3)
            payers.begin(2 * NANO, period, zone)
            crossed(payers, steps, at)
            assert len(books.rows("SELECT id FROM budgets_counter")) == counters
    finally:
        server.stop()


def crossed(payers: Payers, steps: clock.Steps, at: datetime) -> None:
    for _ in range(4):
        payers.start(600)
    eventually(lambda: len(payers.done()["settled"]) > 400, within_s=60)
    ((now,),) = payers.stack.rows("SELECT clock_timestamp()")
    steps.by(round((at + timedelta(seconds=1) - now).total_seconds()))
    payers.end()
    found = payers.check()
    late = "SELECT count(*) FROM budgets_ledgerentry e JOIN budgets_counter c ON c.id = ANY (e.counters)"
    ((carried,),) = payers.stack.rows(
        late + " WHERE e.settled_at >= %s AND c.period_start < %s", at, at - timedelta(minutes=31)
    )
    print(f"\n{found}, {carried} settled after it in the period before")
