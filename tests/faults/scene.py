"""A product in which everything can be broken: its own PostgreSQL and broker, networks in between, a small disk for the spool,
and an upstream and clients that remember what they saw."""

import contextlib
import http.client
import itertools
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from routerhub.embedded.postgres import Postgres
from routerhub.embedded.processes import Child, free_port
from routerhub.embedded.valkey import Valkey
from tests.clock import Steps, shifted
from tests.faults.clients import asking
from tests.faults.crowd import Upstream, serving
from tests.faults.proxy import Proxy, between
from tests.looking import SEES_ALL
from tests.stack import Stack, copy_template, running_stack, wait_until_ready

MODEL = "openai:gpt-4o-mini"
LEASE_S = 4
SPOOL_KB = 64
OPERATION = re.compile(rb'"operation_id":\s*"([0-9a-f-]+)"')
COST = re.compile(rb'"cost_usd":\s*"([0-9.]+)"')
OVERSHOOT = """
    CREATE TABLE overshoot (limit_id bigint, above bigint);
    CREATE FUNCTION note_overshoot() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM set_config('routerhub.scope', 'system', true);
        INSERT INTO overshoot SELECT l.id, c.spent + c.reserved - l.amount
        FROM budgets_counter c JOIN budgets_limit l ON l.id = c.limit_id
        WHERE c.id = NEW.id AND c.spent + c.reserved > l.amount AND c.spent + c.reserved > OLD.spent + OLD.reserved;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER note_overshoot AFTER UPDATE ON budgets_counter
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note_overshoot();
"""
"""The database itself writes down, at every commit, by how much a limit is passed by something that was added."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a client knows of one request of its own."""

    name: str
    status: int | None
    """None: nothing came."""
    body: bytes
    is_whole: bool
    took_s: float

    @property
    def is_answered(self) -> bool:
        return self.status == 200 and self.is_whole

    @property
    def operation_id(self) -> str:
        return str(OPERATION.findall(self.body)[-1].decode())

    @property
    def cost_nano(self) -> int:
        return int(Decimal(COST.findall(self.body)[-1].decode()) * 10**9)

    @property
    def code(self) -> Any:
        """The code of the error that it was told."""
        return json.loads(self.body)["error"]["code"]


@dataclass(kw_only=True)
class Scene:
    stack: Stack
    upstream: Upstream
    database: Postgres
    broker: Valkey
    to_database: Proxy
    to_upstream: Proxy
    to_gateway: Proxy
    """Before the first gateway."""
    folder: Path
    database_clock: Steps | None
    gateway_clock: Steps | None
    """None: where no compiler is, no clock can be stepped."""
    told: list[Told] = field(default_factory=list)
    broken_by: str | None = None
    """The test after which it was not whole any more."""
    names: "itertools.count[int]" = field(default_factory=itertools.count)

    def name(self, script: Mapping[str, Any]) -> str:
        """Of a new request, which the upstream answers so."""
        name = f"visit-{next(self.names)}"
        self.upstream.scripts = {**self.upstream.scripts, name: script}
        return name

    def ask(
        self,
        script: Mapping[str, Any] | None = None,
        url: str | None = None,
        seen: Callable[[bytes], None] = lambda _: None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        session: str | None = None,
        **body: Any,
    ) -> Told:
        """One request, to its end. `seen` is shown whatever has come so far."""
        name = self.name(script or {"output_tokens": 20})
        given = {
            "model": MODEL, "messages": [{"role": "user", "content": f"Say something, {name}."}], "max_tokens": 200,
            "routerhub": {"tags": ["fault", name], **({"session": session} if session else {})}, **body,
        }  # fmt: skip
        sent = {
            "Authorization": f"Bearer {key or self.stack.key}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        url = url or self.stack.urls[next(self.stack.turn) % len(self.stack.urls)]
        status, answer, is_whole, began = None, b"", False, time.monotonic()
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
            with contextlib.closing(connection):
                connection.request("POST", "/v1/chat/completions", json.dumps(given), sent)
                response = connection.getresponse()
                status = response.status
                while piece := response.read1(65_536):
                    answer += piece
                    seen(answer)
                is_whole = answer.endswith(b"data: [DONE]\n\n") if given.get("stream") else answer.endswith(b"}")
        told = Told(name=name, status=status, body=answer, is_whole=is_whole, took_s=time.monotonic() - began)
        self.told.append(told)
        return told

    def asking(self, clients: int, **request: Any) -> AbstractContextManager[list[Told]]:
        """So many clients that ask without a pause, until the context ends. What they are told is added to the list."""
        return asking(clients, lambda: self.ask(**request))

    def meanwhile(self, **request: Any) -> "Meanwhile":
        return Meanwhile(self, request)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Of the database itself, by no network that can be broken."""
        with psycopg.connect(self.direct, autocommit=True, options=SEES_ALL) as connection:
            return connection.execute(query.encode(), values).fetchall()

    @property
    def direct(self) -> str:
        return self.stack.database_url.replace(f":{self.to_database.port}/", f":{self.database.port}/")

    @property
    def spool(self) -> Path:
        return Path(self.stack.env["SPOOL_DIR"])

    def heal(self) -> None:
        """Everything that a test may have broken is there again."""
        for clock in (self.database_clock, self.gateway_clock):
            if clock is not None:
                clock.by(0)
        for proxy in (self.to_database, self.to_upstream, self.to_gateway):
            proxy.heal()
        if not self.database.child.is_running():
            self.database.start()
        if not self.broker.child.is_running():
            self.broker.start()
        for url, child in zip(self.stack.urls, self.stack.gateways, strict=True):
            if not child.is_running():
                child.start()
            wait_until_ready(url, child)


class Meanwhile(threading.Thread):
    """One request while the test does something else."""

    def __init__(self, scene: Scene, request: Mapping[str, Any]) -> None:
        super().__init__()
        self._scene, self._request = scene, request
        self.so_far = b""
        self.result: Told | None = None
        self.start()

    def run(self) -> None:
        self.result = self._scene.ask(seen=self._see, **self._request)

    def _see(self, so_far: bytes) -> None:
        self.so_far = so_far

    @property
    def told(self) -> Told:
        self.join()
        assert self.result is not None
        return self.result


@contextlib.contextmanager
def breakable(folder: Path) -> Iterator[Scene]:
    """The product, two gateways, in which everything can be broken."""
    folder.chmod(0o755)
    database = Postgres(folder / "postgres", options=("fsync=off",), may_create_databases=True)
    broker = Valkey(folder / "valkey")
    database_clock, of_database = stepping(folder / "database-clock")
    gateway_clock, of_gateway = stepping(folder / "gateway-clock")
    database.child.env = of_database
    with contextlib.ExitStack() as open_:
        open_.callback(database.stop)
        database.start()
        copy_template(database.url)
        open_.callback(broker.stop)
        broker.start()
        upstream = open_.enter_context(serving(Upstream(scripts={})))
        to_database = open_.enter_context(between(database.port))
        to_upstream = open_.enter_context(between(int(upstream.address.rpartition(":")[2])))
        settings = {
            **calling(f"http://127.0.0.1:{to_upstream.port}"), "CELERY_BROKER_URL": broker.url,
            "SPOOL_DIR": str(open_.enter_context(small_disk(folder))), "REQUEST_DEADLINE_S": str(LEASE_S), "HOLD_GRACE_S": "0",
            **of_gateway,
        }  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DATABASE_URL", database.url.replace(f":{database.port}/", f":{to_database.port}/"))
            stack = open_.enter_context(running_stack(**settings))
        to_gateway = open_.enter_context(between(int(stack.url.rpartition(":")[2])))
        scene = Scene(
            stack=stack, upstream=upstream, database=database, broker=broker, to_database=to_database,
            to_upstream=to_upstream, to_gateway=to_gateway, folder=folder, database_clock=database_clock,
            gateway_clock=gateway_clock,
        )  # fmt: skip
        with psycopg.connect(scene.direct, autocommit=True) as connection:
            connection.execute(OVERSHOOT)
        yield scene


def stepping(folder: Path) -> tuple[Steps | None, dict[str, Any]]:
    """A clock for some programs and the environment in which they go by it; none where that cannot be done here."""
    folder.mkdir()
    environment = shifted(folder, datetime.now(UTC))
    if environment is None:
        return None, {}
    steps = Steps(folder)
    return steps, {**environment, **steps.environment}


def calling(address: str) -> dict[str, Any]:
    """Settings by which every provider is at this address, and a circuit that opened is soon closed."""
    return {
        "SANDBOX": "off", "OPENAI_API_KEY": "x", "OPENAI_BASE_URL": f"{address}/v1", "ANTHROPIC_API_KEY": "x",
        "ANTHROPIC_BASE_URL": f"{address}/v1", "GEMINI_API_KEY": "x", "GEMINI_BASE_URL": f"{address}/v1beta",
        "CIRCUIT_OPEN_S": "0.2", "CIRCUIT_MAX_OPEN_S": "0.2",
    }  # fmt: skip


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own of a few kilobytes, where that may be mounted; else an ordinary folder."""
    disk = folder / "spool"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SPOOL_KB}k", "tmpfs", str(disk)]
    is_mounted = shutil.which("mount") is not None and _succeeds(mount)
    try:
        yield disk
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextlib.contextmanager
def working(scene: Scene, role: str, *arguments: str) -> Iterator[Child]:
    """A Celery process of the product."""
    child = Child(
        name=role,
        command=[sys.executable, "-m", "celery", "-A", "routerhub.celery", role, *arguments],
        log=scene.folder / f"{role}-{free_port()}.log",
        env={**scene.stack.env, "VAR_DIR": str(scene.folder), "BATCH_LEASE_S": "2", "BATCH_CONCURRENCY": "2"},
    )
    child.start()
    try:
        yield child
    finally:
        child.stop()
