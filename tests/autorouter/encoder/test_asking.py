"""Asking from a loop: in time, late, away, again; over a real socket."""

import asyncio
from pathlib import Path

import orjson
import pytest

from autorouter.encoder import asking, patience
from autorouter.encoder.asking import Asker
from autorouter.encoder.patience import Heard
from tests.autorouter.encoder.fake import CODING, FakeEncoder

pytestmark = pytest.mark.anyio
PLENTY_MS = 5_000


async def connected(address: str) -> Asker:
    asker = Asker(address)
    await asker.connect()
    return asker


async def test_it_answers_once_for_equal_texts_and_keeps_the_answer(encoder: FakeEncoder) -> None:
    asker = await connected(encoder.address)
    together = await asyncio.gather(*(asker.hear("sort a list", PLENTY_MS) for _ in range(5)))
    assert [heard.judged for heard in together] == [CODING] * 5
    assert together[0].took_us > 0
    assert await asker.hear("sort a list", PLENTY_MS) == Heard(result="cached", judged=CODING)
    assert encoder.judge.judged == ["sort a list"]
    assert (asker.is_up, asker.version) == (True, "v1")
    asker.stop()


async def test_two_workers_share_it_and_long_texts_are_cut(encoder: FakeEncoder) -> None:
    one, other = await connected(encoder.address), await connected(encoder.address)
    heard = await asyncio.gather(one.hear("x" * 5_000, PLENTY_MS), other.hear("half \ud83d of one", PLENTY_MS))
    assert [each.judged for each in heard] == [CODING, CODING]
    assert sorted(encoder.judge.judged) == ["half ? of one", f"{'x' * 1_000}\n{'x' * 400}"]
    one.stop()
    other.stop()


async def test_a_late_answer_is_not_waited_for_but_kept(encoder: FakeEncoder) -> None:
    asker = await connected(encoder.address)
    encoder.judge.may_go.clear()
    late = await asker.hear("sort a list", 20)
    assert (late.result, late.judged, late.took_us >= 20_000) == ("late", None, True)
    encoder.judge.may_go.set()
    assert (await asker.hear("sort a list", PLENTY_MS)).judged == CODING
    assert encoder.judge.judged == ["sort a list"], "the first answer served the second question"
    asker.stop()


async def test_what_nobody_waits_for_any_more_is_not_worked_on_and_the_newest_goes_first(encoder: FakeEncoder) -> None:
    asker, hasty = await connected(encoder.address), await connected(encoder.address)
    encoder.judge.may_go.clear()
    first = asyncio.create_task(asker.hear("first", PLENTY_MS))
    await asyncio.to_thread(encoder.judge.is_stuck.wait)
    late = asyncio.create_task(hasty.hear("gives up", 0))
    older = asyncio.create_task(asker.hear("older", PLENTY_MS))
    newer = asyncio.create_task(asker.hear("newer", PLENTY_MS))
    assert (await late).result == "late"
    encoder.judge.may_go.set()
    await asyncio.gather(first, older, newer)
    assert encoder.judge.judged == ["first", "newer", "older"]
    asker.stop()
    hasty.stop()


async def test_no_more_are_asked_at_once_than_can_be_answered_in_time(encoder: FakeEncoder) -> None:
    asker = await connected(encoder.address)
    encoder.judge.may_go.clear()
    within_ms = 2 * asking.ANSWER_US // 1_000
    heard = await asyncio.gather(*(asker.hear(f"text {each}", within_ms) for each in range(4)))
    assert [each.result for each in heard] == ["late", "late", "busy", "busy"]
    asker.stop()


async def test_one_that_says_how_slow_it_is_is_asked_accordingly(tmp_path: Path) -> None:
    told = {"id": 0, "digest": "slow", "up_s": 1, "resident_bytes": 1, "answer_us": 9_000, "judged": 1, "dropped": 0}

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(orjson.dumps(told) + b"\n")
        while await reader.read(1_000):
            pass
        writer.close()
        await writer.wait_closed()
        has_left.set()

    has_left, address = asyncio.Event(), str(tmp_path / "slow.sock")
    async with await asyncio.start_unix_server(tell, address):
        asker = await connected(address)
        while asker.version != "slow":
            assert (await asker.hear("until it has said so", 1)).result == "late"
        heard = await asyncio.gather(*(asker.hear(f"text {each}", 20) for each in range(4)))
        assert [each.result for each in heard] == ["late", "late", "busy", "busy"]
        asker.stop()
        await has_left.wait()


async def test_one_that_is_late_again_and_again_is_asked_once_a_second_only(
    encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "MAX_LATE", 3)
    asker = await connected(encoder.address)
    encoder.judge.may_go.clear()
    assert [(await asker.hear(f"text {each}", 1)).took_us > 0 for each in range(5)] == [True] * 3 + [False] * 2
    assert (await asker.hear("another", 1)).result == "late"
    monkeypatch.setattr(asker._patience, "_tries_at", 0.0)
    encoder.judge.may_go.set()
    assert (await asker.hear("a second later", PLENTY_MS)).judged == CODING
    assert (await asker.hear("and from there on", PLENTY_MS)).judged == CODING
    asker.stop()


async def test_killed_it_costs_nothing_and_is_found_again(
    encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = await connected(encoder.address)
    await asker.hear("sort a list", PLENTY_MS)
    encoder.judge.may_go.clear()
    waiting = asyncio.create_task(asker.hear("under way", PLENTY_MS))
    await asyncio.to_thread(encoder.judge.is_stuck.wait)
    await asyncio.to_thread(encoder.kill)
    assert (await waiting).result == "away", "nobody waits for one that is gone"
    assert await asker.hear("meanwhile", PLENTY_MS) == Heard(result="away")
    assert (await asker.hear("sort a list", PLENTY_MS)).result == "cached"
    encoder.start(digest="v2")
    await asker.start()
    monkeypatch.setattr(asker._patience, "_tries_at", 0.0)
    assert (await asker.hear("again", PLENTY_MS)).judged == CODING
    assert (await asker.hear("sort a list", PLENTY_MS)).result == "answered", "another version, another answer"
    assert asker.version == "v2"
    asker.stop()


async def test_where_nobody_listens_it_is_away(tmp_path: Path) -> None:
    for address in (str(tmp_path / "none.sock"), "tcp://127.0.0.1:1"):
        heard = await (await connected(address)).hear("sort a list", PLENTY_MS)
        assert (heard.result, heard.judged) == ("away", None)


@pytest.mark.parametrize(
    "said",
    [b"hello\n", b"[]\n", b'{"id": 1, "categories": [1.0], "complexities": [1.0]}\n', b"x" * 20_000,
     b'{"id": 1, "categories": ["a","b","c","d","e","f","g"], "complexities": [0.1,0.2,0.7]}\n', b'{"id": 0, "digest": "x"}\n',
     b'{"id":0,"digest":"x","up_s":1,"resident_bytes":1,"answer_us":"slow","judged":1,"dropped":1}\n'],
)  # fmt: skip
async def test_garbage_ends_the_connection_and_no_request(said: bytes, tmp_path: Path) -> None:
    async def tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        writer.close()
        await writer.wait_closed()

    address = str(tmp_path / "garbage.sock")
    async with await asyncio.start_unix_server(tell, address):
        asker = await connected(address)
        assert (await asker.hear("sort a list", PLENTY_MS)).result == "away"
        assert not asker.is_up


async def test_one_that_never_answers_is_given_up_once_too_much_is_open(
    encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MAX_OPEN", 2)
    asker = await connected(encoder.address)
    encoder.judge.may_go.clear()
    heard = await asyncio.gather(*(asker.hear(f"text {each}", PLENTY_MS) for each in range(3)))
    assert {each.result for each in heard} == {"away"}
