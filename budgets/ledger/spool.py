"""Settlements and records that the database could not take, kept on the local disk until it can. Nothing is lost, and
since writing them again changes nothing, nothing is doubled.

Each batch is a file of its own, one JSON object a line, which has its name only when it is whole on disk. Processes may
share the folder: whoever drains a file has it locked, and the lock ends with its process.
"""

import base64
import contextlib
import fcntl
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from budgets.ledger.settling import Item, Unreserved
from budgets.types import Settlement

logger = logging.getLogger(__name__)
MAX_TOLD = 120
"""Bytes of a line that cannot be read: whose it is and its money, and nobody's words."""


class Spool:
    """The files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, items: Sequence[Item]) -> None:
        """Force the items to disk. One that is no JSON is left out, and the log has it. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{time.time_ns()}-{secrets.token_hex(4)}.spool"
        part = file.with_suffix(".part")
        try:
            _write(part, b"\n".join(_lines(items)))
            part.rename(file)
        except OSError:
            # A full disk would stay so by what was cut short.
            part.unlink(missing_ok=True)
            raise
        _sync_folder(self.folder)

    def files(self) -> list[Path]:
        """What waits, oldest first."""
        return sorted(self.folder.glob("*.spool"))

    @contextlib.contextmanager
    def claim(self, file: Path) -> Iterator[Sequence[Item]]:
        """The items of a file, which is gone when all went well with them. None where somebody else has it in hand."""
        try:
            reading = file.open("rb")
        except FileNotFoundError:
            yield ()
            return
        with reading:
            if not _lock(reading.fileno()):
                yield ()
                return
            yield _items(file, reading.read())
            file.unlink()


def _lock(descriptor: int) -> bool:
    """Whether the file is ours now. One that was drained in the meantime is nobody's."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return os.fstat(descriptor).st_nlink > 0


def _write(file: Path, data: bytes) -> None:
    with file.open("wb") as writing:
        writing.write(data)
        writing.flush()
        os.fsync(writing.fileno())


def _sync_folder(folder: Path) -> None:
    """A name that is not on disk would be lost with the power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lines(items: Sequence[Item]) -> Iterator[bytes]:
    for item in items:
        try:
            yield orjson.dumps(_plain(item))
        except TypeError as problem:
            logger.error("action=spool lost=%r problem=%s", item, problem)


def _items(file: Path, data: bytes) -> Sequence[Item]:
    """What can be read of a file; another release may have written it."""
    items = []
    for line in data.split(b"\n"):
        try:
            items.append(_item(orjson.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as problem:
            logger.error("action=drain file=%s lost=%r problem=%s", file.name, line[:MAX_TOLD], problem)
    return items


def _plain(item: Item) -> dict[str, Any]:
    if isinstance(item, Unreserved):
        return {"request": _tagged(item.request), "answer": _tagged(item.answer), "frees": _tagged(item.frees)}
    names = ("operation_id", "hop", "amount_nano", "tokens", "outcome", "frees_slot", "answer", "usage")
    return {name: _tagged(getattr(item, name)) for name in names}


def _item(plain: dict[str, Any]) -> Item:
    values = {name: _untagged(value) for name, value in plain.items()}
    return Unreserved(**values) if "request" in values else Settlement(**values)


def _tagged(value: Any) -> Any:
    """JSON that says what a value was, where JSON itself does not."""
    if isinstance(value, UUID):
        return {"uuid": value.hex}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    return [_tagged(each) for each in value] if isinstance(value, tuple | list) else value


READERS: Mapping[str, Callable[[str], Any]] = {"uuid": UUID, "time": datetime.fromisoformat, "bytes": base64.b64decode}


def _untagged(value: Any) -> Any:
    if isinstance(value, dict):
        ((tag, text),) = value.items()
        return READERS[tag](text)
    return tuple(_untagged(each) for each in value) if isinstance(value, list) else value
