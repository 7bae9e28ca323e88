"""Sampled stacks, counted: which functions and which packages the time goes to. Pure."""

import collections
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.bench.tables import table

# One line of py-spy's raw output: the thread, its frames from the outermost in, and how often they were seen.
LINE = re.compile(r"thread \(\d+\): (?P<thread>[^;]*);(?P<frames>.+) (?P<count>\d+)")
FRAME = re.compile(r"(?P<name>.+) \((?P<file>.+?)(?::(?P<line>\d+))?\)")
INSTALLED = re.compile(r".*/site-packages/|.*/lib/python3\.\d+/")
PACKAGE = re.compile(r"<[^>]*>|[^/:. ]+")
LOOP = "MainThread"
"""The thread of the event loop. Others of the process only wait, which cannot always be told from working."""
EVERYWHERE = 0.95
"""A frame in so many of the stacks is that of the server or the loop itself, and says nothing."""


@dataclass(kw_only=True)
class Profile:
    """Samples of the event loop's thread by what it was in: `own` at the innermost frame, `total` anywhere."""

    samples: int = 0
    own: collections.Counter[str] = field(default_factory=collections.Counter)
    total: collections.Counter[str] = field(default_factory=collections.Counter)
    packages: collections.Counter[str] = field(default_factory=collections.Counter)
    """By the innermost frame's."""

    def shares(self, counts: collections.Counter[str], shown: int) -> str:
        """The largest of one of the counters, as parts of all samples."""
        telling = [(name, count) for name, count in counts.most_common() if count < EVERYWHERE * self.samples]
        return table(["", "share"], [[name, f"{count / self.samples:.1%}"] for name, count in telling[:shown]])


def count(lines: Iterable[str], root: str) -> Profile:
    """The profile of py-spy's raw lines. Files below `root` are named from there. Raises ValueError for other lines."""
    profile = Profile()
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"{line[:100]!r} is no stack of a thread with a count.")
        if found["thread"] == LOOP:
            _add(profile, [_named(frame, root) for frame in found["frames"].split(";")], int(found["count"]))
    return profile


def _add(profile: Profile, frames: list[str], seen: int) -> None:
    profile.samples += seen
    profile.own[frames[-1]] += seen
    profile.packages[_package(frames[-1])] += seen
    for frame in set(frames):
        profile.total[frame] += seen


def _named(frame: str, root: str) -> str:
    """`file:line function`, the file from the root or from where packages are installed."""
    found = FRAME.fullmatch(frame)
    if found is None:
        return frame
    file = INSTALLED.sub("", found["file"]).removeprefix(root).lstrip("/")
    name = found["name"].replace("<locals>.", "")
    return f"{file}:{found['line']} {name}" if found["line"] else f"{file} {name}"


def _package(frame: str) -> str:
    """The first part of the file's path: a package, or a module of Python's own."""
    found = PACKAGE.match(frame)
    return found[0] if found else frame
