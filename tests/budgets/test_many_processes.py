"""A hard limit is never exceeded, however many processes ask at once, and whoever dies in between."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.db.models import Count

from analytics.models import Record
from budgets.books.sweeping import differences, sweep
from budgets.models import Counter, Hold, LedgerEntry, Limit
from tests.budgets.conftest import dsn
from tests.stack import eventually

PROCESSES, REQUESTS, AMOUNT = 4, 2_000, 1_000
SPENDER = Path(__file__).with_name("spender.py")
GUARD = """
    CREATE FUNCTION never_over() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM set_config('routerhub.scope', 'system', true);
        IF NEW.spent + NEW.reserved > (SELECT amount FROM budgets_limit WHERE id = NEW.limit_id) THEN
            RAISE EXCEPTION 'over the limit: % + %', NEW.spent, NEW.reserved;
        END IF;
        RETURN NEW;
    END $$;
    CREATE CONSTRAINT TRIGGER never_over AFTER INSERT OR UPDATE ON budgets_counter
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION never_over();
"""


@pytest.fixture
def guarded(transactional_db: None) -> Iterator[None]:
    """The database itself refuses any commit that passes a limit."""
    with connection.cursor() as cursor:
        cursor.execute(GUARD)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER never_over ON budgets_counter; DROP FUNCTION never_over()")


WORST = """
    SELECT coalesce(max(c.spent + c.reserved - l.amount), 0)
    FROM budgets_counter c JOIN budgets_limit l ON l.id = c.limit_id
"""


def limits() -> None:
    """Room for exactly half of the requests; the other limits, of which each process uses two, never bind."""
    Limit.objects.create(kind="account", subject="1", period="month", amount=AMOUNT * REQUESTS // 2)
    for key in range(PROCESSES):
        Limit.objects.create(kind="key", subject=str(key), period="month", amount=AMOUNT * REQUESTS)


def start(requests: int, *options: str, cost: int = AMOUNT) -> list["subprocess.Popen[str]"]:
    return [
        subprocess.Popen(
            [sys.executable, str(SPENDER), dsn(), *map(str, (process, PROCESSES, requests, AMOUNT, cost)), *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        for process in range(PROCESSES)
    ]


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def nobody_else_is_at_work() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
        return bool(cursor.fetchone()[0] == 0)


class Watcher(threading.Thread):
    """Looks at the books all the time, over a connection of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.looks, self.worst, self.stopping = 0, 0, threading.Event()

    def run(self) -> None:
        with psycopg.connect(dsn(), autocommit=True) as watching:
            while not self.stopping.is_set():
                row = watching.execute(WORST).fetchone()
                self.worst = max(self.worst, row[0] if row else 0)
                self.looks += 1


def test_four_processes_and_two_thousand_requests_admit_exactly_half(guarded: object) -> None:
    limits()
    before = deadlocks()
    watcher = Watcher()
    watcher.start()
    granted = [int(process.communicate(timeout=120)[0]) for process in start(REQUESTS // PROCESSES)]
    watcher.stopping.set()
    watcher.join()
    assert sum(granted) == REQUESTS // 2
    assert watcher.looks > 10
    assert watcher.worst == 0
    account = Counter.objects.get(limit__kind="account")
    assert (account.spent, account.reserved) == (AMOUNT * REQUESTS // 2, 0)
    assert LedgerEntry.objects.count() == REQUESTS // 2
    assert differences() == []
    assert deadlocks() == before


def test_killed_processes_leave_holds_that_the_sweeper_settles_at_their_ceiling(guarded: object) -> None:
    limits()
    processes = start(REQUESTS, "--pause-s=0.5")
    eventually(lambda: Hold.objects.count() > 4)
    for process in processes:
        process.send_signal(signal.SIGKILL)
    for process in processes:
        process.communicate()
    eventually(nobody_else_is_at_work)  # the server finishes the statements of the dead
    left = Hold.objects.count()
    assert left > 0
    assert differences() == []
    Hold.objects.update(lease_until="2026-01-01T00:00:00Z")
    assert sweep() == left
    assert Hold.objects.count() == 0
    assert LedgerEntry.objects.filter(outcome="unknown").count() == left
    assert differences() == []


def test_processes_that_sweep_one_anothers_live_requests_end_with_exact_books_and_never_deadlock(
    guarded: object,
) -> None:
    limits()
    before = deadlocks()
    processes = start(200, "--pause-s=0.005", "--lease-s=0", "--sweep-every-s=0.01", cost=AMOUNT // 4)
    granted = sum(int(process.communicate(timeout=120)[0]) for process in processes)
    assert granted == PROCESSES * 200
    kinds = dict(LedgerEntry.objects.values_list("kind").annotate(count=Count("id")))
    assert kinds["charge"] == granted
    assert 0 < kinds["correction"] <= granted
    account = Counter.objects.get(limit__kind="account")
    assert (account.spent, account.reserved) == (granted * AMOUNT // 4, 0)
    operations = LedgerEntry.objects.values("operation_id")
    assert (
        Record.objects.filter(operation_id__in=operations, outcome="success", cost_nano=AMOUNT // 4).count() == granted
    )
    assert differences() == []
    assert deadlocks() == before
