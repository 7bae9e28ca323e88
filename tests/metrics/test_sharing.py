"""Several processes in one scrape. A part that was started in this process is as good as another process's: its lock is its
own."""

import multiprocessing
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from routerhub.metrics import kinds
from routerhub.metrics.kinds import Family, counter, gauge, histogram, reading
from routerhub.metrics.sharing import Shared, merged


def count(calls: int) -> None:
    """What a process counts; it has nothing from before."""
    kinds._registered.clear()
    counter("calls", "Calls.", "to").labels("acme").inc(calls)
    gauge("open", "Open.").labels().inc(calls)
    histogram("seconds", "Time.", bounds=(1,)).labels().observe(calls)
    reading("oldest", "Oldest.", merge="min").read = lambda: {(): calls}


def take_part(folder: Path, calls: int, pipe: Any) -> None:
    """A process that counts, says so, and ends in order when it is told to."""
    count(calls)
    shared = Shared(folder)
    shared.start()
    pipe.send("ready")
    pipe.recv()
    shared.stop()


@pytest.fixture(autouse=True)
def of_this_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_registered", [])


class Other:
    """Another process of the same folder."""

    def __init__(self, folder: Path, calls: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=take_part, args=(folder, calls, theirs))
        self.process.start()
        assert self.pipe.recv() == "ready"

    def end(self) -> None:
        self.pipe.send("end")
        self.process.join()
        assert self.process.exitcode == 0

    def kill(self) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()


def told(shared: Shared) -> Mapping[str, Any]:
    return {family.name: next(iter(family.samples.values()), None) for family in shared.scraped()}


def test_a_scrape_tells_the_sum_of_all_processes_wherever_it_is_asked_and_loses_nothing_when_one_ends(
    tmp_path: Path,
) -> None:
    count(1)
    shared = Shared(tmp_path)
    shared.start()
    other, third = Other(tmp_path, 10), Other(tmp_path, 100)
    try:
        assert told(shared) == {"calls": 111, "open": 111, "seconds": [1, 2, 111], "oldest": 1}
        other.end()
        third.kill()
        assert told(shared) == {"calls": 111, "open": 1, "seconds": [1, 2, 111], "oldest": 1}, (
            "gauges go with who told them"
        )
        assert told(shared)["calls"] == 111, "who ended is counted once"
        assert len(list(tmp_path.glob("*.alive"))) == 1
    finally:
        shared.stop()


def test_who_starts_again_goes_on_from_what_was_counted_before(tmp_path: Path) -> None:
    for _ in range(2):
        count(5)
        shared = Shared(tmp_path)
        shared.start()
        shared.stop()
    count(5)
    shared = Shared(tmp_path)
    shared.start()
    try:
        assert told(shared)["calls"] == 15
    finally:
        shared.stop()


def test_who_is_cut_off_while_it_takes_the_ended_in_does_not_count_them_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count(5)
    before = Shared(tmp_path)
    before.start()
    before.stop()
    shared = Shared(tmp_path)
    shared.start()
    try:
        with monkeypatch.context() as cut:
            cut.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(OSError("cut off")))
            with pytest.raises(OSError, match="cut off"):
                shared.scraped()
        assert told(shared)["calls"] == 10
    finally:
        shared.stop()


def test_of_two_releases_whose_buckets_differ_the_first_counts() -> None:
    old, new = (
        Family(name="s", help="", kind="histogram", labels=(), samples={(): sample}, bounds=bounds)
        for sample, bounds in (([1, 0, 1.0], (1,)), ([1, 0, 0, 1.0], (1, 2)))
    )
    assert merged([new, old]) == [new]
