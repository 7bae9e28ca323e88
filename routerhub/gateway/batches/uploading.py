"""A file on its way in: sealed piece by piece, and dropped where it is refused in the end."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from analytics.types import storable
from budgets.types import Caller
from routerhub.gateway.batches.forms import Part
from routerhub.gateway.bodies import MAX_DISCARDED_BYTES
from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols import fields
from routerhub.gateway.runtime import Limits
from routerhub.storage.files import FileStore
from routerhub.storage.types import REQUESTS, File, NewFile

PIECE_BYTES = 1024 * 1024
MAX_FIELD_BYTES = 1_000
MAX_FILENAME = 255
FIELDS = ("purpose", "expires_after[anchor]", "expires_after[seconds]")
MIN_RETENTION_S, MAX_RETENTION_S = 3_600, 30 * 24 * 3_600


@dataclass(kw_only=True)
class _Content:
    """How much of the file came, and what of it is not kept yet."""

    size: int = 0
    requests: int = 0
    pieces: int = 0
    rest: bytes = b""
    ends_line: bool = True


class Upload:
    """One form's file. Nothing of it stays unless `finish` is reached."""

    def __init__(self, files: FileStore, limits: Limits, caller: Caller) -> None:
        self.id = f"file-{uuid4().hex}"
        self._files = files
        self._limits = limits
        self._account_id = caller.account_id
        self._content = _Content()
        self._filename: str | None = None
        self._fields: dict[str, str] = {}

    async def take(self, parts: AsyncIterator[tuple[Part, bytes]]) -> File:
        """Keep it. Raises BadRequest, StorageUnavailable."""
        try:
            async for part, data in parts:
                await self._took(part, data)
            return await self._finished()
        except BaseException:
            await self._files.drop(self._account_id, self.id, range(self._content.pieces))
            raise

    async def _took(self, part: Part, data: bytes) -> None:
        if part.name == "file":
            if not data:
                if self._filename is not None:
                    raise BadRequest("file: more than one was given; allowed is one.", "file")
                self._filename = storable(part.filename or "")[:MAX_FILENAME]
            await self._took_content(data)
        elif part.name in FIELDS:
            text = self._fields.get(part.name, "") + data.decode(errors="replace")
            if len(text) > MAX_FIELD_BYTES:
                raise fields.wrong(part.name, text, f"a text of at most {MAX_FIELD_BYTES} characters")
            self._fields[part.name] = text
        else:
            name = fields.shown(part.name)
            raise BadRequest(f"{name}: there is no such field; allowed are file, {', '.join(FIELDS)}.", part.name)

    async def _took_content(self, data: bytes) -> None:
        """What is too large is read to its end, so that the client hears why, and thrown away."""
        content, most = self._content, self._limits.max_file_bytes
        content.size += len(data)
        if content.size > most + MAX_DISCARDED_BYTES:
            raise self._too_large()
        if content.size > most:
            content.rest = b""
            return
        content.requests += data.count(b"\n")
        content.ends_line = data.endswith(b"\n") if data else content.ends_line
        content.rest += data
        while len(content.rest) >= PIECE_BYTES:
            await self._put(content.rest[:PIECE_BYTES])
            content.rest = content.rest[PIECE_BYTES:]

    async def _put(self, piece: bytes) -> None:
        number, self._content.pieces = self._content.pieces, self._content.pieces + 1
        await self._files.put_piece(self._account_id, self.id, number, piece, self._limits.file_retention_s)

    def _too_large(self) -> BadRequest:
        most = self._limits.max_file_bytes
        return BadRequest(f"file: it has more than {most:,} bytes, the most that is allowed.", "file", "file_too_large")

    async def _finished(self) -> File:
        content = self._content
        if self._filename is None:
            raise BadRequest("file: nothing was given; allowed is a file of JSON lines.", "file")
        if (purpose := self._fields.get("purpose", "")) != REQUESTS:
            raise fields.wrong("purpose", purpose, f'"{REQUESTS}": files are taken for batches alone')
        seconds = self._seconds()
        if content.size > self._limits.max_file_bytes:
            raise self._too_large()
        if not content.size:
            raise BadRequest("file: it is empty; allowed is one request a line.", "file", "empty_file")
        requests = content.requests + (not content.ends_line)
        if requests > self._limits.max_batch_requests:
            raise BadRequest(
                f"file: it has {requests:,} lines; at most {self._limits.max_batch_requests:,} are allowed.",
                "file", "too_many_requests",
            )  # fmt: skip
        if content.rest:
            await self._put(content.rest)
        return await self._files.add(
            NewFile(id=self.id, account_id=self._account_id, filename=self._filename or "file.jsonl", purpose=REQUESTS,
                    size=content.size, pieces=content.pieces, seconds=seconds)
        )  # fmt: skip

    def _seconds(self) -> float:
        """How long it is there."""
        given = {name: self._fields[f"expires_after[{name}]"] for name in ("anchor", "seconds")
                 if f"expires_after[{name}]" in self._fields}  # fmt: skip
        if not given:
            return self._limits.file_retention_s
        most = min(MAX_RETENTION_S, self._limits.file_retention_s)
        raw: Mapping[str, Any] = {**given, "seconds": fields.digits(given.get("seconds", ""))}
        return expires_after(raw, "expires_after", int(most))


def expires_after(raw: Mapping[str, Any], param: str, most: int) -> int:
    """Seconds after which a file is forgotten. Raises BadRequest."""
    if raw.get("anchor") != "created_at":
        raise fields.wrong(f"{param}.anchor", raw.get("anchor"), '"created_at"')
    seconds = fields.whole(raw.get("seconds"), f"{param}.seconds", most, min(MIN_RETENTION_S, most))
    if seconds is None:
        raise fields.wrong(f"{param}.seconds", None, f"a whole number from {MIN_RETENTION_S} to {most:,}")
    return seconds
