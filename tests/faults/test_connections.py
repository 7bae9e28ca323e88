"""Connections as no good client makes them: a thousand that rest, half a head, several requests at once, old versions."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
IDLE, SLOW = 1_000, 200
WITHIN_S = 10


def request(stack: Stack, text: str = "Hello", version: str = "1.1", connection: str = "", **fields: Any) -> bytes:
    body = json.dumps({"model": "auto", "messages": [{"role": "user", "content": text}], **fields}).encode()
    lines = [
        f"POST /v1/chat/completions HTTP/{version}", "Host: x", f"Authorization: Bearer {stack.key}",
        "Content-Type: application/json", f"Content-Length: {len(body)}", *([f"Connection: {connection}"] if connection else []),
    ]  # fmt: skip
    return "\r\n".join([*lines, "", ""]).encode() + body


@contextmanager
def connected(stack: Stack) -> Iterator[socket.socket]:
    url = urlsplit(stack.url)
    with closing(socket.create_connection((url.hostname, url.port or 80), timeout=WITHIN_S)) as made:
        yield made


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server closes."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_thousand_connections_that_rest_keep_nobody_out(stack: Stack) -> None:
    with ExitStack() as open_:
        resting = [open_.enter_context(connected(stack)) for _ in range(IDLE)]
        began = time.monotonic()
        assert stack.chat()[0] == 200
        assert stack.chat()[0] == 200
        assert time.monotonic() - began < WITHIN_S
        resting[0].sendall(request(stack, connection="close"))
        assert rest(resting[0]).startswith(b"HTTP/1.1 200")


def test_heads_that_come_letter_by_letter_keep_nobody_out(stack: Stack) -> None:
    whole = request(stack)
    with ExitStack() as open_:
        slow = [open_.enter_context(connected(stack)) for _ in range(SLOW)]
        for at in range(20):
            for each in slow:
                each.sendall(whole[at : at + 1])
        assert stack.chat()[0] == 200
        slow[0].sendall(whole[20:])
        assert slow[0].recv(65_536).startswith(b"HTTP/1.1 200"), "a slow head is a head"


def test_requests_sent_one_behind_another_are_answered_in_their_order(stack: Stack) -> None:
    slow = request(stack, sandbox={"reply": "first", "latency_ms": 300})
    with connected(stack) as connection:
        connection.sendall(
            slow + request(stack, sandbox={"reply": "second"}) + request(stack, connection="close", stream=True)
        )
        first, second, third = rest(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert b"[sandbox] first" in first
    assert b"[sandbox] second" in second
    assert b"data: [DONE]" in third


def test_a_client_that_sends_no_more_but_reads_is_answered(stack: Stack) -> None:
    with connected(stack) as connection:
        connection.sendall(request(stack, connection="close"))
        assert rest(connection).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_client_of_http_1_0_gets_a_body_that_ends_with_its_connection(stack: Stack, is_stream: bool) -> None:
    with connected(stack) as connection:
        connection.sendall(request(stack, version="1.0", stream=is_stream))
        head, _, body = rest(connection).partition(b"\r\n\r\n")
    assert b" 200 " in head
    assert b"transfer-encoding" not in head.lower()
    if is_stream:
        assert body.startswith(b"data: {")
        assert body.endswith(b"data: [DONE]\n\n")
    else:
        assert json.loads(body)["choices"]


def test_half_a_body_is_never_asked_of_anybody(stack: Stack) -> None:
    whole = request(stack, routerhub={"tags": ["half"]})
    with connected(stack) as connection:
        connection.sendall(whole[:-10])
        assert stack.chat()[0] == 200
    assert stack.rows("SELECT count(*) FROM analytics_record WHERE 'half' = ANY (tags)") == [(0,)]


def test_who_sends_a_request_and_half_another_is_answered_the_first(stack: Stack) -> None:
    with connected(stack) as connection:
        connection.sendall(request(stack) + request(stack)[:50])
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
    assert eventually(lambda: stack.chat()[0] == 200)
