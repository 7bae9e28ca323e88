"""The thread that keeps what was said: bounded, and never in anybody's way."""

import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import DatabaseError

from analytics.bodies import keeping, writer
from analytics.bodies.writer import KEPT, BodyWriter
from analytics.models import Body
from tests.analytics.bodies.said import said

WAIT_S = 10
"""So long a test waits for a thread before it fails."""


class Table:
    """Takes rows as the database does; it can be held up, and away."""

    def __init__(self) -> None:
        self.rows: list[Body] = []
        self.is_asked, self.is_written, self.may_go_on = (threading.Event() for _ in range(3))
        self.may_go_on.set()
        self.failures = 0

    def write(self, rows: Sequence[Body]) -> None:
        self.is_asked.set()
        assert self.may_go_on.wait(WAIT_S)
        if self.failures:
            self.failures -= 1
            raise DatabaseError("away")
        self.rows += rows
        self.is_written.set()


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def made(table: Table, monkeypatch: pytest.MonkeyPatch) -> Iterator[BodyWriter]:
    monkeypatch.setattr(writer, "RETRY_PAUSE_S", 0.01)
    found = BodyWriter(table.write)
    yield found
    table.may_go_on.set()
    found.stop()


def counted(result: str) -> float:
    return KEPT.labels(result).value


def test_without_anything_to_keep_there_is_no_thread(made: BodyWriter) -> None:
    assert "bodies" not in {thread.name for thread in threading.enumerate()}
    made.stop()


def test_what_waits_is_written_before_the_process_ends(made: BodyWriter, table: Table) -> None:
    all_said = [said() for _ in range(3 * writer.BATCH)]
    assert all(made.note(each) for each in all_said)
    made.stop()
    assert [row.operation_id for row in table.rows] == [each.operation_id for each in all_said]
    assert not made.note(said()), "nobody writes any more"


def test_where_the_database_is_slow_nobody_waits_and_what_has_no_room_is_counted(
    made: BodyWriter, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 3)
    table.may_go_on.clear()
    assert made.note(said())
    assert table.is_asked.wait(WAIT_S)
    before = counted("full")
    assert [made.note(said()) for _ in range(5)] == [True, True, True, False, False]
    assert counted("full") - before == 2
    table.may_go_on.set()
    made.stop()
    assert len(table.rows) == 4


def test_large_bodies_have_a_bound_of_their_own(made: BodyWriter, table: Table) -> None:
    table.may_go_on.clear()
    assert made.note(said())
    assert table.is_asked.wait(WAIT_S)
    half = writer.MAX_WAITING_BYTES // 2
    assert [made.note(said(size=half)) for _ in range(3)] == [True, True, False]


def test_while_the_database_is_away_what_is_in_hand_is_tried_again(made: BodyWriter, table: Table) -> None:
    table.failures = 2
    before = counted("kept")
    made.note(said())
    assert table.is_written.wait(WAIT_S)
    made.stop()
    assert len(table.rows) == 1
    assert counted("kept") - before == 1


def test_where_it_stays_away_to_the_end_what_is_lost_is_counted(made: BodyWriter, table: Table) -> None:
    table.failures = 1_000_000
    before = counted("unavailable")
    made.note(said())
    assert table.is_asked.wait(WAIT_S)
    made.stop()
    assert (table.rows, counted("unavailable") - before) == ([], 1)


def test_what_cannot_be_redacted_is_not_kept_and_its_words_stand_in_no_log(
    made: BodyWriter, table: Table, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept: Any = keeping.kept

    def fails(each: Any) -> Body:
        if each.size == 1:
            raise ValueError("canary")
        found: Body = kept(each)
        return found

    monkeypatch.setattr(keeping, "kept", fails)
    before = counted("unreadable")
    made.note(said(size=1))
    made.note(said())
    made.stop()
    assert (len(table.rows), counted("unreadable") - before) == (1, 1)
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text
