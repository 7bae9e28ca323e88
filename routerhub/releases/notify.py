"""Telling every process what changed, in the transaction that changes it."""

from django.db import connection

CHANNEL = "routerhub_changes"
"""PostgreSQL's channel. The payload names what changed: a line, "keys", "limits", "health", "preferences:17"."""


def announce(what: str) -> None:
    """Every process hears of it when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, what])
