"""What the gateway runs on: opened when the process starts, closed when it ends."""

import asyncio
import gc
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp
import psycopg
from django.conf import settings
from psycopg_pool import PoolTimeout

from analytics.bodies.writer import BodyWriter
from autorouter.encoder.asking import Asker
from autorouter.people.sessions import NEW, Recalled, SessionStore, Turn
from autorouter.types import Category, Complexity
from budgets.ledger import Ledger
from budgets.people.uses import KeyUses
from budgets.types import Caller
from models_registry import availability
from models_registry.circuits.breaker import Rules
from models_registry.circuits.store import CircuitStore
from models_registry.types import SANDBOX, Deployment, Provider, ProviderKey
from models_registry.upstream.base import NOTHING_LACKS, Adapter, Lacking
from models_registry.upstream.errors import Failed
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire.http import open_session
from routerhub.audit.chain import metrics as audit_metrics
from routerhub.gateway.attempts.circuits import Circuits
from routerhub.gateway.clock import Clock
from routerhub.gateway.kept.once import Once
from routerhub.gateway.protocols.base import ChatRequest
from routerhub.gateway.snapshots.snapshots import SnapshotKeeper, database_dsn
from routerhub.storage.store import Store

logger = logging.getLogger(__name__)
Sorted = tuple[Category, Complexity]
"""What the router model says of a request."""
Sorting = Once[tuple[int, str, bytes], Sorted]
"""By account, router model and digest of the question: an account pays its own questions, and learns of no others."""
MAX_SORTED, SORTED_S = 4_096, 600.0
STOP_WAIT_S = 5
NEW_OBJECTS = 20_000
"""So many more objects than before the collector waits for. Requests under way are some hundred each, and leave no cycles."""
FIRST_SNAPSHOT_WAIT_S = 5
"""A process takes requests when it knows the keys; without a database it starts all the same, and is not ready."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The gateway's own settings. Times are seconds."""

    deadline_s: float
    grace_s: float
    default_max_output: int
    room_wait_answers: float
    """So many times as long as a model usually takes for an answer is room waited for; 0: not at all."""
    max_body_bytes: int
    body_wait_s: float
    response_retention_s: float
    idempotency_retention_s: float
    cache_retention_s: float
    file_retention_s: float
    max_file_bytes: int
    max_batch_requests: int
    stream_ping_s: float
    """0: streams get no signs of life."""
    logs_requests: bool = True
    """See Arrival.is_logged."""

    @property
    def lease_s(self) -> float:
        """How long a hold may live before it counts as that of a process that died."""
        return self.deadline_s + self.grace_s


class Sessions:
    """Conversations' last models. Their loss costs a preference, never an answer: without the database, none is known."""

    def __init__(self, store: SessionStore) -> None:
        self.store = store

    async def recall(self, caller: Caller, name: str) -> Recalled:
        """What the conversation of that name remembers; an empty one remembers nothing."""
        if not name:
            return NEW
        try:
            return await self.store.recall(caller.account_id, name)
        except (psycopg.Error, PoolTimeout) as problem:
            logger.warning("action=read_session problem=%s", problem)
            return NEW

    async def remember(self, turn: Turn) -> None:
        try:
            await self.store.remember(turn)
        except (psycopg.Error, PoolTimeout) as problem:
            logger.warning("action=remember_session problem=%s", problem)


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A provider as it is called from this process."""

    provider: Provider
    adapter: Adapter
    address: str
    keys: tuple[ProviderKey, ...]
    """In the order in which they are tried; never empty."""


class Upstreams:
    """Every provider's address, keys and adapter, read once for each provider of a release until the keys change."""

    def __init__(self, adapters: Mapping[str, Adapter], sandbox: Provider) -> None:
        self._adapters = adapters
        self._sandbox = sandbox
        self._endpoints: dict[str, Endpoint] = {}
        self._held = availability.held()

    def endpoint(self, deployment: Deployment, providers: Mapping[str, Provider]) -> Endpoint:
        """Where and how a deployment is called. Raises Failed where nobody here speaks its protocol."""
        provider = self._sandbox if deployment.provider == SANDBOX else providers[deployment.provider]
        if self._held is not availability.held():
            self._held = availability.held()
            self._endpoints.clear()
        found = self._endpoints.get(provider.name)
        if found is None or found.provider is not provider:
            found = self._endpoints[provider.name] = self._endpoint(provider)
        return found

    def lacking(self, request: ChatRequest, providers: Mapping[str, Provider], deployment: Deployment) -> Lacking:
        """What of a request there is no word for where a deployment is called."""
        provider = self._sandbox if deployment.provider == SANDBOX else providers[deployment.provider]
        adapter = self._adapters.get(provider.protocol)
        if adapter is None:
            return NOTHING_LACKS
        if request.only_own and adapter.protocol != request.dialect:
            return Lacking(refused=request.only_own)
        is_unbounded = (
            request.extras.web_searches and deployment.provider != SANDBOX and not _prices_searches(deployment)
        )
        if is_unbounded and adapter.protocol == request.dialect:
            return Lacking(refused=request.extras.searched_by)
        return adapter.lacking(request.content, request.dialect, deployment.upstream_model)

    def keys(self, deployment: Deployment, providers: Mapping[str, Provider]) -> tuple[ProviderKey, ...]:
        """The keys by which a deployment is called. Empty where nobody here speaks its protocol."""
        try:
            return self.endpoint(deployment, providers).keys
        except Failed:
            return ()

    def _endpoint(self, provider: Provider) -> Endpoint:
        adapter = self._adapters.get(provider.protocol)
        if adapter is None:
            raise Failed(f"Nobody here speaks {provider.protocol}, the protocol of {provider.name}.", was_sent=False)
        return Endpoint(
            provider=provider,
            adapter=adapter,
            address=availability.base_url(provider),
            keys=availability.keys(provider) or (availability.no_key(provider),),
        )


def _prices_searches(deployment: Deployment) -> bool:
    """Whether it is known what a search of the web costs there: none is made for a fee that nobody knows."""
    return any([price.rates.web_searches is not None for price in deployment.prices])


class Stream(Protocol):
    """A stream under way, which settles by itself when it is stopped."""

    @property
    def task(self) -> "asyncio.Task[None]": ...

    def stop(self) -> None: ...


@dataclass(kw_only=True)
class Runtime:
    """Snapshots to read, a ledger to spend from, upstreams to call."""

    snapshots: SnapshotKeeper
    ledger: Ledger
    sessions: Sessions
    store: Store
    """What is kept for clients."""
    upstreams: Upstreams
    circuits: Circuits
    http: aiohttp.ClientSession
    limits: Limits
    encoder: Asker | None = None
    """None: there is none, and the local table reads prompts alone."""
    clock: Clock = field(default_factory=Clock)
    key_uses: KeyUses = field(default_factory=KeyUses)
    bodies: BodyWriter = field(default_factory=BodyWriter)
    """Keeps what was said, of those who want it."""
    sorted: Sorting = field(default_factory=lambda: Once(MAX_SORTED, SORTED_S))
    """What the router model said of requests lately."""
    streams: set[Stream] = field(default_factory=set)
    """Streams under way. Each settles by itself; they are waited for when the process stops."""

    async def close(self) -> None:
        """Streams first, so that they settle; then what they settle with."""
        under_way = [stream.task for stream in self.streams]
        for stream in list(self.streams):
            stream.stop()
        if under_way:
            await asyncio.wait(under_way, timeout=STOP_WAIT_S)
        self.snapshots.stop()
        await self.circuits.stop()
        await self.ledger.stop()
        await self.sessions.store.stop()
        await self.store.stop()
        if self.encoder is not None:
            self.encoder.stop()
        await asyncio.to_thread(self.bodies.stop)
        await self.http.close()


async def open_runtime() -> Runtime:
    """Everything, started, from the settings."""
    dsn = database_dsn()
    http = open_session(settings.UPSTREAM_PRIVATE_NETWORKS)
    ledger = Ledger(dsn, settings.LEDGER_WAIT_S, settings.SPOOL_DIR)
    circuits = Circuits(circuit_rules(), CircuitStore(dsn), Clock())
    key_uses = KeyUses()

    def checked() -> None:
        key_uses.write()
        audit_metrics.refresh()

    runtime = Runtime(
        snapshots=SnapshotKeeper(dsn, settings.SNAPSHOT_MAX_AGE_S, ledger.use, circuits.hear, checked),
        key_uses=key_uses,
        ledger=ledger,
        sessions=Sessions(SessionStore(dsn, settings.SESSION_IDLE_S, settings.DATABASE_POOL_SIZE)),
        store=Store(dsn, settings.STORAGE_KEYS),
        upstreams=Upstreams(open_adapters(http), availability.sandbox_provider()),
        circuits=circuits,
        http=http,
        encoder=Asker(settings.ENCODER_SOCKET) if settings.ENCODER_SOCKET else None,
        limits=Limits(
            deadline_s=settings.REQUEST_DEADLINE_S,
            grace_s=settings.HOLD_GRACE_S,
            default_max_output=settings.DEFAULT_MAX_OUTPUT_TOKENS,
            room_wait_answers=settings.ROOM_WAIT_ANSWERS,
            max_body_bytes=settings.MAX_BODY_BYTES,
            body_wait_s=settings.BODY_WAIT_S,
            response_retention_s=settings.RESPONSE_RETENTION_S,
            idempotency_retention_s=settings.IDEMPOTENCY_RETENTION_S,
            cache_retention_s=settings.CACHE_RETENTION_S,
            file_retention_s=settings.FILE_RETENTION_S,
            max_file_bytes=settings.MAX_FILE_BYTES,
            max_batch_requests=settings.MAX_BATCH_REQUESTS,
            stream_ping_s=settings.STREAM_PING_S,
            logs_requests=settings.ANALYTICS_REQUEST_LOGGING,
        ),
    )
    await runtime.circuits.start()
    runtime.snapshots.start()
    await runtime.ledger.start()
    await runtime.sessions.store.start()
    await runtime.store.start()
    if runtime.encoder is None:
        logger.info("action=ask_encoder state=none hint=ENCODER_SOCKET_is_not_set")
    else:
        await runtime.encoder.start()
    await asyncio.to_thread(runtime.snapshots.wait_for_first, FIRST_SNAPSHOT_WAIT_S)
    return runtime


def circuit_rules() -> Rules:
    """When a deployment is taken out, as the settings say."""
    return Rules(
        window_s=settings.CIRCUIT_WINDOW_S,
        min_attempts=settings.CIRCUIT_MIN_ATTEMPTS,
        failure_share=settings.CIRCUIT_FAILURE_SHARE,
        open_s=settings.CIRCUIT_OPEN_S,
        max_open_s=max(settings.CIRCUIT_OPEN_S, settings.CIRCUIT_MAX_OPEN_S),
    )


def spare_the_collector() -> None:
    """For a process that does nothing but serve: what it has loaded by now lives as long as it does.

    Looking through all of it again and again for cycles cost a quarter of every request's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
