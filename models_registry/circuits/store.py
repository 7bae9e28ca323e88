"""Circuits as the gateways write them: opened, probed by one of them, closed. Whatever is written is heard by all.

Times are the database's, so that gateways on different machines agree.
"""

import math

from models_registry.circuits.breaker import Circuit
from models_registry.circuits.rows import ANNOUNCED
from routerhub.connections import pool_of
from routerhub.releases.notify import CHANNEL

WAIT_S = 1.0
"""A probe is not kept waiting longer for the database: without it, each process sends one."""
PROBE_LEASE_S = 60.0
"""A probe of which nothing was heard for so long is taken for lost, and another one may be sent."""
OPEN = """
    WITH opened AS (
        INSERT INTO models_registry_circuit AS known (subject, since, until, reason, times, is_limit)
        VALUES (%(subject)s, %(since)s, now() + make_interval(secs => %(open_s)s), %(reason)s, %(times)s, %(is_limit)s)
        ON CONFLICT (subject) DO UPDATE SET
            until = CASE WHEN known.until IS NULL OR excluded.until IS NULL THEN NULL
                         ELSE greatest(known.until, excluded.until) END,
            reason = excluded.reason, times = excluded.times, is_limit = known.is_limit AND excluded.is_limit,
            probe_until = NULL
        RETURNING 1
    )
    SELECT pg_notify(%(channel)s, %(what)s) FROM opened
"""
CLOSE = """
    WITH closed AS (DELETE FROM models_registry_circuit WHERE subject = %(subject)s RETURNING 1)
    SELECT pg_notify(%(channel)s, %(what)s) FROM closed
"""
CLAIM = """
    WITH claimed AS (
        UPDATE models_registry_circuit SET probe_until = now() + make_interval(secs => %(lease_s)s)
        WHERE subject = %(subject)s AND until <= now() AND (probe_until IS NULL OR probe_until < now())
        RETURNING 1
    )
    SELECT EXISTS (SELECT FROM claimed)
        OR NOT EXISTS (SELECT FROM models_registry_circuit WHERE subject = %(subject)s)
"""
RELEASE = "UPDATE models_registry_circuit SET probe_until = NULL WHERE subject = %(subject)s"


class CircuitStore:
    """The gateway's way to them, over connections of its own. Every call raises psycopg.Error, PoolTimeout."""

    def __init__(self, dsn: str) -> None:
        self._pool = pool_of(dsn, connections=2, wait_s=WAIT_S)

    async def start(self) -> None:
        await self._pool.open()

    async def stop(self) -> None:
        await self._pool.close()

    async def open(self, circuit: Circuit, open_s: float) -> None:
        """Take the subject out for so long from now on; of two pauses the longer one counts."""
        await self._run(
            OPEN,
            subject=circuit.subject,
            since=circuit.since,
            open_s=None if math.isinf(open_s) else open_s,
            reason=circuit.reason,
            times=circuit.times,
            is_limit=circuit.is_limit,
        )

    async def close(self, subject: str) -> None:
        await self._run(CLOSE, subject=subject)

    async def claim(self, subject: str) -> bool:
        """Whether the caller may send the probe: only one may, of all processes, until it tells or its lease is over."""
        return bool(await self._run(CLAIM, subject=subject, lease_s=PROBE_LEASE_S))

    async def release(self, subject: str) -> None:
        """The probe learned nothing: another one may be sent."""
        await self._run(RELEASE, subject=subject)

    async def _run(self, statement: str, **values: object) -> object:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(statement, {**values, "channel": CHANNEL, "what": ANNOUNCED})
            row = await cursor.fetchone() if cursor.description else None
            return row[0] if row else None
