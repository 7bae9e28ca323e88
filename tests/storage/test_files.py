"""Files: their pieces in order, each account's for itself, and gone together."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from django.utils.timezone import now

from routerhub.gateway.snapshots.snapshots import database_dsn
from routerhub.storage import tasks
from routerhub.storage.files import FileStore
from routerhub.storage.models import File, Item
from routerhub.storage.store import Store
from routerhub.storage.types import NewFile

pytestmark = [pytest.mark.anyio, pytest.mark.django_db(transaction=True)]
ME, OTHER = 7, 8


@pytest.fixture
async def files(anyio_backend: str) -> AsyncIterator[FileStore]:
    opened = Store(database_dsn(), [bytes(32)])
    await opened.start()
    yield FileStore(opened)
    await opened.stop()


async def add(files: FileStore, *numbers: int, pieces: int) -> None:
    for number in numbers:
        await files.put_piece(ME, "file-1", number, b"%d" % number, 60)
    await files.add(
        NewFile(id="file-1", account_id=ME, filename="x", purpose="batch", size=9, pieces=pieces, seconds=3_600)
    )


async def content(files: FileStore, account_id: int = ME, pieces: int = 40) -> list[tuple[int, bytes]]:
    return [each async for each in files.pieces(account_id, "file-1", range(pieces))]


async def test_pieces_come_in_order_and_those_that_are_missing_are_passed_over(files: FileStore) -> None:
    await add(files, 30, 2, 17, 0, pieces=40)
    assert await content(files) == [(0, b"0"), (2, b"2"), (17, b"17"), (30, b"30")]
    assert await files.numbers(ME, "file-1", range(40)) == {0, 2, 17, 30}
    assert await files.numbers(ME, "file-1", range(1, 17)) == {2}


async def test_nobody_of_another_account_finds_or_deletes_it(files: FileStore) -> None:
    await add(files, 0, pieces=1)
    assert (await files.find(OTHER, "file-1"), await content(files, OTHER)) == (None, [])
    assert await files.listed(OTHER, "", "", 10, newest_first=True) == []
    assert not await files.delete(OTHER, "file-1")
    assert await files.find(ME, "file-1") is not None


async def test_its_pieces_are_kept_as_long_as_it_and_not_told_of_after_it(files: FileStore) -> None:
    await add(files, 0, 1, pieces=2)
    file, expiries = await File.objects.aget(), [each.expires_at async for each in Item.objects.all()]
    assert all(abs(each - file.expires_at) < timedelta(seconds=60) for each in expiries)
    later = now() - timedelta(seconds=1)
    await File.objects.aupdate(expires_at=later)
    await Item.objects.aupdate(expires_at=later)
    assert (await files.find(ME, "file-1"), await content(files)) == (None, [])


async def test_a_deleted_file_takes_its_pieces_along(files: FileStore) -> None:
    await add(files, 0, 1, pieces=2)
    assert await files.delete(ME, "file-1")
    assert not await Item.objects.aexists()
    assert not await files.delete(ME, "file-1")


def test_beat_deletes_files_that_have_expired() -> None:
    moment = now()
    for name, expires_at in (("old", moment), ("new", moment + timedelta(hours=1))):
        File.objects.create(id=name, account_id=ME, filename="x", purpose="batch", size=1, pieces=1, created_at=moment,
                            expires_at=expires_at)  # fmt: skip
    tasks.forget_expired()
    assert [each.pk for each in File.objects.all()] == ["new"]
