"""Connections to PostgreSQL that are kept open while nobody uses them, and how it is noticed that one was lost meanwhile."""

import select
from typing import Any

from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool

WAIT_S = 2
"""For a free connection of a pool."""
LOSS_IS_NOTICED = {
    "connect_timeout": 2, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}  # fmt: skip
"""Whoever only waits for an answer would not notice that nobody is at the other end. libpq's names; the last is milliseconds."""


def pool_of(
    dsn: str, connections: int, wait_s: float = WAIT_S, **options: Any
) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """At most so many connections, opened when they are needed. Not started yet."""
    return AsyncConnectionPool(
        make_conninfo(dsn, **LOSS_IS_NOTICED),
        min_size=0, max_size=connections, open=False, timeout=wait_s, check=_check,
        kwargs={"autocommit": True, **options},
    )  # fmt: skip


async def _check(connection: AsyncConnection[Any]) -> None:
    """Raises psycopg.OperationalError where the other end has closed it. The server is asked only where something came of it that
    nobody waits for: so a connection that is whole costs no round trip."""
    looking = select.poll()
    looking.register(connection.fileno(), select.POLLIN)
    if looking.poll(0):
        await connection.execute("SELECT 1")
