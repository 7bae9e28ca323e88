"""Conversations: which model each had last, kept in the database so that every process knows it.

A conversation keeps its model while that model still has what the request needs, see autorouter.decision.router. One that was
silent for longer than SESSION_IDLE_S has ended: the next request of that name begins a new one.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils.timezone import now

from autorouter.models import Session
from budgets.people.ownership import OwnedQuerySet
from routerhub.connections import pool_of
from routerhub.tenancy.pools import in_one_go


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One request of a conversation, as it is remembered. Money is USD."""

    account_id: int
    name: str
    user_id: int | None
    model: str
    priority: str
    policy: str
    max_cost_usd: Decimal | None
    context_tokens: int
    variant: str = ""
    """See Recalled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalled:
    """What a conversation remembers of its last request."""

    model: str | None = None
    """Who answered it; None: there was none."""
    variant: str = ""
    """Which variant of a test it got, where that cannot be worked out again: experiments.ab.assignment writes and reads it."""


NEW = Recalled()


def living(account_id: int | None = None) -> OwnedQuerySet[Session]:
    """Conversations that have not ended, of one account or of all."""
    sessions = Session.objects.filter(last_activity_at__gte=now() - timedelta(seconds=settings.SESSION_IDLE_S))
    return sessions if account_id is None else sessions.filter(account_id=account_id)


def previous_model(account_id: int, name: str) -> str | None:
    """The model that answered last in this conversation."""
    return living(account_id).filter(name=name).values_list("model", flat=True).first()


def forget(account_id: int, name: str) -> bool:
    """Drop a conversation's memory; the next request of that name begins a new one. False where there was none."""
    return Session.objects.filter(account_id=account_id, name=name).delete()[0] > 0


def forget_ended() -> int:
    """Delete the conversations that have ended. Returns how many."""
    ended = Session.objects.filter(last_activity_at__lt=now() - timedelta(seconds=settings.SESSION_IDLE_S))
    return ended.delete()[0]


RECALL = """
    SELECT model, variant FROM autorouter_session
    WHERE account_id = %s AND name = %s AND last_activity_at >= now() - make_interval(secs => %s)
"""
REMEMBER = """
    INSERT INTO autorouter_session AS known (
        account_id, name, user_id, model, priority, policy, max_cost_usd, context_tokens, variant, requests,
        first_activity_at, last_activity_at
    )
    VALUES (%(account_id)s, %(name)s, %(user_id)s, %(model)s, %(priority)s, %(policy)s, %(max_cost_usd)s,
            %(context_tokens)s, %(variant)s, 1, now(), now())
    ON CONFLICT (account_id, name) DO UPDATE SET
        user_id = excluded.user_id, model = excluded.model, priority = excluded.priority, policy = excluded.policy,
        max_cost_usd = excluded.max_cost_usd, context_tokens = excluded.context_tokens, variant = excluded.variant,
        last_activity_at = now(),
        requests = CASE WHEN known.last_activity_at < now() - make_interval(secs => %(idle_s)s)
                        THEN 1 ELSE known.requests + 1 END,
        first_activity_at = CASE WHEN known.last_activity_at < now() - make_interval(secs => %(idle_s)s)
                                 THEN now() ELSE known.first_activity_at END
"""


class SessionStore:
    """The same for the gateway, over connections of its own."""

    def __init__(self, dsn: str, idle_s: float, connections: int) -> None:
        self._pool = pool_of(dsn, connections)
        self._idle_s = idle_s

    async def start(self) -> None:
        await self._pool.open()

    async def stop(self) -> None:
        await self._pool.close()

    async def recall(self, account_id: int, name: str) -> Recalled:
        """What this conversation remembers. Raises psycopg.Error, PoolTimeout."""
        async with self._pool.connection() as connection:
            async with in_one_go(connection):
                cursor = await connection.execute(RECALL, [account_id, name, self._idle_s])
            row = await cursor.fetchone()
            return Recalled(model=row[0], variant=row[1]) if row else NEW

    async def remember(self, turn: Turn) -> None:
        """Keep what answered now. Raises psycopg.Error, PoolTimeout."""
        values = {name: getattr(turn, name) for name in Turn.__slots__}
        async with self._pool.connection() as connection, in_one_go(connection):
            await connection.execute(REMEMBER, {**values, "idle_s": self._idle_s})
