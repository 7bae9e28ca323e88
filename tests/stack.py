"""The whole product on loopback, as processes: for tests that must cross real borders."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from routerhub.embedded import postgres
from routerhub.embedded.processes import Child, free_port, takes_connections
from routerhub.embedded.serving import control_plane_options, gateway_options
from tests.clerk import Clerk
from tests.looking import SEES_ALL

ROOT = Path(__file__).resolve().parents[1]
READY_WAIT_S = 60
ADMIN_PASSWORD = "a password for tests"
TEMPLATE = "stack_template"
"""The seeded database that each stack gets a copy of. Its comment is the key, once it is whole."""


@dataclass(kw_only=True)
class Stack:
    """Addresses and keys of the running product, and ways to look behind it."""

    urls: Sequence[str]
    """Of each gateway process. A call goes to the next one in turn, so two calls in a row meet both."""
    database_url: str
    key: str
    env: Mapping[str, str]
    children: list[Child] = field(default_factory=list)
    """The sandbox, the control plane, then the gateways."""
    turn: "itertools.count[int]" = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.clerk = Clerk(ROOT, self.env)

    @property
    def control_plane(self) -> Child:
        return self.children[1]

    @property
    def gateways(self) -> Sequence[Child]:
        return self.children[2:]

    @property
    def url(self) -> str:
        """The first gateway process's."""
        return self.urls[0]

    def manage(self, *arguments: str, **env: str) -> str:
        """What a management command printed. One with another environment has a start of its own."""
        if not env:
            return self.clerk.run(arguments)
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**os.environ, **self.env, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout

    def new_key(self, *options: str) -> str:
        """A key of an account of its own, so that no other test's spending counts, which every process knows by now."""
        made = self.manage("create_api_key", "--create-account", "--name=test", "--json", *options)
        text: str = json.loads(made)["key"]
        eventually(lambda: all(self.call("/v1/models", key=text, url=url)[0] != 401 for url in self.urls))
        return text

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, options=SEES_ALL) as connection:
            return connection.execute(query.encode(), values).fetchall()

    def chat(self, key: str | None = None, headers: Mapping[str, str] | None = None, **body: Any) -> tuple[int, Any]:
        """Status and JSON of one chat completion."""
        given = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], **body}
        return self.call("/v1/chat/completions", given, key, headers=headers)

    def call(
        self,
        path: str,
        body: Any = None,
        key: str | None = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        url: str | None = None,
    ) -> tuple[int, Any]:
        """Status and JSON of one call, of the next process unless `url` names one."""
        url = url or self.urls[next(self.turn) % len(self.urls)]
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {key or self.key}", **(headers or {})}
        request = urllib.request.Request(url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())


@contextlib.contextmanager
def running_stack(processes: int = 2, **extra: str) -> Iterator[Stack]:
    """Start everything on a database of its own, stop it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="routerhub-stack-"))
    database_url, key = new_database(os.environ["DATABASE_URL"])
    sandbox_port, control_port, *ports = (free_port() for _ in range(processes + 2))
    env = {
        "DATABASE_URL": database_url,
        "SANDBOX_BASE_URL": f"http://127.0.0.1:{sandbox_port}/v1",
        "CONTROL_PLANE_URL": f"http://127.0.0.1:{control_port}",
        "SPOOL_DIR": str(folder / "spool"),
        "SWITCHES_FILE": str(folder / "switches.json"),
        "METRICS_DIR": str(folder / "metrics"),
        "DJANGO_SETTINGS_MODULE": "routerhub.settings",
        **extra,
    }
    stack = Stack(urls=[f"http://127.0.0.1:{port}" for port in ports], database_url=database_url, key=key, env=env)
    stack.children = [
        _child("sandbox", folder, env, "models_registry.sandbox", "--port", str(sandbox_port)),
        _child(
            "web", folder, env, "uvicorn", "routerhub.control_plane:application", *control_plane_options(control_port)
        ),
        *(gateway(folder, env, port) for port in ports),
    ]
    try:
        for child in stack.children:
            child.start()
        for url, child in zip(stack.urls, stack.gateways, strict=True):
            wait_until_ready(url, child)
        eventually(lambda: takes_connections(control_port), READY_WAIT_S)
        yield stack
    finally:
        stack.clerk.stop()
        for child in reversed(stack.children):
            child.stop()
        shutil.rmtree(folder, ignore_errors=True)


def gateway(folder: Path, env: Mapping[str, str], port: int) -> Child:
    """A gateway process, not started yet."""
    options = gateway_options(port, {"WEB_CONCURRENCY": "1"})
    return _child("gateway", folder, env, "uvicorn", "routerhub.asgi:application", *options)


def _child(name: str, folder: Path, env: Mapping[str, str], module: str, *arguments: str) -> Child:
    return Child(
        name=name, command=[sys.executable, "-m", module, *arguments], log=folder / f"{name}-{free_port()}.log", env=env
    )


def wait_until_ready(url: str, child: Child) -> None:
    deadline = time.monotonic() + READY_WAIT_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError) as problem:
            if time.monotonic() > deadline or not child.is_running():
                raise AssertionError(f"{url} is not ready: {problem}\n{child.tail(40)}") from problem
        time.sleep(0.1)


def new_database(server: str) -> tuple[str, str]:
    """A new database on a server, seeded, with an admin; and that admin's key."""
    name = f"stack_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(server, autocommit=True) as connection:
        key = _template(connection, server)
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
        )
    return _named(server, name), key


def _template(connection: psycopg.Connection[Any], server: str) -> str:
    """The key of the database that all others are copied from. Whoever needs it first makes it, and the others wait."""
    connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [TEMPLATE])
    try:
        made = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [TEMPLATE]
        ).fetchone()
        if made is not None and made[0]:
            return str(made[0])
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(TEMPLATE)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        key = _seeded(_named(server, TEMPLATE))
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(TEMPLATE), sql.Literal(key)))
        return key
    finally:
        connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", [TEMPLATE])


def copy_template(to: str) -> None:
    """The seeded database on another server too, for stacks there."""
    with psycopg.connect(to, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(TEMPLATE)))
        key = fill(_named(to, TEMPLATE))
        connection.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(TEMPLATE), sql.Literal(key)))


def fill(database_url: str) -> str:
    """Make an empty database, on any server, what the run's seeded one is: quicker than seeding anew. Returns the admin's key."""
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        key = _template(connection, server)
    programs = postgres._binaries()
    dump = [str(programs / "pg_dump"), "--format=custom", "--enable-row-security", "--dbname", _named(server, TEMPLATE)]
    restore = [str(programs / "pg_restore"), "--no-comments", "--exit-on-error", "--dbname", database_url]
    env = {**os.environ, "PGOPTIONS": SEES_ALL}
    dumped = subprocess.run(dump, check=True, capture_output=True, env=env).stdout
    subprocess.run(restore, check=True, input=dumped)
    return key


def _seeded(database_url: str) -> str:
    """Fill an empty database as `make run` does. Returns the admin's key."""
    env = {
        "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "routerhub.settings", "ADMIN_PASSWORD": ADMIN_PASSWORD,
    }  # fmt: skip
    stack = Stack(urls=[], database_url=database_url, key="", env=env)
    stack.manage("migrate", "--verbosity=0")
    stack.manage("seed_catalog")
    stack.manage("ensure_admin", "--username=admin")
    key = stack.new_key(
        "--account=default", "--user=admin", "--permission=inference", "--permission=routing", "--permission=admin"
    )
    stack.clerk.stop()
    return key


def _named(server: str, name: str) -> str:
    return server.rpartition("/")[0] + "/" + name


def eventually(check: Any, within_s: float = 5.0) -> Any:
    """The check's value as soon as it is true. Fails when it never is."""
    deadline = time.monotonic() + within_s
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"Not within {within_s} s: {check.__doc__ or check}")
        time.sleep(0.05)
