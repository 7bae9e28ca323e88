"""A year of records rolled up, and asked about: rate, memory, rows, and the time of an answer."""

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from analytics.models import Watermark
from analytics.records import partitions
from analytics.windows import rolling
from analytics.windows.reading import ask
from analytics.windows.types import Question
from tests.bench.tables import table

RECORDS = 1_000_000
AIM_MS = 300
ROUNDS = 5
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 365
YEAR: dict[str, Any] = {"since": UNTIL - timedelta(days=DAYS), "until": UNTIL}
MONTH: dict[str, Any] = {"since": UNTIL - timedelta(days=30), "until": UNTIL}
FILL = """
    INSERT INTO analytics_record (
        operation_id, created_at, account_id, key_id, user_id, requested_model, model, provider, is_sandbox, policy, task_type,
        category, complexity, priority, session, tags, is_stream, outcome, error, http_status, latency_ms, ttft_ms,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, is_usage_estimated,
        cost_estimated_nano, cost_nano, is_cost_disputed, fallback_used, catalogue_release, router_release, decision, attempts,
        user_agent, deployment, error_kind, worker)
    SELECT gen_random_uuid(), %(since)s::timestamptz + n * (%(until)s::timestamptz - %(since)s::timestamptz) / %(records)s,
           1 + who / 10, 1 + who, 1 + who / 2, 'auto', 'maker:model-' || model, 'provider-' || model %% 4, false,
           (ARRAY['', '', 'fast', 'careful'])[1 + who %% 4], (ARRAY['', 'review', 'chat'])[1 + who %% 3],
           (ARRAY['coding', 'chat', 'analysis', 'writing', 'other'])[1 + n %% 5], (ARRAY['simple', 'medium', 'hard'])[1 + n %% 3],
           'balanced', '', CASE WHEN who %% 5 = 0 THEN ARRAY['team-' || who %% 7, 'nightly'] ELSE '{}' END, n %% 2 = 0,
           CASE WHEN n %% 50 = 0 THEN 'failure' ELSE 'success' END, '', 200, (300 * exp(3 * chance))::int,
           CASE WHEN n %% 2 = 0 THEN (100 * exp(2 * chance))::int END, 200 + n %% 5000, 50 + n %% 900, 0, 0, 0, false, 0,
           1000000 * (n %% 97), false, n %% 33 = 0, 1, 1, '{}', '[]', '', 'deployment-' || model,
           CASE WHEN n %% 50 = 0 THEN 'timeout' ELSE '' END, ''
    FROM (
        SELECT n, (500 * power(random(), 3))::int AS who, (20 * power(random(), 2))::int AS model, random() AS chance
        FROM generate_series(%(first)s, %(last)s) AS n
    ) AS made
"""
"""Of 50 accounts with 500 keys, few of which ask for most, to 20 models."""
SIZE = """
    SELECT inhparent::regclass::text, reltuples::bigint, pg_total_relation_size(inhrelid)
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'analytics_{}'::regclass
"""
QUESTIONS: Mapping[str, Question] = {
    "a year, its sums": Question(**YEAR),
    "a year by month and model": Question(**YEAR, by=("model",), step="month"),
    "a year by day, zone of its own": Question(**YEAR, step="day", zone="Europe/Berlin"),
    "a year by day and model, zone of its own": Question(**YEAR, by=("model",), step="day", zone="Europe/Berlin"),
    "a year by model, with latencies": Question(**YEAR, by=("model",), distributions=True),
    "a year by day, with latencies": Question(**YEAR, step="day", distributions=True),
    "a year by category and model": Question(**YEAR, by=("category", "model")),
    "a year by account": Question(**YEAR, by=("account",)),
    "a year by key": Question(**YEAR, by=("key",)),
    "a year by model, of one provider and account": Question(
        **YEAR, by=("model",), where={"provider": ("provider-1",)}, accounts=frozenset({3})
    ),
    "a year by model, of one provider": Question(**YEAR, by=("model",), where={"provider": ("provider-1",)}),
    "a month by day and model, zone of its own": Question(**MONTH, by=("model",), step="day", zone="Asia/Kolkata"),
    "a day by hour and model, with latencies": Question(
        since=UNTIL - timedelta(days=1), until=UNTIL, by=("model",), step="hour", distributions=True
    ),
}


def main(records: int = RECORDS, days: int = DAYS) -> None:
    call_command("migrate", verbosity=0)
    began = time.perf_counter()
    _fill(records, days)
    print(f"{records:,} records of {days} days made in {time.perf_counter() - began:.0f} s", flush=True)
    process = _database_process()
    with _memory(process) as peak_mb:
        began, worked = time.perf_counter(), _cpu_s(process)
        cells = rolling.roll_up()
        took, work = time.perf_counter() - began, _cpu_s(process) - worked
    print(f"rolled up in {took:.0f} s: {records / took:,.0f} a second, {cells:,} quarters of accounts")
    print(f"PostgreSQL's process worked {work:.0f} s, and took at most {max(peak_mb):.0f} MB of its own")
    _sizes(records)
    print(
        table(
            [f"fastest of {ROUNDS} (aim: {AIM_MS} ms)", "ms", "rows"], [_measure(*each) for each in QUESTIONS.items()]
        )
    )
    _again(records)


def _fill(records: int, days: int = DAYS, at_once: int = 100_000) -> None:
    since = UNTIL - timedelta(days=days)
    for weeks in range(days // 7 + 2):
        partitions.make("analytics_record", partitions.monday_of(since) + weeks * partitions.WEEK)
    with connection.cursor() as cursor:
        for first in range(0, records, at_once):
            span = {"first": first, "last": min(records, first + at_once) - 1, "records": records}
            cursor.execute(FILL, {**span, "since": since, "until": UNTIL})
        cursor.execute("VACUUM ANALYZE analytics_record")


def _database_process() -> Path:
    """PostgreSQL's that works for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return Path(f"/proc/{cursor.fetchone()[0]}")


def _cpu_s(process: Path) -> float:
    user, system = (process / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _memory(process: Path) -> Iterator[list[float]]:
    """What a process has to itself, twice a second."""
    seen, is_over = [_own_mb(process)], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.5):
            seen.append(_own_mb(process))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join()


def _own_mb(process: Path) -> float:
    lines = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    return int(lines["RssAnon"].split()[0]) / 1024


def _sizes(records: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE analytics_window; ANALYZE analytics_cross")
        rows = []
        for name in ("window", "cross", "record"):
            cursor.execute(SIZE.format(name))
            found = cursor.fetchall()
            count, size = sum(row[1] for row in found), sum(row[2] for row in found)
            rows.append([name, f"{count * 1e6 / records:,.0f}", f"{size / records:,.0f}"])
    print(table(["rows of", "a million records", "bytes a record"], rows), flush=True)


def _measure(name: str, question: Question) -> list[str]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        answer = ask(question)
        times.append(time.perf_counter() - began)
    return [name, f"{min(times) * 1000:.0f}", str(len(answer.rows))]


def _again(records: int) -> None:
    """The beat's usual work: a minute's records at the end."""
    with connection.cursor() as cursor:
        span: dict[str, Any] = {
            "first": 0,
            "last": 599,
            "records": 600,
            "since": UNTIL - timedelta(minutes=1),
            "until": UNTIL,
        }
        cursor.execute(FILL, span)
    began = time.perf_counter()
    cells = rolling.roll_up()
    print(f"600 records of one more minute, {cells} accounts: {time.perf_counter() - began:.1f} s")
    print(f"known until {Watermark.objects.get().as_of:%H:%M:%S}")
