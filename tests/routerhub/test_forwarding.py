"""What a gateway hands to the control plane, over real HTTP: a forwarder before a server that tells what it got."""

import asyncio
import contextlib
import hashlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from routerhub.embedded.processes import free_port
from routerhub.forwarding import Forwarder, not_served_here
from tests.stack import eventually

PIECE = b"x" * 65_536


class Served:
    """An ASGI application on a loopback port, in a thread of its own."""

    def __init__(self, application: Any, port: int | None = None, **options: Any) -> None:
        self.port = port or free_port()
        chosen = {"http": "httptools", "loop": "uvloop", "log_config": None, "access_log": False, **options}
        config = uvicorn.Config(application, port=self.port, **chosen)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> "Served":
        self.thread.start()
        eventually(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()


class ControlPlane:
    """Behaves as the path says, and tells what came."""

    def __init__(self) -> None:
        self.got = 0
        self.goes_on = threading.Event()
        self.was_left = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await getattr(self, scope["path"].strip("/").partition("/")[0].replace("-", "_"))(scope, receive, send)

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._read(receive)
        told = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "client": scope["client"][0],
            "scheme": scope["scheme"],
            "sha256": hashlib.sha256(body).hexdigest(),
            "bytes": len(body),
        }
        await self._answer(send, 200, json.dumps(told).encode())

    async def stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.to_thread(self.goes_on.wait)
        await send({"type": "http.response.body", "body": b"last"})

    async def hang(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            self.got += 1
        self.was_left.set()

    async def stream_for_ever(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        leaving = asyncio.create_task(self.hang(scope, receive, send))
        while not self.was_left.is_set():
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})
            self.got += len(PIECE)
            await asyncio.sleep(0)
        await leaving

    async def read_nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(self.goes_on.wait)
        await self._answer(send, 200, b"")

    async def break_off(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000")] if b"counted" in scope["query_string"] else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.sleep(0.05)

    async def refuse_early(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(send, 413, b"too large")

    async def redirect(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"location", b"/echo"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2; Path=/"),
                   (b"connection", b"x-own"), (b"x-own", b"of this connection"), (b"x-kept", b"caf\xc3\xa9")]  # fmt: skip
        await self._answer(send, 302, b"", headers)

    async def packed(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._answer(send, 200, b"\x1f\x8b not really gzip", [(b"content-encoding", b"gzip")])

    async def _read(self, receive: Receive) -> bytes:
        pieces = []
        more = True
        while more:
            message = await receive()
            pieces.append(message.get("body", b""))
            self.got += len(pieces[-1])
            more = message.get("more_body", False)
        return b"".join(pieces)

    @staticmethod
    async def _answer(send: Send, status: int, body: bytes, headers: Any = ()) -> None:
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
        await send({"type": "http.response.body", "body": body})


def front(url: str, body_wait_s: float = 60) -> Any:
    """A gateway without /v1."""
    forwarder: list[Forwarder] = []

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await forwarder[0](scope, receive, send)
            return
        await receive()
        forwarder.append(Forwarder(url, body_wait_s))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await forwarder[0].close()
        await send({"type": "lifespan.shutdown.complete"})

    return application


@pytest.fixture
def behind() -> Iterator[ControlPlane]:
    plane = ControlPlane()
    yield plane
    plane.goes_on.set()


@pytest.fixture
def port(behind: ControlPlane) -> Iterator[int]:
    """Of a gateway before a control plane that believes what the gateway says of the client."""
    options: dict[str, Any] = {"lifespan": "off", "proxy_headers": True, "forwarded_allow_ips": "127.0.0.1"}
    with (
        Served(behind, **options) as control,
        Served(front(f"http://127.0.0.1:{control.port}"), proxy_headers=False) as gateway,
    ):
        yield gateway.port


@pytest.fixture
def port_without_control_plane() -> Iterator[int]:
    with Served(front(f"http://127.0.0.1:{free_port()}"), proxy_headers=False) as gateway:
        yield gateway.port


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(port: int, method: str, path: str, body: Any = None, headers: Any = None) -> Answer:
    """The whole answer to one request on a connection of its own."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, body, headers or {})
        with connection.getresponse() as answer:
            return Answer(status=answer.status, headers=answer.headers, body=answer.read())


def told(port: int, path: str = "/echo", headers: Any = None, method: str = "GET", body: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(port, method, path, body, headers).body)
    return found


def values(told: dict[str, Any], name: str) -> list[str]:
    return [value for each, value in told["headers"] if each == name]


def opened(port: int, text: bytes) -> socket.socket:
    """A connection on which a request has been sent as spelled."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(text)
    return connection


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_method_address_and_body_arrive_as_they_were_spelled(port: int, method: str) -> None:
    body = b'{"a": 1}'
    seen = told(port, "/echo/a%2Fb//c%20d?x=%20&y=a+b&y=%C3%A9", method=method, body=body)
    assert (seen["method"], seen["path"]) == (method, "/echo/a%2Fb//c%20d")
    assert seen["query"] == "x=%20&y=a+b&y=%C3%A9"
    assert seen["sha256"] == hashlib.sha256(body).hexdigest()
    assert values(seen, "content-length") == ["8"]


def test_headers_pass_but_those_of_the_connection_do_not(port: int) -> None:
    given = {
        "Host": "router.example", "Cookie": "sessionid=1; csrftoken=2", "Authorization": "Bearer rh_1", "Accept": "text/csv",
        "Connection": "close, X-Own", "X-Own": "mine", "Keep-Alive": "5", "TE": "trailers", "Upgrade": "h2c",
        "Proxy-Authorization": "Basic eA==",
    }  # fmt: skip
    seen = told(port, headers=given)
    for name in ("Host", "Cookie", "Authorization", "Accept"):
        assert values(seen, name.lower()) == [given[name]]
    for name in ("Connection", "X-Own", "Keep-Alive", "TE", "Upgrade", "Proxy-Authorization"):
        assert values(seen, name.lower()) == []
    assert values(told(port, headers={"X-Name": "café".encode()}), "x-name") == ["caf\xc3\xa9"]
    assert values(seen, "user-agent") == [], "nothing is added that the client did not send"


def test_what_a_client_claims_of_its_address_is_not_believed(port: int) -> None:
    claims = {
        "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9", "X_Forwarded_For": "203.0.113.9",
        "X-Forwarded_Proto": "https",
    }  # fmt: skip
    seen = told(port, headers=claims)
    assert (seen["client"], seen["scheme"]) == ("127.0.0.1", "http")
    assert values(seen, "x-forwarded-for") == ["127.0.0.1"]
    assert "203.0.113.9" not in str(seen["headers"])
    assert "evil.example" not in str(seen["headers"])


def test_behind_a_proxy_that_the_gateway_knows_the_client_is_whom_the_proxy_names(behind: ControlPlane) -> None:
    trusted: dict[str, Any] = {"proxy_headers": True, "forwarded_allow_ips": "127.0.0.1"}
    with (
        Served(behind, lifespan="off", **trusted) as control,
        Served(front(f"http://127.0.0.1:{control.port}"), **trusted) as gateway,
    ):
        seen = told(gateway.port, headers={"X-Forwarded-For": "1.1.1.1, 203.0.113.9", "X-Forwarded-Proto": "https"})
        assert (seen["client"], seen["scheme"]) == ("203.0.113.9", "https")
        assert told(gateway.port, headers={"X-Forwarded-For": "not an address"})["client"] == "unknown"


def test_an_answer_passes_as_it_is_with_its_redirect_not_followed(port: int) -> None:
    answer = ask(port, "GET", "/redirect")
    assert (answer.status, answer.headers.get("location")) == (302, "/echo")
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2; Path=/"]
    assert answer.headers.get("x-kept") == "caf\xc3\xa9"
    assert answer.headers.get("x-own") is None
    assert len(answer.headers.get_all("date") or []) == len(answer.headers.get_all("server") or []) == 1
    packed = ask(port, "GET", "/packed")
    assert (packed.headers.get("content-encoding"), packed.body) == ("gzip", b"\x1f\x8b not really gzip")


def test_asked_for_the_head_alone_the_length_is_told_and_nothing_sent(port: int) -> None:
    answer = ask(port, "HEAD", "/packed")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "18", b"")


def test_a_client_that_waits_to_be_let_on_is_and_sends(port: int) -> None:
    with opened(port, b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n") as asking:
        assert asking.recv(1_024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        asking.sendall(b"hi")
        with http.client.HTTPResponse(asking) as answer:
            answer.begin()
            assert json.loads(answer.read())["bytes"] == 2


def test_an_answer_comes_piece_by_piece(port: int, behind: ControlPlane) -> None:
    with opened(port, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n") as asking, http.client.HTTPResponse(asking) as answer:
        answer.begin()
        assert answer.read(5) == b"first", "before the control plane has said the rest"
        behind.goes_on.set()
        assert answer.read() == b"last"


def test_a_body_goes_piece_by_piece(port: int, behind: ControlPlane) -> None:
    with opened(port, b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n") as sending:
        eventually(lambda: behind.got == 5)
        sending.sendall(b"4\r\nlast\r\n0\r\n\r\n")
        with http.client.HTTPResponse(sending) as answer:
            answer.begin()
            assert json.loads(answer.read())["sha256"] == hashlib.sha256(b"firstlast").hexdigest()


def test_a_large_file_arrives_whole(port: int) -> None:
    pieces = 1_024
    whole = hashlib.sha256(PIECE * pieces).hexdigest()
    length = {"Content-Length": str(len(PIECE) * pieces)}
    seen = told(port, method="POST", body=(PIECE for _ in range(pieces)), headers=length)
    assert (seen["bytes"], seen["sha256"]) == (67_108_864, whole)


def test_a_slow_reader_slows_the_control_plane_and_fills_no_memory(port: int, behind: ControlPlane) -> None:
    with opened(port, b"GET /stream-for-ever HTTP/1.1\r\nHost: x\r\n\r\n"):
        assert settled(lambda: behind.got) < 64 * 1024 * 1024
    eventually(behind.was_left.is_set)


def test_a_control_plane_that_does_not_read_stops_the_sender_and_fills_no_memory(
    port: int, behind: ControlPlane
) -> None:
    sent: list[int] = []

    def send_without_end() -> None:
        while True:
            sent.append(sending.send(PIECE))

    with opened(port, b"POST /read-nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n") as sending:
        sending.settimeout(0.5)
        with pytest.raises(TimeoutError):
            send_without_end()
    behind.goes_on.set()
    assert sum(sent) < 64 * 1024 * 1024


def settled(figure: Callable[[], int]) -> int:
    """A figure that grows, as soon as it has not for a while."""
    seen: list[int] = []

    def stands() -> bool:
        seen.append(figure())
        return seen[-1] > 0 and seen[-10:] == [seen[-1]] * 10

    eventually(stands, within_s=20)
    return seen[-1]


def test_an_answer_before_the_body_was_read_reaches_whoever_is_still_sending(port: int) -> None:
    answer = ask(port, "POST", "/refuse-early", PIECE * 64)
    assert (answer.status, answer.body) == (413, b"too large")


@pytest.mark.parametrize("rest", [b"\r\n", b"Content-Length: 10\r\n\r\nhalf"])
def test_a_client_that_leaves_is_left_by_the_control_plane_too(port: int, behind: ControlPlane, rest: bytes) -> None:
    """While the answer is waited for, and in the middle of its own body."""
    with opened(port, b"POST /hang HTTP/1.1\r\nHost: x\r\n" + rest) as leaving:
        eventually(lambda: behind.got)
        leaving.close()
    eventually(behind.was_left.is_set, within_s=1)


@pytest.mark.parametrize("query", ["", "?counted"])
def test_an_answer_that_breaks_off_does_not_look_whole(port: int, query: str) -> None:
    with pytest.raises(http.client.IncompleteRead):
        ask(port, "GET", f"/break-off{query}")


def test_without_the_control_plane_an_api_call_gets_problem_details(port_without_control_plane: int) -> None:
    answer = ask(port_without_control_plane, "POST", "/api/routing/select?x=1", b"{}")
    assert (answer.status, answer.headers.get("content-type")) == (503, "application/problem+json")
    assert answer.headers.get("retry-after") == "5"
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The control plane does not answer; try again in a moment. /v1 is served as before.",
        "instance": "/api/routing/select",
    }


def test_without_the_control_plane_a_page_says_so_in_a_sentence(port_without_control_plane: int) -> None:
    answer = ask(port_without_control_plane, "GET", "/admin/")
    assert (answer.status, answer.headers.get("content-type")) == (503, "text/plain; charset=utf-8")
    assert answer.body.startswith(b"The control plane does not answer; try again in a moment.")


def test_a_control_plane_that_ends_before_it_answers_is_not_asked_again(port: int, behind: ControlPlane) -> None:
    """It may have done what was asked: only who asked can tell whether to try again."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []

    def end() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            asked.append(connection.recv(65_536))
            connection.close()

    ending = threading.Thread(target=end)
    ending.start()
    with Served(front(f"http://127.0.0.1:{listener.getsockname()[1]}")) as gateway:
        answer = ask(gateway.port, "POST", "/api/x", b"{}")
        assert (answer.status, json.loads(answer.body)["title"]) == (502, "Bad Gateway")
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    ending.join()
    assert len(asked) == 1


def test_connecting_is_waited_for_two_seconds_and_no_longer() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with opened(full.getsockname()[1], b""), Served(front(f"http://127.0.0.1:{full.getsockname()[1]}")) as gateway:
            began = time.monotonic()
            assert ask(gateway.port, "GET", "/api/x").status == 503
            assert 1.9 < time.monotonic() - began < 4


def test_a_control_plane_that_comes_back_is_found(behind: ControlPlane) -> None:
    with Served(behind, lifespan="off") as first, Served(front(f"http://127.0.0.1:{first.port}")) as gateway:
        assert ask(gateway.port, "POST", "/echo", b"1").status == 200
        first.__exit__()
        assert ask(gateway.port, "POST", "/echo", b"1").status == 503
        with Served(behind, first.port, lifespan="off"):
            assert [ask(gateway.port, "POST", "/echo", b"1").status for _ in range(3)] == [200] * 3


def test_a_gateway_that_knows_no_control_plane_says_what_it_serves() -> None:
    with Served(not_served_here, lifespan="off") as gateway:
        answer = ask(gateway.port, "GET", "/admin/")
        assert (answer.status, answer.body) == (
            404,
            b"This process serves /v1 only: no control plane is set (CONTROL_PLANE_URL).\n",
        )
