"""A limit dealt out over two PostgreSQL servers, under load from both sides, while one of them is killed and comes back."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from routerhub.embedded.postgres import Postgres
from tests.budgets.test_crashes import crash, manage
from tests.budgets.test_many_processes import SPENDER
from tests.looking import SEES_ALL
from tests.stack import ROOT, fill

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.whole]
AMOUNT, ROOM_FOR = 1_000_000, 6_000
WHOLE = AMOUNT * ROOM_FOR
USED = "SELECT coalesce(sum(spent + reserved), 0)::bigint, coalesce(sum(share), 0)::bigint FROM budgets_counter"
SENT = "SELECT id, amount FROM budgets_sharetransfer WHERE giver = %s"
BOOKED = """
    SELECT ((SELECT coalesce(sum(amount_nano), 0) FROM budgets_ledgerentry)
        + (SELECT coalesce(sum(amount_nano), 0) FROM budgets_hold))::bigint
"""


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Postgres]]:
    """Two, each with the tables."""
    made = []
    for name in ("home", "west"):
        folder: Path = tmp_path_factory.mktemp(name)
        folder.chmod(0o755)
        server = Postgres(folder, options=("fsync=off",))
        server.start()
        fill(server.url)
        made.append(server)
    yield made
    for server in made:
        server.stop()


def looking(server: Postgres) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(server.url, autocommit=True, options=SEES_ALL)


def row(server: Postgres, query: str) -> tuple[Any, ...]:
    with looking(server) as connection:
        found = connection.execute(query).fetchone()
        assert found is not None
        return tuple(found)


def in_transit(home: Postgres, west: Postgres) -> int:
    """What left one of the two and has not arrived at the other."""
    sent: dict[Any, int] = {}
    come: set[Any] = set()
    for server, name, other in ((home, "home", "west"), (west, "west", "home")):
        with looking(server) as connection:
            sent.update(connection.execute(SENT, [name]).fetchall())
            come.update(each for each, _ in connection.execute(SENT, [other]).fetchall())
    return sum(amount for each, amount in sent.items() if each not in come)


def spender(server: Postgres, requests: int, cost: int) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        str(SPENDER),
        server.url,
        "0",
        "1",
        str(requests),
        str(AMOUNT),
        str(cost),
        "--pause-s=0.02",
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def balancer(home: Postgres, west: Postgres) -> "subprocess.Popen[bytes]":
    env = {
        **os.environ, "DATABASE_URL": home.url, "PLACES": f"west={west.url}", "VAR_DIR": tempfile.mkdtemp(),
        "DJANGO_SETTINGS_MODULE": "routerhub.settings",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "rebalance_shares", "--every=0.2"]
    return subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def deal(home: Postgres, west: Postgres) -> None:
    with looking(home) as admin:
        found = admin.execute(
            "INSERT INTO budgets_limit (kind, subject, measure, period, amount, is_active)"
            " VALUES ('account', '1', 'money', 'total', %s, true) RETURNING id",
            [WHOLE],
        ).fetchone()
    assert found is not None
    half = f"{WHOLE // 2 / 1e9:.9f}"
    os.environ["PLACES"] = f"west={west.url}"
    try:
        manage(home, "deal_limit", str(found[0]), f"home={half}", f"west={half}", "--reason=two regions")
        manage(home, "rebalance_shares")
    finally:
        del os.environ["PLACES"]


def test_two_servers_together_spend_the_limit_and_never_more(servers: Sequence[Postgres]) -> None:
    home, west = servers
    deal(home, west)
    balancing = balancer(home, west)
    spending = [spender(home, ROOM_FOR // 3, AMOUNT), spender(west, ROOM_FOR, AMOUNT)]
    try:
        for _ in range(3):
            time.sleep(2)
            crash(west)
            time.sleep(1)
            west.start()
        granted = [int(each.communicate(timeout=300)[0]) for each in spending]
        spending = [spender(home, ROOM_FOR, AMOUNT), spender(west, ROOM_FOR, AMOUNT)]
        granted += [int(each.communicate(timeout=300)[0]) for each in spending]
        time.sleep(2)
    finally:
        balancing.terminate()
        balancing.wait()
    used, shares = zip(*(row(server, USED) for server in servers), strict=True)
    print(f"granted {granted}, used {used}, shares {shares}, of {WHOLE:,}")
    assert min(granted[:2]) > 0
    assert sum(shares) + in_transit(home, west) == WHOLE
    assert all(spent <= share for spent, share in zip(used, shares, strict=True))
    assert sum(used) <= WHOLE
    assert sum(used) >= 0.99 * WHOLE
    assert sum(row(server, BOOKED)[0] for server in servers) == sum(used)
