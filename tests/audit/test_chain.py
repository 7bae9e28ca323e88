"""The chain: what arrived is sealed in its order, and whatever is removed or altered afterwards shows."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from analytics.records import partitions
from budgets.models import Account, Alert
from routerhub.audit import history
from routerhub.audit.chain import metrics, sealing, verifying
from routerhub.audit.errors import ChainRefused
from routerhub.audit.models import Amendment, Link, Verification
from tests.analytics import rows
from tests.cast import because

pytestmark = pytest.mark.django_db
FAR = 10**12
"""A transaction after all that there are."""


def sql(query: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def at(transaction: int, count: int = 1, **changes: Any) -> list[uuid.UUID]:
    """Records that a transaction of that number wrote."""
    ids = rows.insert_many(count, **changes)
    sql("UPDATE analytics_record SET written_in = %s::text::xid8 WHERE operation_id = ANY (%s)", transaction, ids)
    Amendment.objects.filter(arrived__gt=transaction, arrived__lt=FAR).delete()
    return ids


def problems(**options: Any) -> list[tuple[str, int | None]]:
    return [(each["kind"], each["link"]) for each in verifying.verify(because("a look"), **options).problems]


def links(table: str = "analytics_record") -> list[Link]:
    return list(Link.objects.filter(table=table))


@pytest.fixture
def sealed() -> list[uuid.UUID]:
    """Twelve records of three transactions, in links of about four."""
    found = [each for number in (100, 200, 300) for each in at(number, 4)]
    assert sealing.seal(FAR, block_rows=4, most_rows=8) >= 12
    return found


def test_what_arrived_is_sealed_in_blocks_and_nothing_twice(sealed: list[uuid.UUID]) -> None:
    assert [(each.arrived_from, each.arrived_below, each.rows) for each in links()] == [
        (0, 101, 4), (101, 201, 4), (201, 301, 4),
    ]  # fmt: skip
    assert [each.number for each in Link.objects.all()] == list(range(1, Link.objects.count() + 1))
    assert problems() == []
    assert sealing.seal(FAR) == 0


def test_a_removed_row_is_told_with_its_block(sealed: list[uuid.UUID]) -> None:
    sql("DELETE FROM analytics_record WHERE operation_id = %s", sealed[5])
    found = verifying.verify(because("a look"))
    assert [(each["kind"], each["link"]) for each in found.problems] == [("removed row", links()[1].number)]
    assert "4 rows were sealed, 3 are there" in found.problems[0]["text"]
    verifying.verify(because("another look"))
    assert Alert.objects.get(kind="audit").title.startswith("The audit chain is broken: removed row (link 2")
    metrics.refresh()
    assert metrics.PROBLEMS.family().samples == {(): 1}


@pytest.mark.parametrize("change", ["cost_nano = cost_nano + 1", "user_agent = 'other'", "decision = '{\"a\": 1}'"])
def test_an_altered_row_is_told(sealed: list[uuid.UUID], change: str) -> None:
    sql(f"UPDATE analytics_record SET {change} WHERE operation_id = %s", sealed[0])  # noqa: S608
    assert problems() == [("altered row", links()[0].number)]


def test_a_row_that_is_slipped_in_later_is_told(sealed: list[uuid.UUID]) -> None:
    at(150)
    at(FAR - 1)
    assert [kind for kind, _ in problems()] == ["added row", "added row"]


def test_a_row_that_is_passed_off_as_amended_is_told(sealed: list[uuid.UUID]) -> None:
    """Whoever writes the kept version by hand has to say that the row was closed, or its digest is another."""
    was = sql("SELECT to_jsonb(r)::text FROM analytics_record r WHERE operation_id = %s", sealed[0])[0][0]
    sql("INSERT INTO audit_amendment (\"table\", arrived, row) VALUES ('analytics_record', 100, %s)", was)
    sql(
        "UPDATE analytics_record SET cost_nano = 0, written_in = %s::text::xid8 WHERE operation_id = %s", FAR, sealed[0]
    )
    assert problems() == [("altered row", links()[0].number)]


def test_what_was_unknown_may_be_amended_once_it_is_known() -> None:
    at(100, outcome="unknown")
    sealing.seal(FAR)
    sql("UPDATE analytics_record SET outcome = 'success', cost_nano = 7, written_in = %s::text::xid8", FAR)
    assert Amendment.objects.get().row["outcome"] == "unknown"
    assert problems() == [], "before its new version is sealed"
    sealing.seal(2 * FAR)
    assert [each.rows for each in links()] == [1, 1]
    assert problems() == []


def test_altered_and_removed_links_are_told(sealed: list[uuid.UUID]) -> None:
    first, second, _ = (each.number for each in links())
    Link.objects.filter(number=first).update(rows=3)
    assert problems() == [("altered link", first), ("added row", first)]
    Link.objects.filter(number=first).update(rows=4)
    forged = Link.objects.get(number=second)
    forged.digest = "0" * 64
    forged.seal = sealing.sealed_by(forged)
    forged.save()
    assert ("altered link", second + 1) in problems(), "what follows it follows from what it was"
    Link.objects.filter(number=second).delete()
    assert ("removed link", second) in problems()
    Link.objects.filter(number__gte=first).delete()
    assert ("removed link", None) in problems(), "the walk before saw a later head"
    assert ("removed link", None) in problems(known="f" * 64)


def test_changes_are_sealed_with_who_made_them() -> None:
    [account] = history.create([Account(slug="sealed", name="Sealed")], because("new"))
    history.update([account], ["name"], because("called otherwise"))
    sealing.seal(FAR)
    [link] = links("budgets_historicalaccount")
    assert (link.rows, problems()) == (2, [])
    sql("UPDATE budgets_historicalaccount SET history_change_reason = 'another'")
    assert problems() == [("altered row", link.number)]


def test_a_column_that_is_added_later_changes_nothing_and_one_that_goes_asks_for_a_new_beginning(
    sealed: list[uuid.UUID],
) -> None:
    sql("ALTER TABLE analytics_record ADD COLUMN later text NOT NULL DEFAULT 'x'")
    assert problems() == []
    sql("ALTER TABLE analytics_record DROP COLUMN worker")
    assert {kind for kind, _ in problems()} == {"unreadable row"}
    ending = sealing.restart(because("a column went"))
    assert ending.rows >= 12
    sealing.seal(FAR)
    assert problems() == []


def test_a_dropped_partition_leaves_its_count_and_its_digest() -> None:
    partitions.make("analytics_record", datetime(2001, 1, 1, tzinfo=UTC))
    at(100, 3, created_at="2001-01-07T23:59Z")
    at(100, 2, created_at="2001-01-08T00:00Z")
    at(200, 4, created_at="2001-01-02T00:00Z", outcome="unknown")
    at(200, 1, created_at="2001-01-02T00:00Z", account_id=7)
    sealing.seal(FAR)
    sql("UPDATE analytics_record SET outcome = 'success', written_in = '5000' WHERE outcome = 'unknown'")
    link = sealing.seal_partition("analytics_record_2001w01", [7], below=FAR)
    assert link is not None
    assert (link.rows, Amendment.objects.count()) == (8, 0)
    assert (str(link.part), str(link.part_end)) == ("2001-01-01", "2001-01-08")
    partitions.drop(partitions.partitions("analytics_record")[0], lambda: [7], lambda: None)
    assert problems() == []
    sql("DELETE FROM analytics_record WHERE account_id = 7")
    assert problems() == [("removed row", link.number + 1)], "what is held is sealed still"
    with pytest.raises(ChainRefused, match="no partition"):
        sealing.seal_partition("analytics_record_rest")


def test_a_server_that_counts_anew_is_told_and_a_walk_goes_on_from_the_last_good_one(sealed: list[uuid.UUID]) -> None:
    first = verifying.verify_newest(because("nightly"))
    with pytest.raises(ChainRefused, match="counts its transactions anew"):
        sealing.seal(500)
    at(FAR + 5)
    sealing.seal(2 * FAR)
    second = verifying.verify_newest(because("nightly"))
    assert (second.first, second.rows, second.problems) == (first.head + 1, 1, [])
    sql("DELETE FROM analytics_record WHERE written_in = %s::text::xid8", FAR + 5)
    assert [each["kind"] for each in verifying.verify(because("again"), first.head + 1).problems] == ["removed row"]
    assert Verification.objects.count() == 3
