"""One measurement: the load generator as a process, and what the measured processes used meanwhile."""

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tests.bench.footprint import Footprint, footprint
from tests.bench.load import Load, Mark, Outcome
from tests.bench.results import Cell, Sample
from tests.bench.subjects import Subject

WARM_UP_S = 0.5


def generate(load: Load, at: Callable[[Mark], None]) -> Outcome:
    """Run a load. `at` is called at each of its marks."""
    command = [sys.executable, "-m", "tests.bench.load"]
    # In a session of its own, Ctrl-C reaches this process alone, which then stops all in order.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(orjson.dumps(dataclasses.asdict(load)))
            process.stdin.close()
            for line in process.stdout:
                said: Mapping[str, Any] = orjson.loads(line)
                if "outcome" in said:
                    return Outcome(**said["outcome"])
                at(Mark(**said["mark"]))
        finally:
            process.kill()
    raise RuntimeError("The load generator ended without a result.")


def load_of(subject: Subject, cell: Cell, seconds: float) -> Load:
    return Load(
        urls=subject.urls,
        headers=subject.headers,
        model=subject.model,
        modes=[cell.mode],
        clients=cell.clients,
        seconds=seconds,
        warm_up_s=WARM_UP_S,
    )


def measure(subject: Subject, upstream: Subject, cell: Cell, seconds: float) -> Sample:
    """A subject under one load."""
    watched = {"own": subject.pids, "database": subject.database_pids, "upstream": upstream.pids}
    marks: list[dict[str, Footprint]] = []

    def at(_: Mark) -> None:
        marks.append({name: footprint(pids) for name, pids in watched.items()})

    outcome = generate(load_of(subject, cell, seconds), at)
    before, after = marks
    used = {name: after[name].cpu_s - before[name].cpu_s for name in watched}
    return Sample(
        outcome=outcome,
        cpu_s=used["own"],
        database_cpu_s=used["database"] if subject.database_pids else None,
        upstream_cpu_s=used["upstream"],
        rss_mb=after["own"].rss_mb,
        peak_mb=after["own"].peak_mb,
    )
