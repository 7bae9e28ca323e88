"""What is past its time goes, and nothing else: by weeks, under load, as a dry run says before, and not what a law keeps."""

import io
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils.timezone import now

from analytics import tasks
from analytics.measuring import facts
from analytics.models import Feedback, MeasuredFact, Pruning, Record
from analytics.records import partitions, pruning, retention
from analytics.records.partitions import Partition
from budgets.models import Account
from budgets.people.keys import create_key
from budgets.people.legal_holds import accounts_held
from routerhub.audit import history
from routerhub.audit.change import Change
from routerhub.audit.errors import ChangeRefused
from routerhub.gateway.snapshots.snapshots import database_dsn
from tests.analytics.measuring.answers import HORIZON
from tests.analytics.rows import insert, insert_many
from tests.cast import Cast

TABLE = "analytics_record"
LAST = now() - timedelta(days=90)
GONE, STAYS = partitions.monday_of(LAST) - timedelta(seconds=1), partitions.monday_of(LAST)
"""The last moment of the newest week that is over for 90 days, and the first one of the week after it."""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "LOCK_WAIT_MS", 20)
    monkeypatch.setattr(partitions, "PAUSE_S", 0)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []
    monkeypatch.setattr(retention, "_before_drop", made)
    return made


def told(*arguments: str) -> str:
    out = io.StringIO()
    call_command("prune", *arguments, stdout=out)
    return out.getvalue()


def names() -> list[str]:
    return [each.name for each in partitions.partitions(TABLE)]


def test_a_week_goes_when_its_last_moment_is_older_than_ninety_days(db: None) -> None:
    insert_many(3, created_at=GONE)
    kept = [insert(created_at=STAYS), insert()]
    assert tasks.prune() == 1
    assert set(Record.objects.values_list("operation_id", flat=True)) == set(kept)
    (row,) = Pruning.objects.all()
    assert (row.kind, row.rows, row.kept, row.reason) == ("records", 3, 0, "every day")
    assert row.part == f"{TABLE}_{GONE:%G}w{GONE:%V}"
    assert row.bytes > 0
    assert row.part not in names()
    assert tasks.prune() == 0


def test_a_dry_run_says_what_would_go_and_changes_nothing(db: None) -> None:
    assert told("--dry-run") == "Nothing is older than it is kept for.\n"
    insert_many(2, created_at=GONE)
    partitions.make(TABLE, partitions.monday_of(GONE))
    insert_many(4, created_at=GONE - timedelta(weeks=5))
    before = (names(), Record.objects.count())
    said = told("--dry-run")
    assert f"records: {TABLE}_{GONE:%G}w{GONE:%V} until {STAYS:%Y-%m-%d} 00:00 UTC: 2 rows would go, " in said
    assert f"records: {TABLE}_rest until {STAYS:%Y-%m-%d} 00:00 UTC: 4 rows would go\n" in said
    assert ((names(), Record.objects.count()), Pruning.objects.count()) == (before, 0)
    assert "4 rows gone" in told("--reason", "the disk is full")
    assert {row.reason for row in Pruning.objects.all()} == {"the disk is full"}


def test_days_are_a_setting_and_each_kinds_own(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(created_at=GONE)
    settings.ANALYTICS_RETENTION_DAYS = 200
    assert tasks.prune() == 0
    for_ever = retention.Kind(name="records", table=TABLE, days=lambda: None, is_partitioned=True)
    monkeypatch.setattr(retention, "_kinds", {"records": for_ever})
    settings.ANALYTICS_RETENTION_DAYS = 1
    assert tasks.prune() == 0


def test_what_has_no_partitions_is_deleted_some_at_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 2)
    held = Account.objects.create(slug="held", name="Held", legal_hold=True)
    for number, account in enumerate([cast.ada.account, cast.ada.account, cast.ada.account, held]):
        Feedback.objects.create(operation_id=f"{number:032x}", account_id=account.pk, satisfaction=1)
    Feedback.objects.update(reported_at=GONE)
    Feedback.objects.create(operation_id=f"{9:032x}", account_id=cast.ada.account.pk, satisfaction=1)
    assert "feedback: analytics_feedback until" in told()
    assert Feedback.objects.count() == 2
    (row,) = Pruning.objects.all()
    assert (row.kind, row.rows, row.kept, row.bytes) == ("feedback", 3, 1, 0)


# --- legal hold


def test_rows_of_an_account_under_legal_hold_outlive_their_week_and_are_found_where_they_were(cast: Cast) -> None:
    ada, cy = cast.ada.account, cast.cy.account
    out = io.StringIO()
    with pytest.raises(CommandError, match="for what --reason"):
        call_command("legal_hold", "--account", ada.slug, "--on")
    call_command("legal_hold", "--account", ada.slug, "--on", "--reason", "case 12/26", stdout=out)
    call_command("legal_hold", stdout=out)
    assert out.getvalue() == f"{ada.slug}: under legal hold\n{ada.slug}\n"
    version = Account.history.filter(slug=ada.slug).latest()
    assert (version.legal_hold, version.history_change_reason) == (True, "case 12/26")
    theirs = insert_many(2, created_at=GONE, account_id=ada.pk, tags=("a",))
    insert_many(5, created_at=GONE, account_id=cy.pk)
    rows = Record.objects.filter(operation_id__in=theirs).order_by("pk")
    before = list(rows.values())
    assert "5 rows gone, 2 stay under legal hold" in told()
    assert list(rows.values()) == before
    assert Record.objects.count() == 2
    (week,) = [each for each in partitions.partitions(TABLE) if each.since < STAYS]
    assert week.name == f"{TABLE}_{GONE:%G}w{GONE:%V}"
    assert told("--dry-run") == told() == "Nothing is older than it is kept for.\n"
    late = insert(created_at=GONE, account_id=cy.pk)
    assert "1 rows gone, 2 stay under legal hold" in told()
    assert not Record.objects.filter(operation_id=late).exists()
    call_command("legal_hold", "--account", ada.slug, "--off", "--reason", "it ended", stdout=out)
    assert "2 rows gone" in told()
    assert week.name not in names()


def test_staff_put_an_account_under_legal_hold_by_api_and_its_own_people_do_not(cast: Cast) -> None:
    staff, (_, text) = Client(), create_key(cast.ada.account, "admin", cast.ada.user, ["admin"])
    staff.force_login(cast.staff)
    said = {"legal_hold": True, "reason": "case 12/26"}
    own = Client(headers={"Authorization": f"Bearer {text}"})
    refused = own.patch("/api/accounts/acme", said, "application/json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "legal_hold")
    assert accounts_held() == []
    assert staff.patch("/api/accounts/acme", said, "application/json").json()["legal_hold"] is True
    assert accounts_held() == [cast.ada.account.pk]
    with pytest.raises(ChangeRefused, match="Acme is under legal hold: end that first"), transaction.atomic():
        history.delete([Account.objects.get(slug="acme")], Change(reason="they left"))
    assert Account.objects.filter(slug="acme").exists()


# --- who sees a partition before it goes


def test_a_hook_sees_each_partition_whole_before_it_goes_and_may_keep_it(db: None, hooks: list[Any]) -> None:
    insert_many(2, created_at=GONE)
    seen: list[Any] = []

    def digest(partition: Partition) -> None:
        seen.append((partition.name, partitions.count(partition, [])))
        if len(seen) == 1:
            raise retention.NotYet("It is not rolled up yet.")

    hooks.append(digest)
    with pytest.raises(CommandError, match="These stay until the next run: analytics_record_"):
        told()
    assert (Record.objects.count(), Pruning.objects.count()) == (2, 0)
    assert "2 rows gone" in told()
    assert seen == [(f"{TABLE}_{GONE:%G}w{GONE:%V}", (2, 0))] * 2


# --- under load


def test_who_reads_without_end_keeps_a_week_and_holds_nobody_up_for_long(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(created_at=GONE)
    partitions.make(TABLE, partitions.monday_of(GONE))
    monkeypatch.setattr(partitions, "TRIES", 3)
    with psycopg.connect(database_dsn()) as reader:
        reader.execute("LOCK TABLE ONLY analytics_record IN ACCESS SHARE MODE")
        (part,) = pruning.prune(now(), "under load")
        assert "lock timeout" in part.problem
        assert (Record.objects.count(), Pruning.objects.count()) == (1, 0)
        monkeypatch.setattr("time.sleep", lambda _: reader.rollback())
        (part,) = pruning.prune(now(), "the reader leaves between two tries")
    assert (part.problem, Record.objects.count()) == ("", 0)


@pytest.mark.django_db(transaction=True)
def test_weeks_are_dropped_while_everybody_writes_and_the_disk_has_the_room_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(partitions, "LOCK_WAIT_MS", 250)
    monkeypatch.setattr(partitions, "TRIES", 10_000)
    weeks = [GONE - timedelta(weeks=step) for step in range(4)]
    for week in weeks:
        insert_many(300, created_at=week, user_agent="x" * 200)
    tasks.extend_partitions()
    size, over, written, problems = _size(), threading.Event(), [0], []

    def write() -> None:
        try:
            while not over.is_set():
                insert_many(5, session="under load")
                written[0] += 5
        except Exception as problem:  # the test tells of it
            problems.append(problem)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(2)]
    for each in writers:
        each.start()
    gone = pruning.prune(now(), "under load")
    over.set()
    for each in writers:
        each.join()
    assert problems == []
    assert [(part.rows, part.problem) for part in gone] == [(300, "")] * 4
    assert Record.objects.count() == Record.objects.filter(session="under load").count() > 0
    assert size - _size() >= sum(part.bytes for part in gone) * 0.8 - 16_384 * written[0]


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


# --- switches


def test_with_performance_tracking_off_the_router_is_told_of_no_model(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "HORIZON", HORIZON)
    insert_many(5, model="acme:small", latency_ms=900, output_tokens=9)
    assert tasks.measure() == 1
    settings.ANALYTICS_PERFORMANCE_TRACKING = False
    assert (tasks.measure(), MeasuredFact.objects.count(), Record.objects.count()) == (0, 0, 5)


def test_weeks_begin_on_mondays_of_utc() -> None:
    assert partitions.monday_of(datetime(2027, 1, 3, 23, tzinfo=UTC)) == datetime(2026, 12, 28, tzinfo=UTC)
