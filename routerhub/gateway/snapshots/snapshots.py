"""What the request path reads: releases, rankings, keys, preferences and limits, in memory, swapped whole by one thread.

The thread listens to the database and reads again what was changed; at the latest every SNAPSHOT_MAX_AGE_S it checks everything.
When the database does not answer, the last snapshot stays; before the first one there is release 0, and no key can be judged.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from analytics.measuring import facts as measuring
from analytics.measuring.lengths import UNMEASURED as NO_LENGTHS
from analytics.measuring.lengths import Lengths
from autorouter import availability_facts
from autorouter.decision.ranking import Rankings
from autorouter.people import preference_sets
from autorouter.people.preference_sets import NOBODYS, PreferenceSets
from budgets.limits import index as limits
from budgets.limits import pauses
from budgets.limits.index import UNREAD, LimitIndex
from budgets.limits.pauses import Pauses
from budgets.people import keys
from budgets.people.keys import Held, KeyRing
from experiments.ab import variants
from experiments.ab.variants import Variants
from models_registry import availability, probing, provider_keys
from models_registry.availability import UNMEASURED
from models_registry.circuits import rows
from models_registry.circuits.breaker import Circuit
from models_registry.types import HEALTHY, Availability, Catalogue, Facts, Health
from routerhub.gateway.observation import metrics
from routerhub.gateway.snapshots.changes import CIRCUITS, EVERYTHING, Changes, Part, understood
from routerhub.gateway.snapshots.ranked import Ranked
from routerhub.releases import live
from routerhub.releases.notify import Listener
from routerhub.releases.rows import Rows
from routerhub.tenancy.scope import system

logger = logging.getLogger(__name__)
RETRY_PAUSE_S = 0.5
STOP_WAIT_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that deciding and letting in needs. `loaded_at` is monotonic seconds, None for the one from the code."""

    releases: live.LiveReleases
    ranked: Ranked
    health: Health
    measured: Facts
    usual_output: Mapping[str, int]
    """Tokens that an answer hardly ever passes, by model id; a model without a measurement is missing."""
    lengths: Lengths
    """What requests are fitted by where room is scarce."""
    circuits: Sequence[Circuit]
    """Open and half-open."""
    ring: KeyRing
    preferences: PreferenceSets
    limits: LimitIndex
    pauses: Pauses
    """What limits keep from answering at the moment."""
    variants: Variants
    """Of the tests that run."""
    loaded_at: float | None

    def rankings(self, user_key: str) -> Rankings:
        """Of the releases that decide for this user at the moment. `user_key` is any text that stays the same for one."""
        catalogue, router = self.releases.for_user("catalogue", user_key), self.releases.for_user("router", user_key)
        return self.ranked.rankings[catalogue.release, router.release]

    def tested(self, rankings: Rankings, router: int) -> Rankings:
        """The same of another release of the router, which a test compares."""
        return self.ranked.rankings[rankings.catalogue.release, router]

    def availability_of(self, catalogue: Catalogue) -> Availability:
        """What can be called of a catalogue that is in use."""
        return self.ranked.facts[catalogue.release].availability

    @property
    def next_return(self) -> float:
        """When the next circuit becomes half-open, in monotonic seconds; infinity: none does."""
        at = self.loaded_at or 0.0
        return min((each.until for each in self.circuits if each.is_open(at)), default=math.inf)

    def digest_of(self, rankings: Rankings) -> str:
        """The name under which what could be called is kept."""
        return self.ranked.facts[rankings.catalogue.release].digest


def shipped() -> Snapshot:
    """What a process starts with: the releases in the code, and nobody's key."""
    releases = live.shipped()
    return Snapshot(
        releases=releases,
        ranked=Ranked().renewed(releases, HEALTHY, UNMEASURED, {}, lambda _: ""),
        health=HEALTHY,
        measured=UNMEASURED,
        usual_output={},
        lengths=NO_LENGTHS,
        circuits=(),
        ring=KeyRing(held={}, is_read=False),
        preferences=NOBODYS,
        limits=UNREAD,
        pauses=pauses.NONE,
        variants=variants.NONE,
        loaded_at=None,
    )


class Loader:
    """Reads from the database what was changed. It belongs to one thread."""

    def __init__(self) -> None:
        self._keys: Rows[Held] = Rows()
        self._sets: Rows[preference_sets.Held] = Rows()

    def load(self, before: Snapshot, changes: Changes) -> Snapshot:
        """The next snapshot, which shares with the one before whatever was not changed. Raises DatabaseError."""
        whole = changes.whole
        sets = self._preferences(before.preferences, changes)
        releases, tested = self._releases(before, whole, sets)
        health = probing.measured() if "facts" in whole else before.health
        measured = measuring.facts() if "facts" in whole else before.measured
        lengths, usual_output = measuring.read_lengths() if "facts" in whole else (before.lengths, before.usual_output)
        if "provider_keys" in whole:
            availability.hold(provider_keys.read())
        circuits = rows.read() if "circuits" in whole else before.circuits
        at, ranked = time.monotonic(), before.ranked
        if whole & {"releases", "facts", "circuits", "provider_keys", "experiments"}:
            out = rows.still_open(circuits, at)
            ranked = ranked.renewed(releases, health, measured, out, availability_facts.keep)
            ranked.compile(releases, tested.releases & releases.lines["router"].releases.keys())
        index = limits.load() if "limits" in whole else before.limits
        return Snapshot(
            releases=releases,
            ranked=ranked,
            health=health,
            measured=measured,
            usual_output=usual_output,
            lengths=lengths,
            circuits=circuits,
            ring=self._ring(before.ring, changes),
            preferences=sets,
            limits=index,
            pauses=before.pauses if "limits" not in whole else pauses.load() if index.has_pauses else pauses.NONE,
            variants=tested,
            loaded_at=at,
        )

    def _releases(
        self, before: Snapshot, whole: Container[Part], sets: PreferenceSets
    ) -> tuple[live.LiveReleases, Variants]:
        """With those that tests compare, and the tests that can be run with them and with the sets."""
        tested, releases = before.variants, before.releases
        if "experiments" in whole:
            tested = variants.read()
        if "experiments" in whole or "releases" in whole:
            releases = live.load(before.releases, {"router": tested.releases})
        if tested is before.variants and releases is before.releases and sets is before.preferences:
            return releases, tested
        return releases, tested.on(releases.lines["router"].releases, sets.held)

    def _ring(self, before: KeyRing, changes: Changes) -> KeyRing:
        if "keys" in changes.whole:
            self._keys = self._keys.checked(keys.versions(), keys.read)
        elif changes.keys or changes.accounts:
            found = keys.read(changes.keys, changes.accounts)
            self._keys = self._keys.renewed(
                lambda key, held: key in changes.keys or held.caller.account_id in changes.accounts, found
            )
        else:
            return before
        return keys.ring_of(self._keys.values.values())

    def _preferences(self, before: PreferenceSets, changes: Changes) -> PreferenceSets:
        if "preferences" in changes.whole:
            self._sets = self._sets.checked(preference_sets.versions(), preference_sets.read)
        elif changes.preferences:
            found = preference_sets.read(changes.preferences)
            self._sets = self._sets.renewed(lambda number, _: number in changes.preferences, found)
        held = self._sets.values
        return before if held is before.held else PreferenceSets(held, before)


class SnapshotKeeper:
    """Holds the current snapshot. Reading `current` is one attribute.

    `on_limits` and `on_circuits` get these whenever they were read, in the keeper's thread, before the snapshot with them is
    current; `on_check` is called whenever everything was checked.
    """

    def __init__(
        self,
        dsn: str,
        max_age_s: float,
        on_limits: Callable[[LimitIndex], None] = lambda _: None,
        on_circuits: Callable[[Sequence[Circuit]], None] = lambda _: None,
        on_check: Callable[[], None] = lambda: None,
    ) -> None:
        self.current = shipped()
        self._dsn = dsn
        self._max_age_s = max_age_s
        self._on_limits = on_limits
        self._on_circuits = on_circuits
        self._on_check = on_check
        self._loader = Loader()
        self._checked_at = -math.inf
        self._stopping = threading.Event()
        self._stopped, self._stop = os.pipe()
        self._loaded = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_for_first(self, within_s: float) -> bool:
        """Until something was loaded from the database. False when that took too long: what the code brings serves on."""
        return self._loaded.wait(within_s)

    def stop(self) -> None:
        """End the thread, at once but for a query under way."""
        if not self._stopping.is_set():
            self._stopping.set()
            os.close(self._stop)
        self._thread.join(STOP_WAIT_S)

    @system()
    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except (psycopg.Error, DatabaseError) as problem:
                metrics.SNAPSHOT_FAILURES.inc()
                logger.warning("action=load_snapshot kept=last_known problem=%s", problem)
                self._stopping.wait(RETRY_PAUSE_S)
            finally:
                # The thread's own: no request's end closes it, and a broken one must not be kept.
                connection.close()
        os.close(self._stopped)

    def _follow(self) -> None:
        """Listen first, then check everything: what changes in between is heard, what was missed before is made up for."""
        with Listener(self._dsn) as listener:
            changes = EVERYTHING
            while not self._stopping.is_set():
                self._load(changes)
                changes = self._next_changes(listener)

    def _load(self, changes: Changes) -> None:
        began = time.monotonic()
        loaded = self._loader.load(self.current, changes)
        if "limits" in changes.whole:
            self._on_limits(loaded.limits)
        if "circuits" in changes.whole:
            self._on_circuits(loaded.circuits)
        self.current = loaded
        self._loaded.set()
        if changes is EVERYTHING:
            self._checked_at = began
            self._on_check()
        metrics.SNAPSHOT_LOAD.observe(time.monotonic() - began)
        logger.debug("action=load_snapshot ms=%.1f changes=%s", (time.monotonic() - began) * 1e3, changes)

    def _next_changes(self, listener: Listener) -> Changes:
        """What was announced since, all in one; everything when it is time for that, circuits when one becomes half-open."""
        due, returns = self._checked_at + self._max_age_s, self.current.next_return
        payloads = listener.heard(min(due, returns) - time.monotonic(), self._stopped)
        if time.monotonic() >= due:
            return EVERYTHING
        heard = understood(payloads, live.shipped().lines)
        return heard if time.monotonic() < returns else replace(heard, whole=heard.whole | CIRCUITS.whole)


def database_dsn() -> str:
    """The configured database as libpq spells it."""
    database = settings.DATABASES["default"]
    parts = {
        "dbname": database["NAME"],
        "user": database.get("USER"),
        "password": database.get("PASSWORD"),
        "host": database.get("HOST"),
        "port": database.get("PORT"),
    }
    return psycopg.conninfo.make_conninfo(**{name: value for name, value in parts.items() if value})
