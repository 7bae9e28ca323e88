"""Files of accounts: a row of what is known of each, and its content in pieces that are items, read and written one by one.

A file is there when its row is: pieces without one are of a file that is being written, or that was never finished, and
expire. Every method raises StorageUnavailable.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from routerhub.storage.store import Store
from routerhub.storage.types import File, Name, NewFile
from routerhub.tenancy.pools import in_one_go

AT_ONCE = 16
"""Pieces that are in memory together."""
NAMES_AT_ONCE = 1_000
COLUMNS = "id, account_id, filename, purpose, size, pieces, created_at, expires_at"
ADD = f"""
    INSERT INTO storage_file ({COLUMNS}) VALUES (%(id)s, %(account_id)s, %(filename)s, %(purpose)s, %(size)s, %(pieces)s,
        now(), now() + make_interval(secs => %(seconds)s))
    ON CONFLICT (id) DO NOTHING
"""  # noqa: S608
FIND = f"SELECT {COLUMNS} FROM storage_file WHERE account_id = %(account_id)s AND id = %(id)s AND expires_at > now()"  # noqa: S608
LISTED = f"""
    SELECT {COLUMNS} FROM storage_file f
    WHERE account_id = %(account_id)s AND expires_at > now() AND (%(purpose)s::text = '' OR purpose = %(purpose)s::text)
      AND (%(after)s::text = '' OR (created_at, id) {{beyond}} (
          SELECT created_at, id FROM storage_file a WHERE a.account_id = f.account_id AND a.id = %(after)s::text))
    ORDER BY created_at {{way}}, id {{way}} LIMIT %(limit)s
"""  # noqa: S608
NEWEST, OLDEST = LISTED.format(beyond="<", way="DESC"), LISTED.format(beyond=">", way="ASC")
FORGET = "DELETE FROM storage_file WHERE account_id = %(account_id)s AND id = %(id)s RETURNING pieces"
PUT_PIECE = b"""
    INSERT INTO storage_item (account_id, kind, name, sealed, size, created_at, expires_at)
    VALUES (%(account_id)s, 'file', %(name)s, %(sealed)s, octet_length(%(sealed)s), now(),
            now() + make_interval(secs => %(seconds)s))
    ON CONFLICT (account_id, kind, name) DO NOTHING RETURNING true
"""
"""For those who count a piece in the same transaction: a repeat gives no row."""
OF_NAMES = "account_id = %(account_id)s AND kind = 'file' AND name = ANY (%(names)s)"
READ = f"SELECT name, sealed FROM storage_item WHERE {OF_NAMES} AND expires_at > now()"  # noqa: S608
THERE = f"SELECT name FROM storage_item WHERE {OF_NAMES}"  # noqa: S608
STAY = f"UPDATE storage_item SET expires_at = now() + make_interval(secs => %(seconds)s) WHERE {OF_NAMES}"  # noqa: S608
DROP = f"DELETE FROM storage_item WHERE {OF_NAMES}"  # noqa: S608


def piece_name(account_id: int, file_id: str, number: int) -> Name:
    """Where a piece is kept."""
    return Name(account_id=account_id, kind="file", name=f"{file_id}/{number}")


class FileStore:
    """Files by account and id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put_piece(self, account_id: int, file_id: str, number: int, content: bytes, seconds: float) -> None:
        """Keep a piece of a file that is being written."""
        await self._store.put(piece_name(account_id, file_id, number), content, seconds)

    async def add(self, file: NewFile) -> File:
        """The file is there, with its pieces, for so long."""
        for some in _parted(range(file.pieces), NAMES_AT_ONCE):
            await self._rows(STAY, file.account_id, file.id, some, seconds=file.seconds)
        async with self._store.connection() as connection, in_one_go(connection):
            await connection.execute(ADD.encode(), {name: getattr(file, name) for name in NewFile.__slots__})
        found = await self.find(file.account_id, file.id)
        if found is None:
            raise RuntimeError(f"{file.id} was added and is not there.")
        return found

    async def find(self, account_id: int, file_id: str) -> File | None:
        found = await self._store.rows(File, FIND, account_id=account_id, id=file_id)
        return found[0] if found else None

    async def listed(self, account_id: int, purpose: str, after: str, limit: int, newest_first: bool) -> Sequence[File]:
        """Those of a purpose ("" for all), behind the one with the id `after` ("" from the first on)."""
        query = NEWEST if newest_first else OLDEST
        return await self._store.rows(File, query, account_id=account_id, purpose=purpose, after=after, limit=limit)

    async def pieces(self, account_id: int, file_id: str, numbers: range) -> AsyncIterator[tuple[int, bytes]]:
        """Those of the pieces that are there, in order, some at a time in memory. Raises Unreadable."""
        for some in _parted(numbers, AT_ONCE):
            sealed = dict(await self._rows(READ, account_id, file_id, some))
            for number in some:
                name = piece_name(account_id, file_id, number)
                if name.name in sealed:
                    yield number, await self._store.open(name, sealed[name.name])

    async def numbers(self, account_id: int, file_id: str, numbers: range) -> set[int]:
        """Which of the pieces are there."""
        found: set[int] = set()
        for some in _parted(numbers, NAMES_AT_ONCE):
            found.update(int(name.rpartition("/")[2]) for (name,) in await self._rows(THERE, account_id, file_id, some))
        return found

    async def delete(self, account_id: int, file_id: str) -> bool:
        """Forget a file and its content. False where there was none."""
        async with self._store.connection() as connection:
            async with in_one_go(connection):
                cursor = await connection.execute(FORGET.encode(), {"account_id": account_id, "id": file_id})
            row = await cursor.fetchone()
        if row is None:
            return False
        await self.drop(account_id, file_id, range(row[0]))
        return True

    async def drop(self, account_id: int, file_id: str, numbers: range) -> None:
        """Forget pieces, those of a file that was never finished among them."""
        for some in _parted(numbers, NAMES_AT_ONCE):
            await self._rows(DROP, account_id, file_id, some)

    async def _rows(self, query: str, account_id: int, file_id: str, numbers: range, **values: Any) -> Sequence[Any]:
        names = [piece_name(account_id, file_id, number).name for number in numbers]
        async with self._store.connection() as connection:
            async with in_one_go(connection):
                cursor = await connection.execute(
                    query.encode(), {"account_id": account_id, "names": names, **values}, binary=True
                )
            return await cursor.fetchall() if cursor.description else ()


def _parted(numbers: range, size: int) -> Iterable[range]:
    return (numbers[at : at + size] for at in range(0, len(numbers), size))
