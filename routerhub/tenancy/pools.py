"""The scope on connections that are asked past Django: psycopg's asynchronous ones, out of a pool."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg import AsyncConnection

from routerhub.tenancy.scope import current, settings_sql


@asynccontextmanager
async def in_one_go(connection: AsyncConnection[Any]) -> AsyncIterator[None]:
    """For one statement on a connection that commits by itself: the scope goes with it in the same round trip, and PostgreSQL
    takes the two for one transaction. Its rows are fetched afterwards."""
    async with connection.pipeline():
        await connection.execute(settings_sql(current()).encode())
        yield


@asynccontextmanager
async def in_transaction(connection: AsyncConnection[Any]) -> AsyncIterator[None]:
    """For several statements, which are one transaction."""
    async with connection.transaction():
        await connection.execute(settings_sql(current()).encode())
        yield
