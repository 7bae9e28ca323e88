"""What is kept: sealed, each account's for itself, claimed by one alone, and gone when its time is over."""

import os
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.utils.timezone import now

from routerhub.gateway.snapshots.snapshots import database_dsn
from routerhub.storage import tasks
from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.models import Item
from routerhub.storage.store import LARGE, Store
from routerhub.storage.types import Name
from tests.looking import SEES_ALL

pytestmark = pytest.mark.anyio
OLD, NEW = bytes(range(32)), bytes(range(1, 33))
NAME = Name(account_id=7, kind="response", name="resp_1")
OTHERS = Name(account_id=8, kind="response", name="resp_1")
ME, YOU = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
async def store(transactional_db: None, anyio_backend: str) -> AsyncIterator[Store]:
    opened = Store(database_dsn(), [OLD])
    await opened.start()
    yield opened
    await opened.stop()


async def content(store: Store, name: Name = NAME) -> bytes | None:
    item = await store.read(name)
    return None if item is None else item.content


def run(query: str) -> Any:
    with psycopg.connect(database_dsn(), options=SEES_ALL) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else None


def row(**values: Any) -> Item:
    moment = now()
    given = {
        "account_id": 7,
        "kind": "cache",
        "name": "abc",
        "sealed": b"zzzsecret",
        "size": 2048,
        "created_at": moment,
    }
    return Item.objects.create(**{**given, "expires_at": moment + timedelta(hours=1), **values})


async def test_a_connection_that_was_cut_off_is_noticed_by_no_caller(store: Store) -> None:
    """A server that was away for a moment leaves connections behind that nobody has used since."""
    await store.put(NAME, b"it", 60)
    run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND query LIKE '%INSERT INTO storage_item%'"
    )
    assert await content(store) == b"it"


# --- the table


async def test_what_is_kept_is_sealed_for_its_account_kind_and_name(store: Store) -> None:
    await store.put(NAME, b"a secret " * 9, 60)
    assert b"secret" not in run("SELECT sealed FROM storage_item")[0][0]
    run("UPDATE storage_item SET account_id = 8")
    assert await content(store, OTHERS) is None


async def test_what_is_put_is_read_by_its_account_alone_until_it_is_deleted(store: Store) -> None:
    assert await store.put(NAME, b"one", 60)
    assert (await content(store), await content(store, OTHERS)) == (b"one", None)
    assert not await store.delete(OTHERS)
    assert await store.delete(NAME)
    assert (await content(store), await store.delete(NAME)) == (None, False)


async def test_a_name_that_is_taken_keeps_what_it_has(store: Store) -> None:
    await store.put(NAME, b"one", 60)
    assert not await store.put(NAME, b"two", 60)
    assert await content(store) == b"one"


async def test_the_table_holds_no_clear_text_and_the_size_that_is_shown_is_its_own(store: Store) -> None:
    large = os.urandom(LARGE) + b"a secret"
    await store.put(NAME, large, 60)
    ((sealed, size),) = run("SELECT sealed, size FROM storage_item")
    assert b"a secret" not in bytes(sealed)
    assert size == len(sealed)
    assert await content(store) == large


async def test_a_name_is_claimed_by_one_and_kept_or_freed_by_that_one_alone(store: Store) -> None:
    assert await store.claim(NAME, b"mine", 60, ME)
    assert not await store.claim(NAME, b"yours", 60, YOU)
    held = await store.read(NAME)
    assert held is not None
    assert (held.is_claim, held.content) == (True, b"mine")
    await store.release(NAME, YOU)
    assert not await store.put(NAME, b"yours", 60, YOU)
    assert await store.put(NAME, b"done", 60, ME)
    await store.release(NAME, ME)
    kept = await store.read(NAME)
    assert kept is not None
    assert (kept.is_claim, kept.content) == (False, b"done")


async def test_a_claim_that_is_released_or_whose_holder_died_is_free_again(store: Store) -> None:
    await store.claim(NAME, b"mine", 60, ME)
    assert not await store.delete(NAME), "what is being made cannot be deleted"
    await store.release(NAME, ME)
    assert await store.claim(NAME, b"yours", 60, YOU)
    run("UPDATE storage_item SET expires_at = now()")
    assert await store.claim(NAME, b"mine", 60, ME)
    assert not await store.put(NAME, b"late", 60, YOU)


async def test_what_has_expired_is_not_there_and_its_name_is_free(store: Store) -> None:
    await store.put(NAME, b"one", 60)
    run("UPDATE storage_item SET expires_at = now()")
    assert (await content(store), await store.delete(NAME)) == (None, False)
    assert await store.put(NAME, b"two", 60)


def test_beat_deletes_what_has_expired(db: None) -> None:
    row(name="old", expires_at=now())
    row(name="new")
    assert (tasks.forget_expired(), Item.objects.get().name) == (1, "new")
    tasked = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.forget_expired.name in tasked


async def test_what_no_key_opens_is_as_good_as_gone(store: Store) -> None:
    await store.put(NAME, b"one", 60)
    strange = Store(database_dsn(), [NEW])
    await strange.start()
    try:
        assert await strange.read(NAME) is None
    finally:
        await strange.stop()


async def test_a_database_that_does_not_answer_is_told_as_such(store: Store) -> None:
    away = Store("postgresql://nobody@127.0.0.1:1/nothing", [OLD])
    away._pool.timeout = 0.1
    await away.start()
    try:
        with pytest.raises(StorageUnavailable):
            await away.read(NAME)
    finally:
        await away.stop()


def test_staff_see_whose_and_how_large_it_is_but_never_the_content(admin_client: Any) -> None:
    made = row()
    listed = admin_client.get("/admin/storage/item/").content.decode()
    shown = admin_client.get(f"/admin/storage/item/{made.pk}/change/").content.decode()
    assert "2.0" in listed
    assert "abc" in shown
    assert "zzzsecret" not in listed + shown
