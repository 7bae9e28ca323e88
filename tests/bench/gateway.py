"""The request path beside a bare pass-through and other gateways: all in one run, against one upstream, in turns.

Each round goes through every load and each subject under it, so that whatever the machine does besides hits all alike.
"""

import contextlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import tables
from tests.bench.footprint import proportional_mb
from tests.bench.load import MODES
from tests.bench.measuring import WARM_UP_S, measure
from tests.bench.peers import LITELLM_PACKAGE, PORTKEY_PACKAGE, litellm, portkey
from tests.bench.results import LITELLM, PASS_THROUGH, PORTKEY, ROUTERHUB, Cell, Line, Results, Sample
from tests.bench.subjects import NoAnswer, Subject, pass_through, routerhub, upstream
from tests.installing import NotInstalled
from tests.stack import Stack

PEERS = (LITELLM, PORTKEY)
PRODUCTS = (PASS_THROUGH, ROUTERHUB, *PEERS)
CLIENTS = (1, 16, 64)
PROCESSES = (1, 2)
OVERHEAD_S = 0.5
"""Of starting the load generator, roughly; only to say how long a run takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What to measure, and for how long."""

    products: Sequence[str] = PRODUCTS
    processes: Sequence[int] = PROCESSES
    clients: Sequence[int] = CLIENTS
    modes: Sequence[str] = MODES
    seconds: float = 4
    rounds: int = 3

    @property
    def cells(self) -> list[Cell]:
        return [Cell(mode=mode, clients=clients) for mode in self.modes for clients in self.clients]


def main(options: Options) -> None:
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="routerhub-bench-")))
        source = running.enter_context(upstream(folder))
        subjects, stack = _start(running, options, folder, source.urls[0])
        results = Results(lines=[subject.line for subject in subjects], cells=options.cells)
        _introduce(options, results.lines, stack)
        for number in range(1, options.rounds + 1):
            for cell in options.cells:
                for subject in subjects:
                    sample = measure(subject, source, cell, options.seconds)
                    results.add(subject.line, cell, sample)
                    print(f"  round {number}: {_said(subject, cell, sample)}", flush=True)
        _conclude(results, subjects, stack)


def _start(
    running: contextlib.ExitStack, options: Options, folder: Path, url: str
) -> tuple[list[Subject], Stack | None]:
    """All subjects, answering; and RouterHub's stack. A peer that cannot be had is left out, and that is said."""
    subjects: list[Subject] = []
    stack = None
    if PASS_THROUGH in options.products:
        subjects += running.enter_context(pass_through(folder, url, options.processes))
    if ROUTERHUB in options.products:
        stack, found = running.enter_context(routerhub(url, options.processes))
        subjects += found
    for name, start in ((LITELLM, litellm), (PORTKEY, portkey)):
        if name in options.products:
            try:
                subjects.append(running.enter_context(start(folder, url)))
            except NotInstalled as problem:
                print(f"{name} is left out: {problem}.", flush=True)
            except NoAnswer as problem:
                last = problem.log.strip().rpartition("\n")[2]
                print(f"{name} is left out: {problem}. Its log ends: {last}", flush=True)
    return subjects, stack


def _introduce(options: Options, lines: Sequence[Line], stack: Stack | None) -> None:
    measurements = options.rounds * len(options.cells) * len(lines)
    minutes = measurements * (options.seconds + WARM_UP_S + OVERHEAD_S) / 60
    print(f"gateway: {measurements} measurements, about {minutes:.0f} minutes")
    print(f"  {os.cpu_count()} cores for all: load generator, upstream, subjects, PostgreSQL")
    print(f"  load of the machine before: {os.getloadavg()[0]:.1f} (above 0.5, others work on it too: expect noise)")
    if stack:
        kept = ", ".join(f"{name}={stack.rows(f'SHOW {name}')[0][0]}" for name in ("fsync", "synchronous_commit"))
        print(f"  RouterHub: PostgreSQL with {kept}; model auto; a monthly limit of the account and one of the key")
    versions = {LITELLM: LITELLM_PACKAGE, PORTKEY: PORTKEY_PACKAGE}
    peers = ", ".join(versions[line.product] for line in lines if line.product in versions)
    print(f"  peers: {peers or 'none'}", flush=True)


def _said(subject: Subject, cell: Cell, sample: Sample) -> str:
    found = sample.outcome
    errors = ", ".join(f"{count} x {what}" for what, count in found.errors.items())
    return (
        f"{cell.mode:<8} {cell.clients:>3} clients  {subject.line!s:<26} {found.rate:>7,.0f}/s"
        f"  p50 {found.p50_ms:.1f} ms  p99 {found.p99_ms:.1f} ms{'  ERRORS: ' if errors else ''}{errors}"
    )


def _conclude(results: Results, subjects: Sequence[Subject], stack: Stack | None) -> None:
    """The tables, as Markdown; what was to be reached; and whether RouterHub's books are right after all that."""
    print("\nRates as parts of the pass-through's with as many processes (median over the rounds):\n")
    print(tables.ratios(results))
    print("\nIn figures (CPU is per request, of all processes of a subject; RouterHub's database apart):\n")
    print(tables.details(results))
    print(f"\n{tables.memory(results)}")
    databases = {pid for subject in subjects for pid in subject.database_pids}
    if databases:
        print(f"\nPostgreSQL holds {proportional_mb(databases):,.0f} MB, shared pages counted once.")
    print(f"\n{tables.demands(results)}")
    if stack:
        print(f"\nRouterHub's books: {stack.manage('reconcile').strip()}", flush=True)
