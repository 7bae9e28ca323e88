"""One connection to PostgreSQL that is opened again when it broke, and what can go wrong with it.

DatabaseError
├── Away              it does not answer, or cannot at the moment; what it was asked may be done all the same
│   └── Unreachable   there is no connection, so it was asked nothing
└── Rejected          it answers, but does not take these values; nothing was done
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import urlencode

import asyncpg
from psycopg.conninfo import conninfo_to_dict

from routerhub.tenancy.scope import SYSTEM, settings_sql

logger = logging.getLogger(__name__)
MARGIN_S = 1.0
"""So much longer than the server itself a call is waited for, before the connection counts as broken."""
CONNECT_WAIT_S = 2.0
SESSION = {
    "application_name": "routerhub ledger",
    "synchronous_commit": "on",
    # The functions run the same few statements, whose plans do not depend on the values: planning each anew would cost a
    # third of their time. All look-ups are by key, and must stay so while a table that is still empty fills up.
    "plan_cache_mode": "force_generic_plan",
    "jit": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
PASSED_ON = {
    "host", "port", "user", "password", "passfile", "dbname", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl",
    "ssl_min_protocol_version", "ssl_max_protocol_version", "target_session_attrs",
}  # fmt: skip
OF_THE_DATABASE = ("08", "0A", "25", "26", "28", "3D", "3F", "40", "42", "53", "55", "57", "58")
"""Classes of SQLSTATE that any values would have met: no connection, an old plan, read only, no such statement, who asks,
no such database or schema, rolled back, tables of another release, resources, locks, stopped, the system's own. All others
are taken for an answer to these values."""


class DatabaseError(Exception):
    """Base of these errors. The message is the driver's."""


class Away(DatabaseError):
    """The database does not answer, or cannot at the moment; what it was asked may be done all the same."""


class Unreachable(Away):
    """There is no connection to the database, so it was asked nothing."""


class Rejected(DatabaseError):
    """The database answers, but does not take these values; nothing was done."""


class Database:
    """One connection, one call at a time. `wait_s` bounds every call, at the server too."""

    def __init__(self, conninfo: str, wait_s: float) -> None:
        """`conninfo` as libpq spells it: an address, or pairs of key and value."""
        self._address = _address(conninfo)
        self._wait_s = wait_s
        self._session = {**SESSION, "statement_timeout": str(round(wait_s * 1000))}
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def row(self, query: str, *arguments: Any) -> Any:
        """The one row of a query. Raises Away, Rejected."""
        async with self._turn:
            connection = await self._open()
            return await self._answer(connection.fetchrow(query, *arguments, timeout=self._wait_s + MARGIN_S))

    async def rows(self, query: str, *arguments: Any) -> Any:
        """All rows of a query, which is asked across accounts: for what is rare, since it takes four round trips. The ledger's
        functions bring that setting themselves. Raises Away, Rejected."""
        async with self._turn:
            connection = await self._open()
            return await self._answer(self._across_accounts(connection, query, *arguments))

    async def _across_accounts(self, connection: asyncpg.Connection, query: str, *arguments: Any) -> Any:
        wait_s = self._wait_s + MARGIN_S
        async with connection.transaction():
            await connection.execute(settings_sql(SYSTEM), timeout=wait_s)
            return await connection.fetch(query, *arguments, timeout=wait_s)

    async def _open(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await asyncpg.connect(
                    self._address,
                    timeout=CONNECT_WAIT_S,
                    server_settings=self._session,
                    max_cached_statement_lifetime=0,
                )
                if logger.isEnabledFor(logging.DEBUG):
                    self._connection.add_query_logger(_echo)
                await self._connection.set_type_codec(
                    "inet", schema="pg_catalog", encoder=_inet, decoder=bytes, format="binary"
                )
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
                raise Unreachable(_told(problem)) from problem
        return self._connection

    async def _answer(self, asked: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await asked
        except asyncpg.PostgresError as problem:
            if not problem.sqlstate.startswith(OF_THE_DATABASE):
                raise Rejected(_told(problem)) from problem
            self._drop()
            raise Away(_told(problem)) from problem
        except (ValueError, AttributeError) as problem:
            # From turning the values into PostgreSQL's form; nothing was sent. asyncpg lets AttributeError through.
            raise Rejected(_told(problem)) from problem
        except (OSError, asyncpg.InterfaceError, asyncpg.InternalClientError) as problem:
            self._drop()
            raise Away(_told(problem)) from problem

    async def close(self) -> None:
        """Say goodbye. A call after this opens it again."""
        async with self._turn:
            if self._connection is not None:
                with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    await self._connection.close(timeout=MARGIN_S)
                self._drop()

    def _drop(self) -> None:
        """Cut it off at once. The next call opens it again."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _echo(asked: Any) -> None:
    """Log a query that was answered, without its values."""
    logger.debug("action=query ms=%.1f query=%s", asked.elapsed * 1000, " ".join(asked.query.split()))


def _address(conninfo: str) -> str:
    """The same as an address, which is all that asyncpg reads. It takes what it does not know for a server's setting, so
    that the client's own settings stay here."""
    given: Mapping[str, Any] = conninfo_to_dict(conninfo)
    return "postgresql://?" + urlencode({name: value for name, value in given.items() if name in PASSED_ON})


def _inet(address: str) -> bytes:
    """An IP address as PostgreSQL sends it. asyncpg's own way took a third of a request's encoding."""
    family, number = (socket.AF_INET6, 3) if ":" in address else (socket.AF_INET, 2)
    packed = socket.inet_pton(family, address)
    return bytes((number, 8 * len(packed), 0, len(packed))) + packed


def _told(problem: BaseException) -> str:
    return str(problem) or type(problem).__name__
