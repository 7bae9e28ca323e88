"""What happens when things fail: each with a product of its own, since it is broken on purpose."""

import contextlib
import http.client
import json
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from routerhub.embedded.postgres import Postgres
from tests.budgets.test_crashes import crash
from tests.stack import Stack, eventually, running_stack, wait_until_ready

pytestmark = pytest.mark.xdist_group("faults")
HELLO = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
HELD = "SELECT operation_id, amount_nano FROM budgets_hold"
SWEEP = "from budgets.books.sweeping import sweep; print(sweep())"


@pytest.fixture(scope="module")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder: Path = tmp_path_factory.mktemp("postgres")
    folder.chmod(0o755)
    server = Postgres(folder, options=("fsync=off",), may_create_databases=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_server(second_server: Postgres, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """A PostgreSQL that the test may stop, and leaves running."""
    monkeypatch.setenv("DATABASE_URL", second_server.url)
    return second_server


def dry_run(stack: Stack) -> int:
    return stack.chat(routerhub={"dry_run": True})[0]


def test_without_the_database_it_goes_on_deciding_but_refuses_to_spend(own_server: Postgres) -> None:
    with running_stack(processes=1) as stack:
        assert stack.chat()[0] == 200
        own_server.stop()
        began = time.monotonic()
        status, answer = stack.chat()
        assert (status, answer["error"]["code"]) == (503, "ledger_unavailable")
        assert time.monotonic() - began < 5
        assert dry_run(stack) == 200
        assert stack.call("/readyz")[0] == 503
        own_server.start()
        eventually(lambda: stack.chat()[0] == 200, within_s=20)
        assert stack.call("/readyz")[0] == 200


def test_a_short_absence_of_the_database_is_waited_for(own_server: Postgres) -> None:
    with running_stack(processes=1, LEDGER_WAIT_S="15") as stack:
        own_server.stop()
        results: list[int] = []
        waiting = threading.Thread(target=lambda: results.append(stack.chat()[0]))
        waiting.start()
        time.sleep(1)
        own_server.start()
        waiting.join()
        assert results == [200]


def test_an_answer_that_comes_while_the_database_is_away_is_settled_when_it_is_back(own_server: Postgres) -> None:
    with running_stack(processes=1) as stack:
        results: list[int] = []
        slow = {"latency_ms": 2_000}
        asking = threading.Thread(
            target=lambda: results.append(stack.chat(sandbox=slow, routerhub={"tags": ["spooled"]})[0])
        )
        asking.start()
        eventually(lambda: stack.rows("SELECT 1 FROM budgets_hold"))
        own_server.stop()
        asking.join()
        assert results == [200]
        own_server.start()
        query = "SELECT outcome FROM analytics_record WHERE 'spooled' = ANY (tags)"
        assert eventually(lambda: stack.rows(query), within_s=20) == [("success",)]
        assert stack.rows("SELECT count(*) FROM budgets_hold") == [(0,)]
        assert "equals" in stack.manage("reconcile")


# Of a request that is under way when its gateway is killed: how it is asked, and what its client has read by then.
PHASES: Mapping[str, tuple[dict[str, Any], bytes]] = {
    "whole": ({"sandbox": {"latency_ms": 20_000}}, b""),
    "before the first word": ({"stream": True, "sandbox": {"latency_ms": 20_000}}, b""),
    "between two words": ({"stream": True, "sandbox": {"chunk_delay_ms": 500, "output_tokens": 200}}, b'"content"'),
}


class Client(threading.Thread):
    """Reads one answer for as long as somebody sends it."""

    def __init__(self, stack: Stack, phase: str) -> None:
        super().__init__()
        self.seen = b""
        body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}], **PHASES[phase][0]}
        self._request = urllib.request.Request(
            f"{stack.url}/v1/chat/completions",
            json.dumps({**body, "routerhub": {"tags": [phase]}}).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {stack.key}"},
        )
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException), urllib.request.urlopen(self._request) as answer:
            while piece := answer.read1():
                self.seen += piece


def test_a_gateway_killed_in_every_phase_leaves_holds_that_are_swept_at_their_ceiling_and_nothing_twice() -> None:
    with running_stack(HOLD_GRACE_S="0", REQUEST_DEADLINE_S="3") as own:
        assert own.call("/v1/chat/completions", HELLO, url=own.url)[0] == 200
        ((paid,),) = eventually(lambda: own.rows("SELECT cost_nano FROM analytics_record"))
        clients = {phase: Client(own, phase) for phase in PHASES}
        held = dict(eventually(lambda: len(rows := own.rows(HELD)) == len(PHASES) and rows))
        eventually(lambda: all(PHASES[phase][1] in client.seen for phase, client in clients.items()))
        web = own.gateways[0]
        assert web.process is not None
        web.process.send_signal(signal.SIGKILL)
        web.process.wait()
        for client in clients.values():
            client.join()
        assert own.call("/v1/chat/completions", HELLO, url=own.urls[1])[0] == 200, "the others go on"
        eventually(lambda: own.manage("shell", "--no-imports", "-c", SWEEP) and not own.rows(HELD), within_s=15)
        charged = "SELECT operation_id, amount_nano FROM budgets_ledgerentry WHERE outcome = %s"
        assert dict(own.rows(charged, "unknown")) == held
        assert dict(own.rows("SELECT operation_id, cost_nano FROM analytics_record WHERE outcome = 'unknown'")) == held
        eventually(lambda: [nano for _, nano in own.rows(charged, "success")] == [paid, paid])
        assert "equals" in own.manage("reconcile")
        web.start()
        wait_until_ready(own.url, web)
        assert own.call("/v1/chat/completions", HELLO, url=own.url)[0] == 200


def test_the_database_restarts_under_load_and_no_answer_is_lost_or_paid_twice(own_server: Postgres) -> None:
    """A request may be told to come again, since nobody knows whether its hold was kept. An answer has one record, one price."""
    with running_stack(processes=1, LEDGER_WAIT_S="15") as stack:
        answers: list[tuple[int, Any]] = []
        is_over = threading.Event()

        def ask() -> None:
            while not is_over.is_set():
                answers.append(stack.chat(routerhub={"tags": ["load"]}))

        asking = [threading.Thread(target=ask) for _ in range(8)]
        for each in asking:
            each.start()
        for _ in range(2):
            enough = len(answers) + 50
            eventually(lambda enough=enough: len(answers) >= enough, within_s=30)
            crash(own_server)
            own_server.start()
        enough = len(answers) + 50
        eventually(lambda: len(answers) >= enough, within_s=30)
        is_over.set()
        for each in asking:
            each.join()
        assert {status for status, _ in answers} <= {200, 503}
        told = [answer["routerhub"] for status, answer in answers if status == 200]
        prices = {each["operation_id"]: Decimal(each["cost_usd"]) * 10**9 for each in told}
        assert len(prices) == len(told)
        recorded = "SELECT operation_id::text, cost_nano FROM analytics_record WHERE outcome = 'success' AND 'load' = ANY (tags)"
        eventually(lambda: dict(stack.rows(recorded)) == prices, within_s=20)
        charged = "SELECT operation_id::text, amount_nano FROM budgets_ledgerentry WHERE outcome = 'success'"
        assert sorted(stack.rows(charged)) == sorted(prices.items())
        assert "equals" in stack.manage("reconcile")


@pytest.mark.parametrize(("switch", "line"), [("USE_DB_MODELS", "catalogue"), ("USE_DB_ROUTER_CONFIG", "router")])
def test_each_switch_turns_its_half_to_the_static_release(switch: str, line: str) -> None:
    with running_stack(processes=1, **{switch: "false"}) as stack:
        told = stack.chat()[1]["routerhub"]["releases"]
        assert told == {"catalogue": 1, "router": 1, line: 0}
        body = {"task": {"category": "coding", "complexity": "simple"}}
        assert stack.call("/api/routing/select", body)[1]["releases"] == told


def test_it_starts_when_a_live_release_cannot_be_read_and_decides_by_the_static_one() -> None:
    with running_stack(processes=1) as stack:
        assert stack.chat(routerhub={"dry_run": True})[1]["routerhub"]["releases"]["router"] == 1
        with psycopg.connect(stack.database_url) as connection:
            connection.execute("UPDATE releases_release SET bundle = '{}' WHERE line = 'router'")
        stack.children[-1].stop()
        stack.children[-1].start()
        wait_until_ready(stack.url, stack.children[-1])
        assert stack.chat()[1]["routerhub"]["releases"] == {"catalogue": 1, "router": 0}


def test_at_start_without_the_database_it_is_not_ready_and_calls_no_key_wrong(stack: Stack) -> None:
    database = stack.database_url.rpartition("/")[2]
    with running_stack(processes=1) as own:
        web = own.children[-1]
        web.stop()
        name = own.database_url.rpartition("/")[2]
        assert name != database
        with psycopg.connect(stack.database_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(name + "_x"))
            )
        web.start()
        eventually(lambda: _answers(own), within_s=20)
        status, body = own.call("/readyz")
        assert (status, body["checks"]["snapshot"]) == (503, "not loaded from the database yet")
        status, body = own.chat()
        assert (status, body["error"]["code"]) == (503, "keys_unavailable")


def _answers(stack: Stack) -> bool:
    try:
        return stack.call("/healthz")[0] == 200
    except OSError:
        return False
