"""Which deployments and keys this process calls: what it saw itself, and what the others found, by way of the database.

While every circuit is closed a call costs one look at an empty dictionary. Without the database the process goes by what it
saw itself, and sends a probe of its own.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import psycopg
from psycopg_pool import PoolTimeout

from models_registry.circuits.breaker import Circuit, Rules, Window, blame, key_there, subject_kind, trips
from models_registry.circuits.store import PROBE_LEASE_S
from models_registry.types import Deployment, ProviderKey
from models_registry.upstream.errors import UpstreamError
from routerhub.gateway.clock import Clock
from routerhub.gateway.observation import metrics

logger = logging.getLogger(__name__)
AWAY = (psycopg.Error, PoolTimeout, OSError)
ASK_AGAIN_S = 0.25
"""So long nobody of this process asks for the probe again after another one got it."""
MIN_SHARED_S = 2.0
"""A shorter pause is kept here: it would be over before the others heard of it."""


class Store(Protocol):
    """See models_registry.circuits.store.CircuitStore."""

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def open(self, circuit: Circuit, open_s: float) -> None: ...
    async def close(self, subject: str) -> None: ...
    async def claim(self, subject: str) -> bool: ...
    async def release(self, subject: str) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """A call that goes through. Whatever it comes to is said with it, so that what is late counts for nothing."""

    deployment: str
    key: ProviderKey
    window: Window
    probes: tuple[str, ...] = ()
    """The half-open circuits that this call decides about."""
    passes: tuple[str, ...] = ()
    """The open circuits that it goes past, since nobody else is left: an answer closes them, a failure says nothing new."""


class Circuits:
    """Of one process; all but `hear` belongs to its event loop."""

    def __init__(self, rules: Rules, store: Store, clock: Clock) -> None:
        self._rules, self._store, self._clock = rules, store, clock
        self._open: dict[str, Circuit] = {}
        self._windows: dict[str, Window] = {}
        self._permits: dict[str, Permit] = {}
        """The last one of each deployment, for the next call by the same key while every circuit is closed."""
        self._probes: dict[str, float] = {}
        """Until when (monotonic seconds) nobody here asks for the probe of a circuit."""
        self._writing: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._store.start()

    async def stop(self) -> None:
        if self._writing:
            await asyncio.wait(self._writing, timeout=1)
        await self._store.stop()

    # --- who is called

    def is_out(self, deployment: Deployment, keys: Callable[[], Sequence[ProviderKey]]) -> bool:
        """Whether a call would not go through at this moment."""
        if not self._open:
            return False
        known = keys()
        return self._is_shut(deployment.id) or bool(known and not self.open_keys(deployment.id, known))

    def open_keys(self, deployment: str, keys: Sequence[ProviderKey]) -> Sequence[ProviderKey]:
        """Those of the keys by which the deployment may be called."""
        return [key for key in keys if not self._is_key_shut(deployment, key.id)] if self._open else keys

    def _is_key_shut(self, deployment: str, key: str) -> bool:
        return self._is_shut(key) or self._is_shut(key_there(deployment, key))

    def _is_shut(self, subject: str) -> bool:
        circuit = self._open.get(subject)
        return circuit is not None and not self._may_probe(circuit)

    def _may_probe(self, circuit: Circuit) -> bool:
        now = self._clock.monotonic()
        return not circuit.is_open(now) and self._probes.get(circuit.subject, -math.inf) <= now

    def told(self, deployment: str, key: ProviderKey) -> str:
        """Since when and why a call does not go through."""
        subjects = _subjects(deployment, key)
        return next(
            (self._open[each].text for each in subjects if each in self._open), "half-open: another call tries it"
        )

    def reset_s(self, deployment: str, key: ProviderKey) -> float | None:
        """Seconds until the announced limits are over that keep a call away. None: something else does."""
        shut = [self._open[each] for each in _subjects(deployment, key) if each in self._open]
        if not shut or not all(circuit.is_limit for circuit in shut):
            return None
        return max(circuit.until for circuit in shut) - self._clock.monotonic()

    async def enter(self, deployment: str, key: ProviderKey) -> Permit | None:
        """Go through, as the probe where the circuit is half-open. None: it is open, or another call is the probe."""
        if not self._open:
            last = self._permits.get(deployment)
            if last is None or last.key is not key:
                last = Permit(deployment=deployment, key=key, window=self._window(deployment))
                self._permits[deployment] = last
            return last
        probes: tuple[str, ...] = ()
        for subject in _subjects(deployment, key):
            circuit = self._open.get(subject)
            if circuit is None:
                continue
            if not await self._claims(circuit):
                self._let_go(probes)
                return None
            if subject in self._open:
                probes = (*probes, subject)
        return Permit(deployment=deployment, key=key, window=self._window(deployment), probes=probes)

    def pass_by(self, deployment: str, key: ProviderKey) -> Permit:
        """Go past whatever is open, as a last resort."""
        shut = tuple(each for each in _subjects(deployment, key) if each in self._open)
        return Permit(deployment=deployment, key=key, window=self._window(deployment), passes=shut)

    async def _claims(self, circuit: Circuit) -> bool:
        """Whether this call may go through a circuit that is not closed."""
        subject = circuit.subject
        if not self._may_probe(circuit):
            return False
        if circuit.is_limit:
            self._open.pop(subject, None)
            return True
        self._probes[subject] = self._clock.monotonic() + PROBE_LEASE_S
        try:
            is_granted = not circuit.is_shared or await self._store.claim(subject)
        except AWAY as problem:
            logger.warning("action=claim_probe subject=%s kept=own_state problem=%s", subject, problem)
            is_granted = True
        except asyncio.CancelledError:
            self._let_go((subject,))
            raise
        if not is_granted:
            self._probes[subject] = self._clock.monotonic() + ASK_AGAIN_S
        return is_granted

    @property
    def not_closed(self) -> Mapping[str, bool]:
        """The subjects of those that are open or half-open, and whether they are open."""
        now = self._clock.monotonic()
        return {subject: circuit.is_open(now) for subject, circuit in self._open.copy().items()}

    # --- what it came to

    def succeeded(self, permit: Permit) -> None:
        """It answered, be it by refusing the request."""
        permit.window.count(self._clock.monotonic(), False)
        if permit.probes or permit.passes:
            for subject in (*permit.probes, *permit.passes):
                self._close(subject)

    def failed(self, permit: Permit, error: UpstreamError) -> None:
        """It did not answer, or refused our key."""
        found = blame(error, self._rules)
        if found.scope == "nobody":
            (self.succeeded if error.was_sent else self.left)(permit)
            return
        deployment, key, key_at_it = _subjects(permit.deployment, permit.key)
        subject = {"deployment": deployment, "key": key, "key there": key_at_it}[found.scope]
        is_nobodys = math.inf == found.rest_s and not permit.key.label
        if found.rest_s is not None and not is_nobodys:
            self._settle_probes(permit, subject)
            self._take_out(subject, found.rest_s, _reason(error), is_limit=found.is_limit)
        else:
            self._count(permit, error)

    def left(self, permit: Permit) -> None:
        """Nobody waited for the answer: it says nothing."""
        self._let_go(permit.probes)

    def rests(self, deployment: str, key: ProviderKey, rest_s: float) -> None:
        """An upstream that answered said that its limit is used up now."""
        self._take_out(key_there(deployment, key.id), rest_s, "its limit is used up", is_limit=True)

    def _count(self, permit: Permit, error: UpstreamError) -> None:
        now, window = self._clock.monotonic(), permit.window
        window.count(now, True)
        reason = _reason(error)
        if permit.probes:
            for subject in permit.probes:
                self._take_out(subject, None, reason)
            return
        calls, failures = window.totals(now)
        is_current = self._windows.get(permit.deployment) is window
        if is_current and not permit.passes and trips(self._rules, calls, failures):
            self._take_out(permit.deployment, None, f"{failures} of {calls} calls failed, the last one by {reason}")

    def _settle_probes(self, permit: Permit, subject: str) -> None:
        """A call that failed by its key has tried no other circuit: who else is half-open waits for another probe."""
        self._let_go(tuple(each for each in permit.probes if each != subject))

    # --- opening and closing

    def _take_out(self, subject: str, rest_s: float | None, reason: str, is_limit: bool = False) -> None:
        now, before = self._clock.monotonic(), self._open.get(subject)
        if before is not None and before.is_open(now) and before.until >= now + (rest_s or 0):
            return
        times = before.times + 1 if before and not is_limit else 1
        open_s = rest_s if rest_s is not None else self._rules.open_for_s(times)
        circuit = Circuit(
            subject=subject,
            since=before.since if before else self._clock.now(),
            until=max(now + open_s, before.until if before else now),
            reason=reason,
            times=times,
            is_limit=is_limit and (before is None or before.is_limit),
            is_shared=False,
        )
        self._open[subject] = circuit
        self._forget(subject)
        metrics.OPENED.labels(subject_kind(subject)[0]).inc()
        logger.warning("action=open_circuit subject=%s seconds=%.1f reason=%s", subject, open_s, reason)
        if open_s >= MIN_SHARED_S:
            self._write(self._share(circuit, open_s))

    async def _share(self, circuit: Circuit, open_s: float) -> None:
        await self._store.open(circuit, open_s)
        if self._open.get(circuit.subject) is circuit:
            self._open[circuit.subject] = replace(circuit, is_shared=True)

    def _close(self, subject: str) -> None:
        if self._open.pop(subject, None) is not None:
            self._forget(subject)
            logger.info("action=close_circuit subject=%s", subject)
            self._write(self._store.close(subject))

    def _let_go(self, subjects: Iterable[str]) -> None:
        for subject in subjects:
            self._probes.pop(subject, None)
            self._write(self._store.release(subject))

    def _forget(self, subject: str) -> None:
        """What was counted before it opened or closed, and who tried it."""
        self._windows.pop(subject, None)
        self._permits.pop(subject, None)
        self._probes.pop(subject, None)

    def _window(self, deployment: str) -> Window:
        found = self._windows.get(deployment)
        if found is None:
            found = self._windows[deployment] = Window(self._rules)
        return found

    def _write(self, writing: Coroutine[Any, Any, None]) -> None:
        """In the background: nobody waits for it, and what the database missed counts here all the same."""
        task = asyncio.ensure_future(_logged(writing))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    # --- what others found

    def hear(self, circuits: Sequence[Circuit]) -> None:
        """All that stand in the database, from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.take, circuits)

    def take(self, circuits: Iterable[Circuit]) -> None:
        """Go by these, and by what was found here and is not in the database yet."""
        now = self._clock.monotonic()
        unshared = {name: each for name, each in self._open.items() if not each.is_shared}
        own = {name: each for name, each in unshared.items() if each.is_open(now) or not each.is_limit}
        found = {each.subject: each for each in circuits}
        for subject in self._open.keys() ^ (found.keys() | own.keys()):
            self._forget(subject)
        self._open = {**found, **own}


def _subjects(deployment: str, key: ProviderKey) -> tuple[str, str, str]:
    """The circuits that a call goes through: that of the deployment, of the key, and of the key there."""
    return deployment, key.id, key_there(deployment, key.id)


async def _logged(writing: Coroutine[Any, Any, None]) -> None:
    try:
        await writing
    except AWAY as problem:
        logger.warning("action=share_circuit kept=own_state problem=%s", problem)


def _reason(error: UpstreamError) -> str:
    """What is told of it to all who are passed on elsewhere: an upstream's own words may quote somebody's request, or a key."""
    return error.kind if error.status is None else f"{error.kind} {error.status}"
