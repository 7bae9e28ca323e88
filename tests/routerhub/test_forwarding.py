"""What a gateway hands to the control plane, over real HTTP: a forwarder before a server that tells what it got."""

import hashlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from routerhub.forwarding import not_served_here
from tests.routerhub.control_plane import PIECE, ControlPlane, Served, ask, front, opened, told, values
from tests.stack import eventually


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
