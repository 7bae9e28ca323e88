"""What is said over the encoder's socket: a JSON object a line, and answers in any order.

{"id": 1, "within_us": 48000, "text": "..."}            a question; its text is an excerpt
{"id": 1, "categories": [...], "complexities": [...]}   the answer
{"id": 1}                                               it was too late, or others were before it
{"id": 2}                                               how does the encoder stand?
{"id": 2, "digest": "...", ...}                         its Status
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import orjson

from autorouter.classification.judged import CATEGORIES, Judged
from autorouter.encoder.excerpts import HEAD_CHARS, TAIL_CHARS
from autorouter.types import COMPLEXITIES

logger = logging.getLogger(__name__)
MAX_LINE_BYTES = 16 * 1024
"""An excerpt has at most a few thousand bytes, however it is escaped."""
MAX_UNSENT_BYTES = 1024 * 1024
TCP = "tcp"
Silence = Literal["late", "busy", "away"]
"""Why there is no answer in time: it has not come yet, too many wait for theirs already, or nobody is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    number: int
    within_us: int
    """For so long whoever asks waits."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """How an encoder stands."""

    digest: str
    """Of its file."""
    up_s: int
    resident_bytes: int
    answer_us: int
    """What an answer takes it lately; 0: it gave none yet."""
    judged: int
    dropped: int
    """Questions whose time had passed, or that were too many."""


FIGURES = frozenset(Status.__slots__) - {"digest"}


def address_of(text: str) -> str | tuple[str, int]:
    """The path of a Unix socket, or host and port of tcp://HOST:PORT."""
    if not text.startswith(f"{TCP}://"):
        return text
    parts = urlsplit(text)
    return parts.hostname or "", parts.port or 0


class Lines(asyncio.Protocol):
    """Either end of a connection. Whoever says what cannot be read, or does not read, is cut off."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._unread = b""

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def heard(self, line: bytes) -> None:
        """A line came, which may be anything. Raises ValueError."""
        raise NotImplementedError

    def send(self, line: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.close()
        else:
            self._transport.write(line)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        try:
            if len(self._unread) > MAX_LINE_BYTES:
                raise ValueError("this line has no end")
            for line in lines:
                self.heard(line)
        except ValueError as problem:
            logger.warning("action=close_encoder_connection problem=%s", type(problem).__name__)
            self.close()


async def connect(address: str, protocol: Callable[[], asyncio.Protocol]) -> None:
    """Open a connection that the protocol serves. Raises OSError."""
    loop, found = asyncio.get_running_loop(), address_of(address)
    if isinstance(found, str):
        await loop.create_unix_connection(protocol, found)
    else:
        await loop.create_connection(protocol, *found)


def write_question(number: int, text: str, within_us: int) -> bytes:
    return _line({"id": number, "within_us": within_us, "text": text})


def read_question(line: bytes) -> Question | int:
    """The question, or the number of one after the status. Raises ValueError."""
    match _object(line):
        case {"id": int(number), "within_us": int(within_us), "text": str(text)}:
            if len(text) > HEAD_CHARS + TAIL_CHARS + 1:
                raise ValueError("the text is longer than an excerpt")
            return Question(number=number, within_us=within_us, text=text)
        case {"id": int(number)}:
            return number
    raise ValueError("this is no question")


def write_status_question(number: int) -> bytes:
    return _line({"id": number})


def write_judged(number: int, judged: Judged | None) -> bytes:
    """None: it is not answered."""
    return _line({"id": number, **(asdict(judged) if judged else {})})


def write_status(number: int, status: Status) -> bytes:
    return _line({"id": number, **asdict(status)})


def read_answer(line: bytes) -> tuple[int, Judged | Status | None]:
    """The question's number and what is said to it. Raises ValueError."""
    found = _object(line)
    match found:
        case {"id": int(number), "categories": [*categories], "complexities": [*complexities]}:
            return number, Judged(
                categories=_shares(categories, len(CATEGORIES)), complexities=_shares(complexities, len(COMPLEXITIES))
            )
        case {"id": int(number), "digest": str(digest)}:
            return number, Status(digest=digest, **_figures(found))
        case {"id": int(number)}:
            return number, None
    raise ValueError("this is no answer")


def _figures(values: dict[str, Any]) -> dict[str, int]:
    figures = {name: value for name, value in values.items() if name in FIGURES}
    if len(figures) < len(FIGURES) or not all(isinstance(each, int) and each >= 0 for each in figures.values()):
        raise ValueError("this is no status")
    return figures


def _shares(values: list[Any], count: int) -> tuple[float, ...]:
    if len(values) != count or not all(isinstance(value, float) and 0 <= value <= 1 for value in values):
        raise ValueError(f"these are no {count} probabilities")
    return tuple(values)


def _line(values: dict[str, Any]) -> bytes:
    return orjson.dumps(values) + b"\n"


def _object(line: bytes) -> Any:
    return orjson.loads(line)
