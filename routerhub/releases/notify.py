"""Telling every process what changed, in the transaction that changes it; and hearing of it."""

import selectors
from typing import Any, Self

import psycopg
from django.db import connection
from psycopg.conninfo import make_conninfo

from routerhub.connections import LOSS_IS_NOTICED

CHANNEL = "routerhub_changes"
"""PostgreSQL's channel. The payload names what changed: a line, "limits", "health", "measured", "circuits",
"provider_keys", "experiments", "keys:7", "accounts:3", "preferences:17" (see routerhub.gateway.snapshots.changes)."""


def announce(what: str) -> None:
    """Every process hears of it when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, what])


class Listener:
    """A connection of its own that hears what is announced from now on. Every call raises psycopg.Error once it is lost."""

    def __init__(self, dsn: str) -> None:
        self._connection: psycopg.Connection[Any] = psycopg.connect(
            make_conninfo(dsn, **LOSS_IS_NOTICED), autocommit=True
        )
        self._connection.execute(f"LISTEN {CHANNEL}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def heard(self, within_s: float, waker: int) -> list[str]:
        """All that was announced since it was last asked, in order; waited for so long, or until the file `waker` can be read."""
        payloads = self._taken()
        if not payloads:
            with selectors.PollSelector() as selector:
                selector.register(self._connection, selectors.EVENT_READ)
                selector.register(waker, selectors.EVENT_READ)
                selector.select(max(0.0, within_s))
            payloads = self._taken()
        return payloads

    def _taken(self) -> list[str]:
        return [each.payload for each in self._connection.notifies(timeout=0)]
