"""The releases that decide right now: loaded once, renewed when a pointer moves, kept when the database is away.

Three steps down, never an error: the live release, the last one that was read, release 0 of the code.
"""

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from django.db import DatabaseError

from routerhub.releases import lines, rollout, store, switches
from routerhub.releases.errors import InvalidRelease, UnknownRelease
from routerhub.releases.types import Pointer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveLine:
    """One line: its pointer, and every release that some user may be on, parsed, by number; 0 is always among them. Those that
    tests compare are there too."""

    pointer: Pointer
    releases: Mapping[int, Any]

    @property
    def stable(self) -> Any:
        """What decides for all but the users of a rollout, whatever the switch says."""
        return self.releases[self.pointer.stable]

    def for_user(self, user_key: str) -> Any:
        """What decides for this user. The switch comes first."""
        return self.releases[rollout.pick(self.pointer, user_key) if switches.is_on(self.pointer.line) else 0]


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveReleases:
    """Every line."""

    lines: Mapping[str, LiveLine]

    def for_user(self, line: str, user_key: str) -> Any:
        """The release of a line for a user. `user_key` is any text that stays the same for one."""
        return self.lines[line].for_user(user_key)


@cache
def shipped() -> LiveReleases:
    """Release 0 of every line: what a process starts with."""
    return LiveReleases(
        lines={
            name: LiveLine(pointer=Pointer(line=name), releases={0: store.release(name, 0)}) for name in lines.names()
        }
    )


def load(
    previous: LiveReleases | None = None, also: Mapping[str, Collection[int]] = MappingProxyType({})
) -> LiveReleases:
    """The live releases from the database, and `also` these of a line, where they can be read; those already in `previous` are
    not read again. Raises DatabaseError."""
    before = previous or shipped()
    pointers = rollout.pointers()
    return LiveReleases(
        lines={
            name: _line(pointers.get(name, Pointer(line=name)), known, also.get(name, ()))
            for name, known in before.lines.items()
        }
    )


def _line(pointer: Pointer, before: LiveLine, also: Collection[int]) -> LiveLine:
    """The line's pointer and parsed releases. A bundle that cannot be read changes nothing."""
    wanted = {0, pointer.stable, *(() if pointer.candidate is None else (pointer.candidate,))}
    try:
        found = {number: before.releases.get(number) or store.release(pointer.line, number) for number in wanted}
    except (InvalidRelease, UnknownRelease) as problem:
        logger.error("action=load_release line=%s kept=%s problem=%s", pointer.line, before.pointer.stable, problem)
        return before
    return LiveLine(pointer=pointer, releases={**_beside(pointer.line, before, {*also} - wanted), **found})


def _beside(line: str, before: LiveLine, numbers: Collection[int]) -> dict[int, Any]:
    """Releases that nobody is on because of the pointer. One that cannot be read is left out."""
    found = {}
    for number in numbers:
        try:
            found[number] = before.releases.get(number) or store.release(line, number)
        except (InvalidRelease, UnknownRelease) as problem:
            logger.error("action=load_release line=%s without=%s problem=%s", line, number, problem)
    return found


_lock = threading.Lock()
_last: LiveReleases | None = None


def current() -> LiveReleases:
    """The live releases for a Django view: one query for the pointers, and what it already read if that fails."""
    global _last  # noqa: PLW0603 - the one cache of this process
    with _lock:
        try:
            _last = load(_last)
        except DatabaseError as problem:
            logger.warning("action=load_releases kept=last_known problem=%s", problem)
        return _last or shipped()
