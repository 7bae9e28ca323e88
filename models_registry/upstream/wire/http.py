"""HTTP as every adapter uses it: one session, bounded answers, and the one place where the HTTP client's errors become ours."""

import asyncio
import errno
import socket
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import partial
from types import TracebackType
from typing import Any

import aiohttp
from yarl import URL

from models_registry.upstream.base import UpstreamRequest
from models_registry.upstream.errors import Failed, TimedOut, Unreachable, UpstreamError
from models_registry.upstream.wire import rate_limits
from models_registry.upstream.wire.sse import EventParser, TooLong
from routerhub.egress import LOOPBACK, Networks, refusal

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Unpacked. The largest answers are a few pictures in base64, some megabytes each."""
MAX_REFUSAL_BYTES = 64 * 1024
"""Of a refusal, what is longer is not read: it may be any page that a proxy shows."""
MAX_STREAM_BYTES = 512 * 1024 * 1024
"""Unpacked. An answer of 200,000 tokens in events of half a kilobyte each has 100 MB."""
MAX_DRAINED_BYTES = 64 * 1024
MAX_RETRY_AFTER_S = 24 * 3_600.0
"""Whoever asks for a longer pause is heard so far: no provider counts by more than a day."""
LINGER_S = 2.0
"""So long a stream whose answers have all ended may take to say what they used."""
DRAIN_S = 0.05
"""So long the end of a stream that is complete is waited for, so that its connection can be used again."""


def open_session(private: Networks = LOOPBACK) -> aiohttp.ClientSession:
    """A session without a limit of its own: how much may run at once is not the client library's decision.

    It connects to public addresses and to those in the `private` networks, whatever a name came to mean by then.

    It keeps no cookies, since one caller's must never reach another's request, and asks for no packing: answers are small,
    and packed streams come in lumps. What is packed all the same is unpacked.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, socket_factory=partial(_socket, private)),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity"},
        skip_auto_headers=("User-Agent",),
    )


def _socket(private: Networks, info: aiohttp.AddrInfoType) -> socket.socket:
    """The socket of a new connection. Raises OSError where the address must not be called."""
    family, kind, protocol, _, address = info
    if problem := refusal(str(address[0]), private):
        raise PermissionError(errno.EACCES, problem)
    return socket.socket(family, kind, protocol)


async def post(
    session: aiohttp.ClientSession, url: URL, headers: Mapping[str, str], body: bytes, request: UpstreamRequest
) -> aiohttp.ClientResponse:
    """Send it, within the request's limits. A redirect is not followed: the key must go nowhere else. Raises UpstreamError."""
    timeout = aiohttp.ClientTimeout(total=request.total_s, connect=request.connect_s, sock_read=request.idle_s)
    with TRANSLATED:
        response = await session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False)
    if request.on_limit is not None and (pause_s := rate_limits.reset_s(response.headers)):
        request.on_limit(pause_s)
    return response


async def read_all(response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises UpstreamError, also when it is longer than allowed."""
    content = response.content
    with TRANSLATED:
        pieces = [await content.readany()]
        size = len(pieces[0])
        while size <= MAX_ANSWER_BYTES and not content.at_eof():
            pieces.append(await content.readany())
            size += len(pieces[-1])
    if size > MAX_ANSWER_BYTES:
        raise Failed(f"Its answer is longer than {MAX_ANSWER_BYTES:,} bytes.", status=response.status)
    return b"".join(pieces)


async def read_refusal(response: aiohttp.ClientResponse) -> bytes:
    """The body of a refusal, as far as it comes: the status has said what matters."""
    try:
        return await response.content.readexactly(MAX_REFUSAL_BYTES)
    except asyncio.IncompleteReadError as whole:
        return whole.partial
    except (TimeoutError, aiohttp.ClientError, OSError):
        return b""


class Events:
    """The server-sent events of a response, read by read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self._parser = EventParser()
        self._size = 0

    async def read(self) -> list[bytes] | None:
        """The data of the events that the next bytes complete, perhaps none; None at the end. Raises UpstreamError."""
        with TRANSLATED:
            piece = await self._response.content.readany()
        if not piece:
            return None
        self._size += len(piece)
        if self._size > MAX_STREAM_BYTES:
            raise Failed(f"Its stream is longer than {MAX_STREAM_BYTES:,} bytes.")
        try:
            return list(self._parser.feed(piece))
        except TooLong:
            raise Failed("An event of its stream is too long.") from None

    async def read_rest(self) -> list[bytes] | None:
        """The same for a stream whose answers have all ended: silence or a broken connection is its end then."""
        try:
            async with asyncio.timeout(LINGER_S):
                return await self.read()
        except (TimeoutError, UpstreamError):
            return None

    async def drain(self) -> None:
        """Read to the end, if it comes at once: a connection whose answer was read whole is used again."""
        left = MAX_DRAINED_BYTES
        try:
            async with asyncio.timeout(DRAIN_S):
                while left > 0 and not self._response.content.at_eof():
                    left -= len(await self._response.content.readany())
        except (TimeoutError, aiohttp.ClientError, OSError):
            return


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The pause that an upstream asks for, in whichever of its three forms. None where it asks for none that makes sense."""
    asked = _asked_pause_s(headers)
    return None if asked is None else min(max(0.0, asked), MAX_RETRY_AFTER_S)


def _asked_pause_s(headers: Mapping[str, str]) -> float | None:
    milliseconds, given = headers.get("retry-after-ms"), headers.get("Retry-After")
    for text, per_second in ((milliseconds, 1_000), (given, 1)):
        try:
            if text is not None and (seconds := float(text) / per_second) < float("inf"):
                return seconds
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(given).timestamp() - time.time() if given else None
    except (ValueError, OverflowError):
        return None


class _Translated:
    """A context that turns the HTTP client's errors into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, _: TracebackType | None
    ) -> None:
        if problem is None or isinstance(problem, UpstreamError):
            return
        for kinds, build in _TABLE:
            if isinstance(problem, kinds):
                raise build(problem) from problem


def _unreachable(problem: Any) -> UpstreamError:
    return Unreachable(f"The connection failed: {problem}.", was_sent=False)


# The first that fits counts: what comes earlier is a special case of what comes later.
_TABLE: tuple[tuple[Any, Callable[[Any], UpstreamError]], ...] = (
    (aiohttp.ConnectionTimeoutError, lambda _: TimedOut("It took no connection in time.", was_sent=False)),
    (TimeoutError, lambda _: TimedOut("It did not answer in time.")),
    ((aiohttp.ClientConnectorError, aiohttp.InvalidURL), _unreachable),
    (aiohttp.ClientResponseError, lambda problem: Failed(f"Its answer is not HTTP: {problem.message}.")),
    ((aiohttp.ClientError, OSError), lambda problem: Unreachable(f"The connection broke: {problem}.")),
)
TRANSLATED = _Translated()
