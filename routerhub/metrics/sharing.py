"""What the processes of a machine counted, put together in a folder that they share.

Each process writes what it counted to a file of its own, every second and when it ends, and holds a lock as long as it lives.
Of one that ended its counters are added to those of all who ended, so that nothing is counted backwards; its gauges go with it.
A process that is killed takes with it what it counted since it last wrote.
"""

import fcntl
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from routerhub.metrics import kinds
from routerhub.metrics.kinds import Family, Merge, Sample

logger = logging.getLogger(__name__)
WRITE_EVERY_S = 1.0
MERGES: Mapping[Merge, Callable[[Iterable[float]], float]] = {"sum": sum, "max": max, "min": min}
ENDED, LOCK = "ended.json", "lock"


class Shared:
    """This process's part of `folder`, from `start` to `stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = secrets.token_hex(8)
        self._lock: int | None = None
        self._stopping = threading.Event()
        self._writing = threading.Lock()
        self._written = b""
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Take part. Raises OSError where the folder cannot be written to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with _locked(self._folder):
            self._lock = os.open(self._folder / f"{self._name}.alive", os.O_CREAT | os.O_RDWR)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.write()
        self._thread.start()

    def stop(self) -> None:
        """Write for the last time. What was counted is kept, and the next scrape adds it to that of those who ended."""
        self._stopping.set()
        self._thread.join()
        self.write()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def scraped(self) -> list[Family]:
        """What all processes came to, this one at this moment. Raises OSError."""
        self.write()
        with _locked(self._folder):
            ended = _take_in_the_ended(self._folder)
            alive = [_read(file.with_suffix(".json")) for file in self._folder.glob("*.alive")]
        return merged([*(family for each in alive for family in each), *ended])

    def write(self) -> None:
        """Raises OSError."""
        with self._writing:
            content = orjson.dumps([_plain(family) for family in kinds.families()])
            if content != self._written:
                _replace(self._folder / f"{self._name}.json", content)
                self._written = content

    def _run(self) -> None:
        has_failed = False
        while not self._stopping.wait(WRITE_EVERY_S):
            try:
                self.write()
                has_failed = False
            except OSError as problem:
                if not has_failed:
                    logger.warning("action=write_metrics folder=%s problem=%s", self._folder, problem)
                has_failed = True


def merged(found: Iterable[Family]) -> list[Family]:
    """Families of several processes, each name once."""
    by_name: dict[str, Family] = {}
    for family in found:
        before = by_name.get(family.name)
        by_name[family.name] = family if before is None else _joined(before, family)
    return list(by_name.values())


def _joined(one: Family, other: Family) -> Family:
    """Of two processes of different releases, whose buckets may be others, the one that is named first counts."""
    if (one.kind, one.labels, one.bounds) != (other.kind, other.labels, other.bounds):
        return one
    samples = dict(one.samples)
    for labels, sample in other.samples.items():
        samples[labels] = _sum(one, samples[labels], sample) if labels in samples else sample
    return replace(one, samples=samples)


def _sum(family: Family, one: Any, other: Any) -> Sample:
    if family.kind == "histogram":
        return [a + b for a, b in zip(one, other, strict=True)]
    return MERGES[family.merge]((one, other))


def _take_in_the_ended(folder: Path) -> list[Family]:
    """The counters of all who ended. Files of those who did since the last time are added to them, and go."""
    names, ended = _ended(folder)
    dead = [file for file in folder.glob("*.alive") if _is_dead(file)]
    if not dead:
        return ended
    # Whoever is cut off between writing and unlinking is known by the names.
    new = [family for file in dead if file.stem not in names for family in _read(file.with_suffix(".json"))]
    ended = merged([*ended, *(family for family in new if family.kind != "gauge")])
    content = {"names": [file.stem for file in dead], "families": [_plain(family) for family in ended]}
    _replace(folder / ENDED, orjson.dumps(content))
    for file in dead:
        file.with_suffix(".json").unlink(missing_ok=True)
        file.unlink()
    return ended


def _ended(folder: Path) -> tuple[Sequence[str], list[Family]]:
    try:
        content = orjson.loads((folder / ENDED).read_bytes())
    except FileNotFoundError:
        return (), []
    return content["names"], [_family(each) for each in content["families"]]


def _is_dead(file: Path) -> bool:
    """Whether nobody holds the lock any more."""
    descriptor = os.open(file, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One at a time puts the folder in order."""
    descriptor = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(file: Path, content: bytes) -> None:
    """Whoever reads it sees all of it, or what was before."""
    part = file.with_suffix(".part")
    part.write_bytes(content)
    part.replace(file)


def _read(file: Path) -> list[Family]:
    """What a process wrote; nothing where it has not yet."""
    try:
        return [_family(each) for each in orjson.loads(file.read_bytes())]
    except FileNotFoundError:
        return []


def _plain(family: Family) -> dict[str, Any]:
    return {**_attributes(family), "samples": [[labels, sample] for labels, sample in family.samples.items()]}


def _attributes(family: Family) -> dict[str, Any]:
    return {name: getattr(family, name) for name in Family.__slots__}


def _family(plain: Mapping[str, Any]) -> Family:
    samples = {tuple(labels): sample for labels, sample in plain["samples"]}
    return Family(**{**plain, "labels": tuple(plain["labels"]), "bounds": tuple(plain["bounds"]), "samples": samples})
