"""The backup how-to, as it stands: its commands are run, and what they restored is the same and as well guarded."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from routerhub.embedded import quickstart
from routerhub.embedded.postgres import Postgres
from tests.looking import SEES_ALL
from tests.stack import ROOT

pytestmark = pytest.mark.whole
HOWTO = ROOT / "docs/howto/backup.md"
ROWS = "SELECT slug, prefix, digest, k.name FROM budgets_account a JOIN budgets_apikey k ON k.account_id = a.id"
GUARDED = "SELECT polrelid::regclass::text, polname, obj_description(oid, 'pg_policy') FROM pg_policy ORDER BY 1, 2"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """An embedded server as `make run` has it, with an account and a key."""
    folder: Path = tmp_path_factory.mktemp("backup")
    folder.chmod(0o755)
    server = Postgres(folder / "postgres", options=("fsync=off",))
    server.start()
    quickstart.write_facts(folder, {"DATABASE_URL": server.url}, quickstart.RUNNING)
    manage(server.url, "migrate", "--verbosity=0")
    manage(server.url, "create_api_key", "--account=acme", "--create-account", "--name=laptop", "--limit-usd=5")
    yield server
    server.stop()


def manage(url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "routerhub.settings"}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def commands() -> list[str]:
    """How to dump from a server of one's own and from the embedded one, and how to restore."""
    found = re.findall(r"```sh\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    assert len(found) == 3
    return [each.replace("routerhub.dump", "$DUMP") for each in found]


def shell(command: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


def look(url: str, query: str, options: str = SEES_ALL) -> list[tuple[object, ...]]:
    with psycopg.connect(url, options=options) as connection:
        return connection.execute(query.encode()).fetchall()


def roles(server: Postgres) -> str:
    """The how-to's own statements; the address of the role that they make."""
    (made,) = re.findall(r"```sql\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        admin.execute(made.replace("'...'", "'secret'").encode())
    return f"postgres://routerhub_backup:secret@127.0.0.1:{server.port}/routerhub"


def restored(server: Postgres, name: str, command: str, env: Mapping[str, str]) -> str:
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} OWNER routerhub").format(sql.Identifier(name)))
    url = server.url.rpartition("/")[0] + "/" + name
    done = shell(command, DATABASE_URL=url, **env)
    assert (done.returncode, done.stderr) == (0, "")
    return url


def test_what_the_howto_dumps_it_restores_policies_and_all(server: Postgres, tmp_path: Path) -> None:
    own, embedded, restore = commands()
    programs = shell(".venv/bin/python -m routerhub.embedded.postgres").stdout.strip()
    env = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "VAR_DIR": str(server.folder.parent),
        "DUMP": str(tmp_path / "dump"),
    }
    kept, guarded = look(server.url, ROWS), look(server.url, GUARDED)
    assert (len(kept), kept[0][0]) == (1, "acme")
    for number, (command, url) in enumerate(((own, roles(server)), (embedded, ""))):
        done = shell(command, BACKUP_URL=url, **env)
        assert (done.returncode, done.stderr) == (0, "")
        made = restored(server, f"restored_{number}", restore, env)
        assert look(made, ROWS) == kept
        assert look(made, GUARDED) == guarded
        assert look(made, ROWS, options="") == [], "who says nothing sees nothing there either"
        assert manage(made, "migrate", "--check").returncode == 0
        assert manage(made, "reconcile").returncode == 0


def test_the_applications_role_dumps_nothing_and_one_that_bypasses_is_no_application(
    server: Postgres, tmp_path: Path
) -> None:
    own = commands()[0]
    programs = shell(".venv/bin/python -m routerhub.embedded.postgres").stdout.strip()
    path = f"{programs}:{os.environ['PATH']}"
    done = shell(own, BACKUP_URL=server.url, PATH=path, DUMP=str(tmp_path / "dump"))
    assert done.returncode != 0
    assert "row-level security" in done.stderr
    refused = manage(server.admin_url("routerhub"), "migrate", "--verbosity=0")
    assert refused.returncode != 0
    assert "The role postgres of DATABASE_URL sees the rows of all accounts" in refused.stderr
