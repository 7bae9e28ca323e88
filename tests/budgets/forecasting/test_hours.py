"""Spend by the hour: each ledger entry once, whenever it becomes visible."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection

from budgets.forecasting import hours
from budgets.models import AccountHour, Counter, LimitHour
from tests.budgets.conftest import dsn
from tests.budgets.forecasting.ledger import counter_of, entry
from tests.budgets.tables import limit

NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
HOUR = timedelta(hours=1)
COPY = """
    INSERT INTO budgets_ledgerentry (operation_id, hop, kind, account_id, amount_nano, overrun_nano, tokens, is_sandbox, counters,
        scopes, outcome, task_type, category, model, provider, deployment, basis, input_tokens, cache_read_tokens,
        cache_write_tokens, cache_write_1h_tokens, audio_input_tokens, output_tokens, reasoning_tokens, audio_output_tokens,
        web_searches, settled_at)
    SELECT gen_random_uuid(), 0, 'charge', 1, 7, 0, 1, false, ARRAY[%s]::bigint[], '{}', 'success', '', '', '', '', '', '',
        0, 0, 0, 0, 0, 0, 0, 0, 0, %s
"""


def rolled() -> list[tuple[int, int, int, int]]:
    """Each hour of the only limit, as hours after noon, with its amount, tokens and requests."""
    rows = LimitHour.objects.order_by("hour").values_list("hour", "amount_nano", "tokens", "requests")
    return [((hour - NOON) // HOUR, amount, tokens, requests) for hour, amount, tokens, requests in rows]


@pytest.fixture
def counter(db: None) -> Counter:
    return counter_of(limit("account:1", 1_000), NOON)


def test_each_entry_is_in_its_hour_once_however_often_it_runs(counter: Counter) -> None:
    entry(counter, NOON, 10)
    entry(counter, NOON + timedelta(minutes=59), 20)
    entry(counter, NOON + HOUR, 40)
    assert hours.roll_up()
    assert rolled() == [(0, 30, 10, 2), (1, 40, 5, 1)]
    assert not hours.roll_up()
    assert rolled() == [(0, 30, 10, 2), (1, 40, 5, 1)]
    assert list(AccountHour.objects.order_by("hour").values_list("account_id", "amount_nano", "requests")) == [
        (1, 30, 2), (1, 40, 1),
    ]  # fmt: skip


def test_what_comes_late_is_added_to_its_hour_and_a_correction_to_that_of_its_charge(counter: Counter) -> None:
    charge = entry(counter, NOON, 60)
    hours.roll_up()
    entry(counter, NOON - 3 * HOUR, 8)
    entry(counter, NOON + 5 * HOUR, -35, kind="correction", operation_id=charge.operation_id, tokens=-2)
    hours.roll_up()
    assert rolled() == [(-3, 8, 5, 1), (0, 25, 3, 1)]


def test_a_second_hop_is_no_second_request_of_the_account(counter: Counter) -> None:
    first = entry(counter, NOON, 10)
    entry(counter, NOON, 10, operation_id=first.operation_id, hop=1)
    hours.roll_up()
    assert list(AccountHour.objects.values_list("amount_nano", "requests")) == [(20, 1)]


def test_an_entry_of_a_transaction_that_is_held_open_is_not_skipped(transactional_db: None) -> None:
    counter = counter_of(limit("account:1", 1_000), NOON)
    with psycopg.connect(dsn()) as slow:
        slow.execute(COPY, [counter.pk, NOON])
        entry(counter, NOON, 10)  # a larger id, and there at once
        assert not hours.roll_up()
        assert rolled() == []
        slow.commit()
    hours.roll_up()
    assert rolled() == [(0, 17, 6, 2)]


def test_one_that_began_before_the_mark_and_writes_after_it_is_added_too(transactional_db: None) -> None:
    counter = counter_of(limit("account:1", 1_000), NOON)
    with psycopg.connect(dsn()) as slow:
        slow.execute("SELECT pg_current_xact_id()")
        entry(counter, NOON, 10)
        hours.roll_up()
        slow.execute(COPY, [counter.pk, NOON])
        slow.commit()
    hours.roll_up()
    hours.roll_up()
    assert rolled() == [(0, 17, 6, 2)]


def test_a_long_ledger_is_added_in_parts(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    entry(counter, NOON, 1)
    hours.roll_up()  # beyond the ids that tests before took
    monkeypatch.setattr(hours, "MAX_IDS", 2)
    for step in range(1, 6):
        entry(counter, NOON + step * HOUR, 1)
    hours.roll_up()
    assert [amount for _, amount, *_ in rolled()] == [1] * 6


def test_a_restored_backup_goes_on_with_the_numbers_of_its_new_server(counter: Counter) -> None:
    entry(counter, NOON, 10)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE budgets_hourmark SET next_id = done_id + 1, next_xid = '9000000000000'")
    hours.roll_up()
    hours.roll_up()
    assert rolled() == [(0, 10, 5, 1)]


def test_hours_that_nobody_looks_back_on_are_forgotten(counter: Counter) -> None:
    entry(counter, NOON - hours.KEPT - timedelta(days=1), 10)
    hours.roll_up()
    assert rolled() == []
    assert not AccountHour.objects.exists()


def test_what_a_limit_counts_of_another_measure_or_of_no_limit_any_more_stops_nothing(counter: Counter) -> None:
    entry(counter, NOON, 10, counters=[counter.pk, 999_999])
    hours.roll_up()
    assert rolled() == [(0, 10, 5, 1)]
