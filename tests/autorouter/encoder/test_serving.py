"""The process's side of the socket, and whoever asks it from threads."""

import socket
from contextlib import suppress

import pytest

from autorouter.encoder import serving
from autorouter.encoder.blocking import BlockingAsker, asker_at
from autorouter.encoder.cache import Cache
from autorouter.encoder.wire import MAX_LINE_BYTES
from tests.autorouter.encoder.fake import CODING, FakeEncoder

PLENTY_MS = 5_000


def test_threads_are_answered_from_the_cache_and_over_a_restart(encoder: FakeEncoder) -> None:
    asker = BlockingAsker(encoder.address)
    assert asker.hear("sort a list", PLENTY_MS).judged == CODING
    assert asker.hear("sort a list", PLENTY_MS).result == "cached"
    encoder.kill()
    encoder.start(digest="v2")
    assert asker.hear("another", PLENTY_MS).judged == CODING
    assert asker.hear("sort a list", PLENTY_MS).result == "answered", "another version is another answer"
    asker.stop()


def test_threads_do_not_wait_longer_than_they_said_nor_for_one_that_is_away(encoder: FakeEncoder) -> None:
    asker = BlockingAsker(encoder.address)
    encoder.judge.may_go.clear()
    heard = asker.hear("sort a list", 20)
    assert (heard.result, heard.took_us >= 20_000) == ("late", True)
    encoder.kill()
    assert asker.hear("another", PLENTY_MS).result == "away"
    assert asker.hear("and another", PLENTY_MS).took_us == 0
    encoder.start()
    assert asker_at("") is None


def test_it_says_how_it_stands(encoder: FakeEncoder) -> None:
    asker = BlockingAsker(encoder.address)
    asker.hear("sort a list", PLENTY_MS)
    status = asker.status()
    assert status is not None
    assert (status.digest, status.judged, status.dropped) == ("v1", 1, 0)
    assert status.resident_bytes > 1_000_000
    assert 0 < status.answer_us < PLENTY_MS * 1_000
    asker.stop()


@pytest.mark.parametrize(
    "said",
    [b"hello\n", b'{"id": 1, "within_us": 1, "text": "' + b"x" * 1_500 + b'"}\n', b"x" * 2 * MAX_LINE_BYTES,
     b'{"id": "one"}\n', b"\xff\n"],
)  # fmt: skip
def test_who_asks_nonsense_is_cut_off_and_nobody_else(encoder: FakeEncoder, said: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(encoder.address)
        client.sendall(said)
        client.settimeout(5)
        with suppress(ConnectionResetError):
            assert client.recv(100) == b""
    asker = BlockingAsker(encoder.address)
    assert asker.hear("sort a list", PLENTY_MS).judged == CODING
    asker.stop()


def test_where_too_many_wait_the_oldest_is_told_so(encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MAX_WAITING", 1)
    encoder.judge.may_go.clear()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(encoder.address)
        client.sendall(b'{"id": 1, "within_us": 5000000, "text": "is worked on"}\n')
        encoder.judge.is_stuck.wait()
        for number in (2, 3):
            client.sendall(b'{"id": %d, "within_us": 5000000, "text": "waits"}\n' % number)
        client.settimeout(5)
        assert client.recv(100) == b'{"id":2}\n'


def test_the_cache_is_bounded_and_forgets_what_was_not_asked_for_the_longest() -> None:
    cache = Cache(max_answers=2)
    for key in (b"a", b"b"):
        cache.put(key, CODING)
    cache.get(b"a")
    cache.put(b"c", CODING)
    assert [cache.get(key) for key in (b"a", b"b", b"c")] == [CODING, None, CODING]
