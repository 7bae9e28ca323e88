"""Many requests to RouterHub alone: no error, and memory that does not grow."""

import contextlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench import tables
from tests.bench.footprint import footprint, proportional_mb
from tests.bench.load import Load, Mark
from tests.bench.measuring import generate
from tests.bench.subjects import Subject, routerhub, upstream
from tests.stack import eventually

CLIENTS = 64


def main(requests: int, processes: int, modes: Sequence[str]) -> None:
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="routerhub-bench-")))
        source = running.enter_context(upstream(folder))
        stack, (subject,) = running.enter_context(routerhub(source.urls[0], [processes]))
        print(f"soak: {requests:,} requests to {subject.line}, {CLIENTS} clients, {' and '.join(modes)}", flush=True)
        settled = "SELECT count(*) FROM budgets_ledgerentry"
        before = stack.rows(settled)[0][0]
        watch = Watch(subject, requests)
        load = Load(
            urls=subject.urls,
            headers=subject.headers,
            model=subject.model,
            modes=modes,
            clients=CLIENTS,
            requests=requests,
        )
        outcome = generate(load, watch.mark)
        print(f"\n{tables.table(Watch.HEAD, watch.rows)}\n")
        print(f"{outcome.answers:,} right answers, {outcome.rate:,.0f}/s, p99 {outcome.p99_ms:.1f} ms")
        print(f"memory after the first tenth: {watch.growth()}")
        print("errors: " + (", ".join(f"{count:,} x {what}" for what, count in outcome.errors.items()) or "none"))
        eventually(lambda: stack.rows("SELECT count(*) FROM budgets_hold") == [(0,)], within_s=30)
        print(f"settled in the ledger: {stack.rows(settled)[0][0] - before:,}. {stack.manage('reconcile').strip()}")


class Watch:
    """Memory at the beginning and at every tenth."""

    HEAD = ("requests", "RSS MB", "highest RSS MB", "PostgreSQL MB", "errors", "seconds")

    def __init__(self, subject: Subject, requests: int) -> None:
        self.subject, self.requests = subject, requests
        self.began = time.monotonic()
        self.rows: list[tuple[str, ...]] = []
        self.rss_mb: list[float] = []

    def mark(self, mark: Mark) -> None:
        found = footprint(self.subject.pids)
        self.rss_mb.append(found.rss_mb)
        row = (
            f"{mark.share * self.requests:,.0f}", f"{found.rss_mb:,.1f}", f"{found.peak_mb:,.1f}",
            f"{proportional_mb(self.subject.database_pids):,.0f}", f"{mark.errors:,}",
            f"{time.monotonic() - self.began:,.0f}",
        )  # fmt: skip
        self.rows.append(row)
        print("  " + "  ".join(f"{name} {figure}" for name, figure in zip(self.HEAD, row, strict=True)), flush=True)

    def growth(self) -> str:
        """From the first tenth on, when caches and pools are filled, to the end."""
        first, last = self.rss_mb[1], self.rss_mb[-1]
        return f"{first:,.1f} MB to {last:,.1f} MB ({last / first - 1:+.1%})"
