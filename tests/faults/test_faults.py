"""What happens when things fail: each with a product of its own, since it is broken on purpose."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from routerhub.embedded.postgres import Postgres
from tests.stack import Stack, eventually, running_stack, wait_until_ready

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postgres]:
    """A PostgreSQL that the test may stop."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    folder.chmod(0o755)
    server = Postgres(folder, options=("fsync=off",), may_create_databases=True)
    server.start()
    monkeypatch.setenv("DATABASE_URL", server.url)
    yield server
    server.stop()


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


def test_a_killed_gateway_leaves_a_hold_that_is_swept_at_its_ceiling(stack: Stack) -> None:
    with running_stack(processes=1, HOLD_GRACE_S="0", REQUEST_DEADLINE_S="3") as own:
        slow = {"latency_ms": 20_000}
        asking = threading.Thread(target=lambda: _ignoring_errors(own, slow))
        asking.start()
        ((ceiling,),) = eventually(lambda: own.rows("SELECT amount_nano FROM budgets_hold"))
        web = own.children[-1]
        assert web.process is not None
        web.process.send_signal(signal.SIGKILL)
        web.process.wait()
        asking.join()
        sweep = "from budgets.sweeping import sweep; print(sweep())"
        assert eventually(lambda: own.manage("shell", "--no-imports", "-c", sweep).strip() == "1", within_s=15)
        assert own.rows("SELECT amount_nano, outcome FROM budgets_ledgerentry") == [(ceiling, "unknown")]
        assert own.rows("SELECT outcome, cost_nano FROM analytics_record") == [("unknown", ceiling)]
        web.start()
        wait_until_ready(own.url, web)
        assert own.chat()[0] == 200


def _ignoring_errors(stack: Stack, script: dict[str, int]) -> None:
    try:
        stack.chat(sandbox=script)
    except OSError:
        return


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
