"""What the gateway is made of: opened when the process starts, closed when it ends."""

import asyncio
import logging
from dataclasses import dataclass, field

import aiohttp
import psycopg
from django.conf import settings
from psycopg_pool import PoolTimeout

from autorouter.people.sessions import SessionStore, Turn
from budgets.ledger import Ledger
from budgets.types import Caller
from models_registry.availability import sandbox_provider
from models_registry.upstream.openai import open_session
from routerhub.gateway.dispatch import Dispatcher
from routerhub.gateway.snapshots import SnapshotKeeper, database_dsn
from routerhub.gateway.wire.values import Controls

logger = logging.getLogger(__name__)
STOP_WAIT_S = 5
FIRST_SNAPSHOT_WAIT_S = 5
"""A process takes requests when it knows the keys; without a database it starts all the same, and is not ready."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The gateway's own settings. Times are seconds."""

    deadline_s: float
    grace_s: float
    default_max_output: int
    max_body_bytes: int


class Sessions:
    """Conversations' last models. Their loss costs a preference, never an answer: without the database, none is known."""

    def __init__(self, store: SessionStore) -> None:
        self.store = store

    async def previous_model(self, caller: Caller, controls: Controls) -> str | None:
        if not controls.session:
            return None
        try:
            return await self.store.previous_model(caller.account_id, controls.session)
        except (psycopg.Error, PoolTimeout) as problem:
            logger.warning("action=read_session session=%s problem=%s", controls.session, problem)
            return None

    async def remember(self, turn: Turn) -> None:
        if not turn.name:
            return
        try:
            await self.store.remember(turn)
        except (psycopg.Error, PoolTimeout) as problem:
            logger.warning("action=remember_session session=%s problem=%s", turn.name, problem)


@dataclass(kw_only=True)
class Parts:
    """Snapshots to read, a ledger to spend from, a dispatcher to call with."""

    snapshots: SnapshotKeeper
    ledger: Ledger
    sessions: Sessions
    dispatcher: Dispatcher
    http: aiohttp.ClientSession
    limits: Limits
    streams: set[asyncio.Task[None]] = field(default_factory=set)
    """Streams under way. Each settles by itself; they are waited for when the process stops."""

    async def close(self) -> None:
        for stream in list(self.streams):
            stream.cancel()
        if self.streams:
            await asyncio.wait(self.streams, timeout=STOP_WAIT_S)
        self.snapshots.stop()
        await self.ledger.stop()
        await self.sessions.store.stop()
        await self.http.close()


async def open_parts() -> Parts:
    """Everything, started, from the settings."""
    dsn = database_dsn()
    http = open_session()
    ledger = Ledger(dsn, settings.LEDGER_WAIT_S, settings.SPOOL_DIR)
    parts = Parts(
        snapshots=SnapshotKeeper(dsn, settings.SNAPSHOT_MAX_AGE_S, ledger.use),
        ledger=ledger,
        sessions=Sessions(SessionStore(dsn, settings.SESSION_IDLE_S)),
        dispatcher=Dispatcher(http, sandbox_provider()),
        http=http,
        limits=Limits(
            deadline_s=settings.REQUEST_DEADLINE_S,
            grace_s=settings.HOLD_GRACE_S,
            default_max_output=settings.DEFAULT_MAX_OUTPUT_TOKENS,
            max_body_bytes=settings.MAX_BODY_BYTES,
        ),
    )
    parts.snapshots.start()
    await parts.ledger.start()
    await parts.sessions.store.start()
    await asyncio.to_thread(parts.snapshots.wait_for_first, FIRST_SNAPSHOT_WAIT_S)
    return parts
