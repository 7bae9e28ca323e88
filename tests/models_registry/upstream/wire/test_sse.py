"""Events out of bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models_registry.upstream.wire import sse
from models_registry.upstream.wire.sse import BOM, EventParser, TooLong

EVENTS = (
    BOM
    + b': hello\r\ndata: {"a": 1}\r\n\r\ndata: one\ndata: two\n\nevent: x\ndata:last\r\rdata\r\rdata:\n\n: data: x\n\n'
)


def fed(raw: bytes, sizes: list[int]) -> list[bytes]:
    parser = EventParser()
    found: list[bytes] = []
    for size in [*sizes, len(raw)]:
        found += parser.feed(raw[:size])
        raw = raw[size:]
    return found


@given(st.lists(st.integers(0, 30), max_size=60))
def test_events_are_the_same_in_whatever_pieces_they_come(sizes: list[int]) -> None:
    assert fed(EVENTS, sizes) == [b'{"a": 1}', b"one\ntwo", b"last", b""]


@given(
    st.binary(max_size=50).filter(lambda raw: not {b"\r"[0], b"\n"[0]} & set(raw)),
    st.lists(st.integers(1, 5), max_size=60),
)
def test_no_byte_but_cr_and_lf_ends_a_line(raw: bytes, sizes: list[int]) -> None:
    assert fed(b"data: " + raw + b"\n\n", sizes) == [raw]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\0"])
def test_other_separators_are_part_of_the_text(separator: str) -> None:
    text = f"a{separator}b".encode()
    assert fed(b"data: " + text + b"\n\n", []) == [text]


def test_what_is_not_ended_is_no_event() -> None:
    assert fed(b"data: a\n\ndata: b\n", []) == [b"a"]


def test_a_line_feed_after_a_carriage_return_belongs_to_it_also_in_the_next_piece() -> None:
    parser = EventParser()
    assert [list(parser.feed(piece)) for piece in (b"data: a\r", b"\n", b"\r", b"\n", b"data: b\n\n")] == [
        [], [], [b"a"], [], [b"b"],
    ]  # fmt: skip


@pytest.mark.parametrize("piece", [b"x" * 60, b"data: x\n" * 7, b": " + b"x" * 58])
def test_a_line_or_an_event_that_is_too_long_is_refused(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    with pytest.raises(TooLong):
        fed(piece * 100, [len(piece)] * 100)


def test_many_short_events_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    assert len(fed(b"data: short\n\n" * 1_000, [700] * 100)) == 1_000
