"""What the request path reads: releases and keys, in memory, swapped whole by one thread.

The thread listens to the database and loads anew when something was saved, and at the latest every SNAPSHOT_MAX_AGE_S.
When the database does not answer, the last snapshot stays; before the first one there is release 0, and no key can be judged.
"""

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from analytics import measured
from autorouter import availability_facts
from autorouter.decision.ranking import Rankings
from autorouter.people import preferences
from autorouter.people.preferences import Preferences
from budgets.keys import KeyRing, load_ring
from models_registry import availability, probing
from models_registry.availability import UNMEASURED, Measured, digest
from models_registry.types import HEALTHY, Health
from routerhub.releases import live
from routerhub.releases.notify import CHANNEL

logger = logging.getLogger(__name__)
RETRY_PAUSE_S = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that deciding and letting in needs. `loaded_at` is monotonic seconds, None for the one from the code."""

    releases: live.LiveReleases
    ring: KeyRing
    ranked: Mapping[tuple[int, int], Rankings]
    """By the releases of catalogue and router."""
    digests: Mapping[int, str]
    """Of what could be called, by the catalogue's release."""
    preferences: Mapping[int, Preferences]
    loaded_at: float | None

    def rankings(self, user_key: str) -> Rankings:
        """Of the releases that decide for this user."""
        catalogue, router = self.releases.for_user("catalogue", user_key), self.releases.for_user("router", user_key)
        return self.ranked[catalogue.release, router.release]

    def digest_of(self, rankings: Rankings) -> str:
        return self.digests[rankings.catalogue.release]


def ranked(releases: live.LiveReleases, health: Health, measured: Measured) -> dict[tuple[int, int], Rankings]:
    """The rankings of every two releases in use."""
    found = {}
    for catalogue in releases.lines["catalogue"].releases.values():
        now = availability.current(catalogue.providers.values(), health, *measured)
        for router in releases.lines["router"].releases.values():
            key = (catalogue.release, router.release)
            found[key] = Rankings(catalogue=catalogue, router=router, availability=now)
    return found


class SnapshotKeeper:
    """Holds the current snapshot. Reading `current` is one attribute."""

    def __init__(self, dsn: str, max_age_s: float) -> None:
        shipped = ranked(live.shipped(), HEALTHY, UNMEASURED)
        self.current = Snapshot(
            releases=live.shipped(),
            ring=KeyRing(held={}, is_read=False),
            ranked=shipped,
            digests={each.catalogue.release: digest(each.availability) for each in shipped.values()},
            preferences={},
            loaded_at=None,
        )
        self._dsn = dsn
        self._max_age_s = max_age_s
        self._stopping = threading.Event()
        self._loaded = threading.Event()
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait_for_first(self, within_s: float) -> bool:
        """Until something was loaded from the database. False when that took too long: what the code brings serves on."""
        return self._loaded.wait(within_s)

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except (psycopg.Error, DatabaseError) as problem:
                logger.warning("action=load_snapshot kept=last_known problem=%s", problem)
                self._stopping.wait(RETRY_PAUSE_S)

    def _follow(self) -> None:
        """Listen first, then load: a change in between is heard."""
        with psycopg.connect(self._dsn, autocommit=True, connect_timeout=2) as listener:
            listener.execute(f"LISTEN {CHANNEL}")
            while not self._stopping.is_set():
                self._load()
                for _ in listener.notifies(timeout=self._max_age_s, stop_after=1):
                    pass

    def _load(self) -> None:
        try:
            releases = live.load(self.current.releases)
            found = ranked(releases, probing.measured(), measured.facts())
            self.current = Snapshot(
                releases=releases,
                ring=load_ring(),
                ranked=found,
                digests={each.catalogue.release: availability_facts.keep(each.availability) for each in found.values()},
                preferences=preferences.load(),
                loaded_at=time.monotonic(),
            )
            self._loaded.set()
        finally:
            # A thread's connection is not closed by a request's end, and a broken one must not be kept.
            connection.close()


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
