"""What a gateway does not serve itself is the control plane's: forwarded there and back as it comes, piece by piece.

The gateway adds who asked, from the connection itself, and nothing that a client says of that goes through. Nothing is
buffered, unpacked, followed or tried twice.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Mapping

import aiohttp
import orjson
from starlette.types import Message, Receive, Scope, Send
from yarl import URL

from routerhub.audit.change import valid_address
from routerhub.problem_details import CONTENT_TYPE, problem
from routerhub.request_body import BodyTimedOut, PatientReceive

logger = logging.getLogger(__name__)
CONNECT_WAIT_S = 2.0
IDLE_CONNECTION_S = 2.0
"""A connection that rested longer is not used again. The control plane's server ends one after 5 s: whoever reuses it in that
moment would lose a request that must not be sent twice."""
MAX_HEADER_BYTES = 64 * 1024
RETRY_AFTER_S = 5
SERVED_HERE = "/v1 is served as before."

OF_ONE_CONNECTION = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Headers that say something of one connection alone, RFC 9110 section 7.6.1."""
ABOUT_THE_CLIENT = ("forwarded", "x-forwarded-", "x-real-ip")
"""What a client might claim of itself, by how the names begin."""

Headers = Iterable[tuple[bytes, bytes]]


class Forwarder:
    """One HTTP client of the control plane at `url`, as an ASGI application. Opened in the loop that it serves in. A body is
    waited for `body_wait_s`."""

    def __init__(self, url: str, body_wait_s: float) -> None:
        self._base = URL(url)
        self._body_wait_s = body_wait_s
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_CONNECTION_S),
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_WAIT_S, sock_connect=CONNECT_WAIT_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )

    async def close(self) -> None:
        await self._client.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what the control plane answers. Whoever asks and leaves ends the request there too."""
        pieces: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=1)
        answer = _Answer(send)
        listening = asyncio.create_task(_listen(PatientReceive(receive, self._body_wait_s), pieces))
        exchange = asyncio.create_task(self._exchange(scope, _body(pieces), answer))
        try:
            await asyncio.wait({listening, exchange}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, exchange):
                task.cancel()
            await asyncio.wait({listening, exchange})
        with contextlib.suppress(asyncio.CancelledError):
            exchange.result()
        late = None if listening.cancelled() else listening.exception()
        if isinstance(late, BodyTimedOut) and not answer.has_begun:
            await refuse(scope, send, 408, str(late))

    async def _exchange(self, scope: Scope, body: AsyncIterator[bytes], send: Send) -> None:
        try:
            async with self._client.request(
                scope["method"],
                self._url(scope),
                headers=forwarded_headers(scope),
                data=body if _has_body(scope["headers"]) else None,
                allow_redirects=False,
            ) as response:
                await _relay(response, send)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            logger.warning("action=forward path=%s problem=%s", scope["path"], error)
            await refuse(scope, send, 503, f"The control plane does not answer; try again in a moment. {SERVED_HERE}")
        except aiohttp.ClientConnectionError as error:
            logger.warning("action=forward path=%s problem=%r", scope["path"], error)
            await refuse(scope, send, 502, f"The control plane ended before it answered. {SERVED_HERE}")

    def _url(self, scope: Scope) -> URL:
        """The address as the client spelled it."""
        base = self._base
        return URL.build(
            scheme=base.scheme,
            host=base.host or "",
            port=base.port,
            path=scope["raw_path"].decode("latin-1"),
            query_string=scope["query_string"].decode("latin-1"),
            encoded=True,
        )


class _Answer:
    """`send`, which knows whether it was used."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        await self._send(message)


async def _listen(receive: Receive, pieces: "asyncio.Queue[bytes | None]") -> None:
    """Take the body piece by piece, None after the last one; then wait. It returns when the client leaves. Raises what
    `receive` does."""
    is_whole = False
    while (message := await receive())["type"] != "http.disconnect":
        if is_whole:
            continue
        if message.get("body"):
            await pieces.put(message["body"])
        is_whole = not message.get("more_body", False)
        if is_whole:
            await pieces.put(None)


async def _body(pieces: "asyncio.Queue[bytes | None]") -> AsyncIterator[bytes]:
    while (piece := await pieces.get()) is not None:
        yield piece


async def _relay(response: aiohttp.ClientResponse, send: Send) -> None:
    """Pass the answer on. One that breaks off stays incomplete, so that the client sees that it is."""
    dropped = OF_ONE_CONNECTION | _named_by_connection(response.raw_headers) | {"date", "server"}
    headers = [(name.lower(), value) for name, value in response.raw_headers if _name(name) not in dropped]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    try:
        async for piece in response.content.iter_any():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except aiohttp.ClientError as error:
        logger.warning("action=forward status=%s problem=%r", response.status, error)
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def forwarded_headers(scope: Scope) -> list[tuple[str, str]]:
    """The client's headers, Host among them, without those of its connection and its claims; with where it really is."""
    dropped = OF_ONE_CONNECTION | _named_by_connection(scope["headers"]) | {"expect"}
    kept = [
        (_name(name), _text(value))
        for name, value in scope["headers"]
        if _name(name) not in dropped and not _name(name).replace("_", "-").startswith(ABOUT_THE_CLIENT)
    ]
    address = valid_address(scope["client"][0] if scope.get("client") else None)
    return [*kept, ("x-forwarded-for", address or "unknown"), ("x-forwarded-proto", scope["scheme"])]


def _named_by_connection(headers: Headers) -> set[str]:
    """Further headers that this connection calls its own."""
    values = [value.decode("latin-1") for name, value in headers if _name(name) == "connection"]
    return {each.strip().lower() for value in values for each in value.split(",")}


def _has_body(headers: Headers) -> bool:
    given: Mapping[str, bytes] = {_name(name): value for name, value in headers}
    return "transfer-encoding" in given or given.get("content-length", b"0") != b"0"


def _text(value: bytes) -> str:
    """So that the HTTP client, which writes UTF-8, sends the same bytes; what is no UTF-8 at all it cannot."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _name(name: bytes) -> str:
    return name.decode("latin-1").lower()


async def not_served_here(scope: Scope, _receive: Receive, send: Send) -> None:
    """What a gateway answers that knows no control plane."""
    await refuse(scope, send, 404, "This process serves /v1 only: no control plane is set (CONTROL_PLANE_URL).")


async def refuse(scope: Scope, send: Send, status: int, detail: str) -> None:
    """Problem details below /api/, a line of text elsewhere."""
    is_api = scope["path"].startswith("/api/")
    body = orjson.dumps(problem(status, detail, scope["path"])) if is_api else f"{detail}\n".encode()
    headers = [
        (b"content-type", CONTENT_TYPE.encode() if is_api else b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *([(b"retry-after", str(RETRY_AFTER_S).encode())] if status == 503 else []),
        *([(b"connection", b"close")] if status == 408 else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
