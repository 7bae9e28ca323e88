"""Cursors that send the scope along with each statement, in the same round trip.

Outside a transaction PostgreSQL takes both for one, so that the settings end with the statement.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import psycopg
from django.db.backends.postgresql import base, operations
from django.db.backends.postgresql.psycopg_any import register_tzloader
from psycopg import sql
from psycopg.pq import TransactionStatus

from routerhub.tenancy.scope import NOBODY, Scope, current, settings_sql

BEGIN, END = "SELECT set_config('routerhub.scope'", ", true); "
"""How what a cursor sends along begins, and how it alone ends."""
READS_OR_WRITES_ROWS = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|insert|update|delete|with|merge|explain|values|table|do|call|refresh)\b",
    re.IGNORECASE | re.DOTALL,
)
"""All else goes as it is: much of it may stand in no transaction, or in none that has failed."""


Cursor: Any = base.Cursor
ServerCursor: Any = base.ServerSideCursor
"""psycopg's, of which the stubs of Django know nothing."""


class ScopedCursor(Cursor):  # type: ignore[misc]
    """A cursor of Django's. What a statement finds is what policies let its scope see."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        text = query.as_string(self) if isinstance(query, sql.Composable) else query
        if not isinstance(text, str) or not READS_OR_WRITES_ROWS.match(text) or self._is_bare():
            return super().execute(query, params, **options)
        super().execute(f"{settings_sql(current())}; {text}", params, **options)
        self.nextset()
        return self

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        with _transaction(self.connection):
            super().executemany(query, params_seq, **options)

    @contextmanager
    def copy(self, statement: Any, params: Any = None, **options: Any) -> Iterator[Any]:
        with _transaction(self.connection), super().copy(statement, params, **options) as copying:
            yield copying

    def _is_bare(self) -> bool:
        """Whether the connection carries nothing that would have to be taken away."""
        return current() == NOBODY and self.connection.info.transaction_status == TransactionStatus.IDLE


class ScopedServerCursor(ServerCursor):  # type: ignore[misc]
    """One whose rows PostgreSQL hands out bit by bit: they stay those of the scope in which it was opened."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        self._scope = current()
        with _transaction(self.connection):
            return super().execute(query, params, **options)

    def fetchmany(self, size: int = 0) -> Any:
        if self.connection.info.transaction_status == TransactionStatus.INTRANS:
            _put_in_force(self.connection, self._scope)
        return super().fetchmany(size)


@contextmanager
def _transaction(connection: "psycopg.Connection[Any]") -> Iterator[None]:
    """That of the connection, or one of its own, with the scope in force."""
    with connection.transaction() if connection.autocommit else nullcontext():
        _put_in_force(connection, current())
        yield


def _put_in_force(connection: "psycopg.Connection[Any]", scope: Scope) -> None:
    psycopg.ClientCursor(connection).execute(settings_sql(scope).encode())


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> str:
        """As it was asked, for logs: without the scope."""
        told = super().last_executed_query(cursor, sql, params)
        return told.partition(END)[2] if told and told.startswith(BEGIN) else told


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection, with such cursors."""

    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "cursor_factory": ScopedCursor}

    def create_cursor(self, name: str | None = None) -> Any:
        if name is None:
            return super().create_cursor()
        cursor = ScopedServerCursor(self.connection, name=name, scrollable=False, withhold=self.connection.autocommit)
        register_tzloader(self.timezone, cursor)
        return cursor
