"""The switches that turn a line to the release in the code at once: a small file beside the process.

A file and not a row, so that they work while the database does not. Every process looks at it again after LOOK_EVERY_S;
where it says nothing, the environment decides. With several hosts the file must be on a volume that they share.
"""

import fcntl
import getpass
import json
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings

from routerhub.audit.change import Change
from routerhub.releases import lines

logger = logging.getLogger(__name__)
LOOK_EVERY_S = 0.2
Noted = TypeVar("Noted", dict[str, Any], list[Any])


class _Watch:
    """The switches as last read. A look costs a `stat`, and is taken at most every LOOK_EVERY_S."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_at = -LOOK_EVERY_S
        self._seen: object = None
        self._on: Mapping[str, bool] = {}

    def current(self) -> Mapping[str, bool]:
        now = time.monotonic()
        if now - self._looked_at >= LOOK_EVERY_S:
            with self._lock:
                self._look()
                self._looked_at = now
        return self._on

    def forget(self) -> None:
        self._looked_at = -LOOK_EVERY_S

    def _look(self) -> None:
        defaults = {name: bool(getattr(settings, lines.find(name).switch)) for name in lines.names()}
        seen = (_stamp(settings.SWITCHES_FILE), tuple(defaults.items()))
        if seen == self._seen:
            return
        written = read(settings.SWITCHES_FILE)
        self._on = {name: written.get(lines.find(name).switch, default) for name, default in defaults.items()}
        self._seen = seen
        logger.info("action=read_switches %s", " ".join(f"{name}={on}" for name, on in self._on.items()))


_watch = _Watch()


def current() -> Mapping[str, bool]:
    """By line, what the switches say now, at most LOOK_EVERY_S old. True: the line is served from the database's releases;
    False: from release 0."""
    return _watch.current()


def is_on(line: str) -> bool:
    return _watch.current()[line]


def turn(line: str, is_on: bool, change: Change) -> None:
    """Write one switch; every process on this host follows within LOOK_EVERY_S. Needs no database. Raises UnknownLine.

    Who, when and why is written to the log and beside the switch, since the database's history may be out of reach: from
    there it is entered later, see switch_history.
    """
    switch, now = lines.find(line).switch, datetime.now(UTC)
    author = str(change.author or getpass.getuser())
    note = {"author": author, "reason": change.reason, "at": now.isoformat(timespec="seconds"), "on": is_on}
    turn = {
        **note, "at": now.isoformat(), "line": line, "author_id": change.author_id, "address": change.address,
    }  # fmt: skip
    with _rewriting() as values:
        values |= {
            switch: is_on, "last": {**_noted(values, "last", dict), switch: note},
            "unentered": [*_noted(values, "unentered", list), turn],
        }  # fmt: skip
    logger.warning("action=turn_switch switch=%s on=%s author=%s reason=%s", switch, is_on, author, change.reason)
    _watch.forget()


def unentered() -> list[dict[str, Any]]:
    """The turns that the history does not have yet, the oldest first."""
    return _noted(_file(settings.SWITCHES_FILE), "unentered", list)


def forget_entered(turns: Sequence[Mapping[str, Any]]) -> None:
    """The history has these turns now."""
    with _rewriting() as values:
        values["unentered"] = [each for each in _noted(values, "unentered", list) if each not in turns]


@contextmanager
def _rewriting() -> Iterator[dict[str, Any]]:
    """What the file says, to be changed; it is replaced whole, by one process after the other."""
    path: Path = settings.SWITCHES_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path.parent / ".switches.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        values = _file(path)
        yield values
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".switches-", delete=False) as file:
            file.write(json.dumps(values, indent=1))
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)


def read(path: Path) -> dict[str, bool]:
    """What the file says, by the switch's name."""
    values = _file(path)
    return {
        name: values[name] for line in lines.names() if isinstance(values.get(name := lines.find(line).switch), bool)
    }


def last_turned(line: str) -> dict[str, Any]:
    """Who turned a switch last, when and why: {"author", "reason", "at", "on"}; empty where nobody did."""
    found: dict[str, Any] = _noted(_file(settings.SWITCHES_FILE), "last", dict).get(lines.find(line).switch, {})
    return found


def _noted(values: Mapping[str, Any], name: str, kind: type[Noted]) -> Noted:
    """What the file notes under a name; nothing where it makes no sense."""
    found = values.get(name)
    return found if isinstance(found, kind) else kind()


def _file(path: Path) -> dict[str, Any]:
    """The file's JSON. One that makes no sense says nothing, and is complained of."""
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        logger.error("action=read_switches file=%s problem=%s", path, problem)
        return {}
    if not isinstance(values, dict):
        logger.error("action=read_switches file=%s problem=it is no JSON object", path)
        return {}
    return values


def _stamp(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
