"""A gateway process as others see it: its part in the scrape, and what its gauges are read from."""

import time

from django.conf import settings

from routerhub.gateway import metrics
from routerhub.gateway.runtime import Runtime
from routerhub.metrics.kinds import Labels
from routerhub.metrics.sharing import Shared


def start(runtime: Runtime) -> Shared:
    """Take part in the scrape. Whoever ends the process stops it, when all else has ended."""
    metrics.PROCESSES.inc()
    read_from(runtime)
    shared = Shared(settings.METRICS_DIR)
    shared.start()
    return shared


def read_from(runtime: Runtime) -> None:
    """What tells how things stand, asked of whom it stands with."""
    metrics.SNAPSHOT.read = lambda: _loaded_at(runtime)
    metrics.RELEASES.read = lambda: _releases(runtime)
    metrics.CIRCUITS.read = lambda: metrics.circuits(runtime.circuits.not_closed)
    metrics.SPOOL.read = lambda: {(): runtime.ledger.spooled_files}


def _loaded_at(runtime: Runtime) -> dict[Labels, float]:
    """By the calendar, of a snapshot that is from the database."""
    loaded_at = runtime.snapshots.current.loaded_at
    return {} if loaded_at is None else {(): round(time.time() - (time.monotonic() - loaded_at), 1)}


def _releases(runtime: Runtime) -> dict[Labels, float]:
    """The number that each line points at."""
    lines = runtime.snapshots.current.releases.lines
    return {(name,): float(live.pointer.stable) for name, live in lines.items()}
