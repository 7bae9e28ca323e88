"""What is kept, as the gateway reads and writes it, over connections of its own. Every method raises StorageUnavailable."""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg_pool import PoolTimeout

from routerhub.connections import pool_of
from routerhub.sealing import Sealer, Unreadable
from routerhub.storage.errors import StorageUnavailable
from routerhub.storage.types import Item, Name
from routerhub.tenancy.pools import in_one_go

Row = TypeVar("Row")
logger = logging.getLogger(__name__)
STATEMENT_TIMEOUT = "-c statement_timeout=5000"
LARGE = 64 * 1024
"""Bytes. What is larger is sealed in a thread, so that others are served meanwhile."""
FAST = 1
"""zlib's level: text shrinks to a third at it already."""
PUT = """
    INSERT INTO storage_item AS kept (account_id, kind, name, claim, sealed, size, created_at, expires_at)
    VALUES (%(account_id)s, %(kind)s, %(name)s, %(claim)s, %(sealed)s, octet_length(%(sealed)s), now(),
            now() + make_interval(secs => %(seconds)s))
    ON CONFLICT (account_id, kind, name) DO UPDATE SET
        claim = excluded.claim, sealed = excluded.sealed, size = excluded.size, created_at = excluded.created_at,
        expires_at = excluded.expires_at
    WHERE kept.expires_at <= now() OR kept.claim = %(holder)s
    RETURNING true
"""
NAMED = "account_id = %(account_id)s AND kind = %(kind)s AND name = %(name)s"
READ = f"SELECT sealed, created_at, claim IS NOT NULL FROM storage_item WHERE {NAMED} AND expires_at > now()"  # noqa: S608
DELETE = f"DELETE FROM storage_item WHERE {NAMED} AND claim IS NULL AND expires_at > now() RETURNING true"  # noqa: S608
RELEASE = f"DELETE FROM storage_item WHERE {NAMED} AND claim = %(holder)s"  # noqa: S608


class Store:
    """Items by name. What is claimed is made by one alone, however many processes want it."""

    def __init__(self, dsn: str, keys: Sequence[bytes]) -> None:
        self._sealer = Sealer(keys)
        self._pool = pool_of(dsn, connections=4, options=STATEMENT_TIMEOUT)

    async def start(self) -> None:
        await self._pool.open()

    async def stop(self) -> None:
        await self._pool.close()

    def digest(self, content: bytes) -> str:
        return self._sealer.digest(content)

    async def read(self, name: Name) -> Item | None:
        """What is kept under a name, or who is making it. None also where no key opens it any more."""
        row = await self._row(READ, name)
        if row is None:
            return None
        sealed, created_at, is_claim = row
        try:
            content = await self.open(name, sealed)
        except Unreadable as problem:
            logger.warning("action=read_item kind=%s problem=%s", name.kind, problem)
            return None
        return Item(content=content, created_at=created_at, is_claim=is_claim)

    async def put(self, name: Name, content: bytes, seconds: float, claim: UUID | None = None) -> bool:
        """Keep it for so long under a free name, or under one that `claim` holds. False where it is neither."""
        return await self._put(name, content, seconds, claim=None, holder=claim)

    async def claim(self, name: Name, content: bytes, seconds: float, claim: UUID) -> bool:
        """Hold a free name until it is put, released, or so long. False where it is not free."""
        return await self._put(name, content, seconds, claim=claim, holder=None)

    async def release(self, name: Name, claim: UUID) -> None:
        """Free a name that is claimed; what somebody else holds or what is kept stays."""
        await self._row(RELEASE, name, holder=claim)

    async def delete(self, name: Name) -> bool:
        """Forget what is kept. False where there was nothing."""
        return await self._row(DELETE, name) is not None

    async def seal(self, name: Name, content: bytes) -> bytes:
        """What is kept of a content under a name."""
        return await _aside(self._seal, name, content)

    async def open(self, name: Name, sealed: bytes) -> bytes:
        """What was sealed for a name. Raises Unreadable."""
        return await _aside(self._open, name, sealed)

    async def _put(self, name: Name, content: bytes, seconds: float, **claims: UUID | None) -> bool:
        sealed = await self.seal(name, content)
        return await self._row(PUT, name, sealed=sealed, seconds=seconds, **claims) is not None

    def _seal(self, name: Name, content: bytes) -> bytes:
        return self._sealer.seal(str(name), zlib.compress(content, FAST))

    def _open(self, name: Name, sealed: bytes) -> bytes:
        return zlib.decompress(self._sealer.open(str(name), sealed))

    async def _row(self, query: str, name: Name, **values: Any) -> tuple[Any, ...] | None:
        named = {"account_id": name.account_id, "kind": name.kind, "name": name.name}
        async with self.connection() as connection:
            async with in_one_go(connection):
                cursor = await connection.execute(query.encode(), {**named, **values}, binary=True)
            return await cursor.fetchone() if cursor.description else None

    async def rows(self, kind: type[Row], query: str, **values: Any) -> Sequence[Row]:
        """What a query of whoever keeps something beside the items finds."""
        async with self.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(kind))
            async with in_one_go(connection):
                await cursor.execute(query.encode(), values)
            return await cursor.fetchall()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """For those who keep something beside the items: `in_one_go` or `in_transaction`, in their scope."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout) as problem:
            logger.warning("action=use_storage problem=%s", problem)
            raise StorageUnavailable from problem


async def _aside(work: Any, name: Name, content: bytes) -> bytes:
    done: bytes = work(name, content) if len(content) < LARGE else await asyncio.to_thread(work, name, content)
    return done
