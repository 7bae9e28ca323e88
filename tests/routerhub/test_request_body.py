"""A body that never comes holds no connection: on the way to the control plane, over sockets."""

import pytest
from starlette.types import Receive, Scope, Send

from tests.routerhub.control_plane import Served, front, opened


async def hang(_scope: Scope, receive: Receive, _send: Send) -> None:
    """Reads as long as somebody is there."""
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.mark.parametrize(("path", "kind"), [(b"/api/x", b"application/problem+json"), (b"/x", b"text/plain")])
def test_a_body_that_never_comes_is_not_waited_for_without_end(path: bytes, kind: bytes) -> None:
    with (
        Served(hang, lifespan="off") as control,
        Served(front(f"http://127.0.0.1:{control.port}", body_wait_s=0.05)) as gateway,
        opened(gateway.port, b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf") as slow,
    ):
        answer = b"".join(iter(lambda: slow.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout")
    assert b"content-type: " + kind in answer
    assert b"waited for 0.05 s" in answer
