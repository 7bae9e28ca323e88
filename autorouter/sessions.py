"""Which model a conversation had last, kept in the database so that every process knows it."""

from psycopg_pool import AsyncConnectionPool

from autorouter.models import Session


def previous_model(account_id: int, name: str) -> str | None:
    """The model that answered last in this conversation."""
    return Session.objects.filter(account_id=account_id, name=name).values_list("model", flat=True).first()


class SessionStore:
    """The same for the gateway, over connections of its own."""

    def __init__(self, dsn: str) -> None:
        self._pool = AsyncConnectionPool(
            dsn, min_size=0, max_size=4, open=False, kwargs={"autocommit": True}, timeout=2
        )

    async def start(self) -> None:
        await self._pool.open()

    async def stop(self) -> None:
        await self._pool.close()

    async def previous_model(self, account_id: int, name: str) -> str | None:
        """The model that answered last in this conversation. Raises psycopg.Error, PoolTimeout."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT model FROM autorouter_session WHERE account_id = %s AND name = %s", [account_id, name]
            )
            row = await cursor.fetchone()
            return row[0] if row else None

    async def remember(self, account_id: int, name: str, model: str) -> None:
        """The model that answered now. Raises psycopg.Error, PoolTimeout."""
        async with self._pool.connection() as connection:
            await connection.execute(
                """
                INSERT INTO autorouter_session (account_id, name, model, first_activity_at, last_activity_at)
                VALUES (%s, %s, %s, now(), now())
                ON CONFLICT (account_id, name) DO UPDATE SET model = excluded.model, last_activity_at = now()
                """,
                [account_id, name, model],
            )
