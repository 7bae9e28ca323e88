"""What the database cannot take waits on disk, whole, and is written once when the database is back."""

import asyncio
import errno
import fcntl
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from asgiref.sync import sync_to_async

from budgets.errors import LedgerUnavailable
from budgets.ledger import Ledger, housekeeping
from budgets.ledger.database import Database
from budgets.ledger.housekeeping import Housekeeper
from budgets.ledger.settling import Unreserved
from budgets.ledger.slots import Slots
from budgets.ledger.spool import Spool
from budgets.models import Hold
from budgets.types import Settlement
from tests.budgets.books import answer, elsewhere, request, settlement, spend
from tests.budgets.conftest import dsn
from tests.budgets.tables import books, new_limit
from tests.budgets.test_reserving import granted
from tests.budgets.test_settling import entries, record, records

pytestmark = pytest.mark.anyio
NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


def items() -> list[Settlement | Unreserved]:
    facts = request(uuid.uuid4(), tags=("a", "ü\n\x1e"), session="\r\n", key_id=3)
    return [
        settlement(spend(), amount=2**62, error="no\nnewline", attempts='[{"error": "\\n"}]'),
        elsewhere(spend(hop=2)),
        settlement(spend(), frees_slot=True),
        Unreserved(request=facts.row(), answer=answer(outcome="failure").row(), frees=uuid.uuid4()),
        Unreserved(request=(b"\x00\xff", datetime(2026, 1, 1, 0, 0, 0, 5, tzinfo=UTC), (), None, 1.5), answer=()),
    ]


async def test_items_come_back_as_they_were_kept(tmp_path: Path) -> None:
    spool, kept = Spool(tmp_path / "new" / "folder"), items()
    spool.keep(kept[:1])
    spool.keep(kept[1:])
    first, second = spool.files()
    with spool.claim(first) as found:
        assert found == kept[:1]
    with spool.claim(second) as found:
        assert found == kept[1:]
    assert os.listdir(spool.folder) == []


async def test_a_file_stays_when_its_items_could_not_be_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.keep(items())
    with pytest.raises(LedgerUnavailable), spool.claim(spool.files()[0]):
        raise LedgerUnavailable
    assert len(spool.files()) == 1


async def test_a_file_that_somebody_drains_is_left_to_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.keep(items())
    (file,) = spool.files()
    with spool.claim(file) as mine:
        with Spool(tmp_path).claim(file) as theirs:
            assert theirs == ()
        assert len(mine) == len(items())
        assert file.exists()
    with spool.claim(file) as gone:
        assert gone == ()


async def test_a_file_that_was_drained_while_it_was_being_opened_is_nobodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, lock = Spool(tmp_path), fcntl.flock
    spool.keep(items())
    (file,) = spool.files()

    def drained_first(descriptor: int, operation: int) -> None:
        file.unlink()
        lock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", drained_first)
    with spool.claim(file) as found:
        assert found == ()


async def test_what_a_crash_cut_short_has_no_name_yet_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(descriptor: int) -> None:
        raise OSError(f"gone: {descriptor}")

    spool = Spool(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", power_cut)
        with pytest.raises(OSError, match="gone"):
            spool.keep(items())
    assert spool.files() == []
    spool.keep(items()[:1])
    assert len(spool.files()) == 1


async def test_what_is_no_json_or_cannot_be_read_is_told_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path)
    good = elsewhere(spend())
    spool.keep([good, settlement(spend(), error="\ud800", provider="\ud800"), good])
    (file,) = spool.files()
    file.write_bytes(file.read_bytes() + b'\nnot json\n{"operation_id": 3}\n7\n[]\n{"request": {}}')
    with spool.claim(file) as found:
        assert found == [good, good]
    assert [line.message.split()[0] for line in caplog.records] == ["action=spool", *["action=drain"] * 5]


async def test_settlements_and_records_wait_on_disk_while_the_database_is_away(ledger: Ledger, tmp_path: Path) -> None:
    month = await new_limit("account:1", 100)
    held = [await granted(ledger, spend("account:1", amount=20)) for _ in range(3)]
    nobody = spend()
    away = Ledger(NOWHERE, wait_s=0.3, spool_dir=tmp_path / "away")
    await asyncio.gather(
        *(away.settle(settlement(each, amount=7)) for each in held),
        away.record(request(nobody.operation_id).row(), answer(outcome="failure").row()),
    )
    with pytest.raises(LedgerUnavailable):
        await away.reserve(spend("account:1"))
    await away.stop()
    assert await books(month) == (0, 60)

    back = Ledger(dsn(), wait_s=5, spool_dir=tmp_path / "away")
    await back._housekeeper.drain()
    await back._housekeeper.drain()
    await back.stop()
    assert await books(month) == (21, 0)
    assert [entry.amount_nano for entry in await entries()] == [7, 7, 7]
    assert (await record(nobody)).outcome == "failure"
    assert (await record(held[0])).cost_nano == 7
    assert os.listdir(tmp_path / "away") == []


async def test_draining_twice_changes_nothing_and_a_bad_item_stops_no_other(ledger: Ledger) -> None:
    month = await new_limit("account:1", 100)
    held = [await granted(ledger, spend("account:1", amount=20)) for _ in range(3)]
    kept = [settlement(held[0], amount=7), settlement(held[1], amount=7, provider="\0"), settlement(held[2], amount=7)]
    for _ in range(2):
        await asyncio.to_thread(ledger._spool.keep, kept)
    await ledger._housekeeper.drain()
    assert await books(month) == (21, 0)
    assert [len(await records(each)) for each in held] == [1, 0, 1]


async def test_a_file_that_cannot_be_written_now_keeps_no_other_back(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = [await granted(ledger, spend(amount=20)) for _ in range(2)]
    spool = Spool(tmp_path / "spool")
    for each in held:
        spool.keep([settlement(each, amount=7)])
    first, _ = spool.files()
    keeper = Housekeeper(Database(dsn(), 0.5), spool, Slots(), 256)
    async with await psycopg.AsyncConnection.connect(dsn()) as other:
        await other.execute("SELECT 1 FROM budgets_hold WHERE operation_id = %s FOR UPDATE", [held[0].operation_id])
        await keeper.drain()
    assert spool.files() == [first]
    assert f"file={first.name} problem=canceling statement due to statement timeout" in caplog.text
    await keeper.drain()
    await keeper.stop()
    assert (spool.files(), len(await entries())) == ([], 2)


async def test_a_spool_that_cannot_be_written_is_told_and_the_hold_stays_for_the_sweep(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = await granted(ledger, spend(amount=20))
    (tmp_path / "file").touch()
    away = Ledger(NOWHERE, wait_s=0.3, spool_dir=tmp_path / "file")
    await away.settle(settlement(held, amount=7))
    await away.stop()
    assert f"lost=[{settlement(held, amount=7)!r}]" in caplog.text
    assert await sync_to_async(Hold.objects.count)() == 1


async def test_a_gateway_drains_by_itself(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "DRAIN_EVERY_S", 0.05)
    month = await new_limit("account:1", 100)
    held = await granted(ledger, spend("account:1", amount=20))
    await ledger.start()
    await asyncio.to_thread(ledger._spool.keep, [settlement(held, amount=7)])
    async with asyncio.timeout(10):
        while await books(month) != (7, 0):  # noqa: ASYNC110 - the database has no event to wait for
            await asyncio.sleep(0.05)


async def test_what_the_disk_does_not_take_is_remembered_and_written_with_the_rest(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(housekeeping, "MAX_REMEMBERED", 2)
    month = await new_limit("account:1", 100)
    held = [await granted(ledger, spend("account:1", amount=20)) for _ in range(3)]
    (tmp_path / "file").touch()
    keeper = Housekeeper(Database(dsn(), wait_s=5), Spool(tmp_path / "file"), Slots(), max_per_batch=1)
    await keeper.keep([settlement(each, amount=7) for each in held])
    assert f"lost=[{settlement(held[2], amount=7)!r}]" in caplog.text
    assert await books(month) == (0, 60)
    await keeper.drain()
    assert await books(month) == (14, 20)
    await keeper.stop()


def test_a_file_that_the_disk_had_no_room_for_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Spool(tmp_path).keep(items())
    assert os.listdir(tmp_path) == []
