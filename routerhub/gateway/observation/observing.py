"""A gateway process as others see it: its part in the scrape, what its gauges are read from, and its traces."""

import time
from collections.abc import Callable

from django.conf import settings

from routerhub.gateway.observation import metrics, traces
from routerhub.gateway.runtime import Runtime
from routerhub.metrics.kinds import Labels
from routerhub.metrics.sharing import Shared


class Observed:
    """What others see, from `start` to `stop`."""

    def __init__(self, runtime: Runtime) -> None:
        self.shared = Shared(settings.METRICS_DIR)
        self._runtime = runtime
        self._stop_tracing: Callable[[], None] | None = None

    def start(self) -> None:
        """Take part in the scrape, and trace where somebody takes traces."""
        metrics.PROCESSES.inc()
        read_from(self._runtime)
        self.shared.start()
        if settings.TRACES:
            self._stop_tracing = traces.start()

    def stop(self) -> None:
        """Tell the last of it, when all else has ended. A collector that is away may take OpenTelemetry's own time-out."""
        self.shared.stop()
        if self._stop_tracing is not None:
            self._stop_tracing()


def read_from(runtime: Runtime) -> None:
    """What tells how things stand, asked of whom it stands with."""
    metrics.SNAPSHOT.read = lambda: _loaded_at(runtime)
    metrics.RELEASES.read = lambda: _releases(runtime)
    metrics.CIRCUITS.read = lambda: metrics.circuits(runtime.circuits.not_closed)
    metrics.ENCODER_UP.read = lambda: {} if runtime.encoder is None else {(): float(runtime.encoder.is_up)}
    metrics.SPOOL.read = lambda: {(): runtime.ledger.spooled_files}


def _loaded_at(runtime: Runtime) -> dict[Labels, float]:
    """By the calendar, of a snapshot that is from the database."""
    loaded_at = runtime.snapshots.current.loaded_at
    return {} if loaded_at is None else {(): round(time.time() - (time.monotonic() - loaded_at), 1)}


def _releases(runtime: Runtime) -> dict[Labels, float]:
    """The number that each line points at."""
    lines = runtime.snapshots.current.releases.lines
    return {(name,): float(live.pointer.stable) for name, live in lines.items()}
