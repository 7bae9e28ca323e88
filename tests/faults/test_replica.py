"""Reports and exports on a streaming replica, made of the same embedded PostgreSQL."""

import csv
import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from routerhub.embedded import postgres
from routerhub.embedded.postgres import Postgres
from tests.clerk import Clerk
from tests.stack import ROOT, eventually, fill

pytestmark = pytest.mark.whole
WRITE = """
from tests.analytics.rows import insert_many
from analytics.windows import rolling
insert_many({count}, model='a:b', cost_nano=10**9)
rolling.roll_up()
"""
ASK = """
from datetime import timedelta
from django.utils.timezone import now
from analytics.windows.reading import ask
from analytics.windows.types import Question
hour = now().replace(minute=0, second=0, microsecond=0)
found = ask(Question(since=hour - timedelta(hours=2), until=hour + timedelta(hours=1)))
print(sum(row.figures.requests for row in found.rows), found.as_of.isoformat())
"""


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("primary"), options=("fsync=off",))
    server.start()
    fill(server.url)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def replica(primary: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """As docs/howto/scale.md says to make one."""
    server = Postgres(tmp_path_factory.mktemp("replica"), options=("fsync=off",))
    for file in primary.folder.glob("*.password"):
        shutil.copy(file, server.folder)
    made = [str(postgres._binaries() / "pg_basebackup"), "-c", "fast", "-R", "-X", "stream", "-D", str(server.data)]
    subprocess.run([*made, "-d", primary.admin_url()], check=True, capture_output=True)
    _given_to_the_server(server.data)
    server.child.start()
    server._wait()
    yield server
    server.stop()


def _given_to_the_server(data: Path) -> None:
    """It runs as nobody where the tests run as root."""
    if postgres._as_server_user():
        subprocess.run(["chown", "-R", "nobody", str(data)], check=True)


@pytest.fixture
def clerk(primary: Postgres, replica: Postgres) -> Iterator[Clerk]:
    env = {
        "DATABASE_URL": primary.url, "DATABASE_REPLICA_URL": replica.url, "DJANGO_SETTINGS_MODULE": "routerhub.settings",
    }  # fmt: skip
    clerk = Clerk(ROOT, env)
    yield clerk
    clerk.stop()


def test_what_is_reported_and_exported_is_what_the_replica_knows(
    clerk: Clerk, replica: Postgres, tmp_path: Path
) -> None:
    def asked() -> tuple[int, str]:
        requests, as_of = clerk.run(["shell", "--verbosity=0", "-c", ASK]).split()[-2:]
        return int(requests), as_of

    def exported() -> int:
        clerk.run(["export_requests", str(tmp_path / "x.csv"), "--filter=model=a:b"])
        return len(list(csv.reader(io.StringIO((tmp_path / "x.csv").read_text())))) - 1

    clerk.run(["shell", "-c", WRITE.format(count=5)])
    eventually(lambda: asked()[0] == 5, 20)
    before = asked()
    assert exported() == 5
    with psycopg.connect(replica.admin_url(), autocommit=True) as admin:
        admin.execute("SELECT pg_wal_replay_pause()")
        clerk.run(["shell", "-c", WRITE.format(count=2)])
        assert asked() == before, "it lags, and says until when it knows"
        assert exported() == 5
        admin.execute("SELECT pg_wal_replay_resume()")
    eventually(lambda: asked()[0] == 7, 20)
    assert asked()[1] > before[1]
    assert exported() == 7
    _refuses_to_write(replica)


def _refuses_to_write(replica: Postgres) -> None:
    with psycopg.connect(replica.url) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("UPDATE auth_user SET username = username")
