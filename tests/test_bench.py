"""The parts of the bench that can be wrong without showing it: what counts as an answer, and what is made of figures."""

import asyncio
import os
import subprocess
from pathlib import Path

import orjson
import pytest

from tests.bench import load as load_module
from tests.bench import stacks, tables
from tests.bench import upstream as upstream_module
from tests.bench.footprint import footprint, tree
from tests.bench.load import MODES, STREAMED, WHOLE, Answer, Load, Outcome, body_of, fault, perform
from tests.bench.results import PASS_THROUGH, PORTKEY, ROUTERHUB, Cell, Line, Results, Sample

BARE, OURS, PEER = (Line(product=name, processes=1) for name in (PASS_THROUGH, ROUTERHUB, PORTKEY))
CELL = Cell(mode=WHOLE, clients=64)


def load(port: int, **what: object) -> Load:
    given = {"modes": [WHOLE], "clients": 4, "requests": 20, **what}
    return Load(urls=[f"http://127.0.0.1:{port}/v1"], headers={}, model="gpt", **given)  # type: ignore[arg-type]


async def against_upstream(**what: object) -> Outcome:
    server = await upstream_module.serve(0)
    async with server:
        return await perform(load(server.sockets[0].getsockname()[1], **what))


def against(answer: bytes) -> Outcome:
    """The outcome with a server that gives this answer to each request, and closes the connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def run() -> Outcome:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        async with server:
            return await perform(load(server.sockets[0].getsockname()[1], clients=1, requests=3))

    return asyncio.run(run())


def http(body: bytes, status: int = 200) -> bytes:
    return b"HTTP/1.1 %d -\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


def sample(answers: int, errors: int = 0, cpu_s: float = 0.1, database_cpu_s: float | None = None) -> Sample:
    outcome = Outcome(
        answers=answers, errors={"status 500": errors} if errors else {}, seconds=2, p50_ms=1, p99_ms=3, cpu_s=0.01
    )
    return Sample(
        outcome=outcome, cpu_s=cpu_s, database_cpu_s=database_cpu_s, upstream_cpu_s=0.02, rss_mb=50, peak_mb=60
    )


def results(**rounds: list[Sample]) -> Results:
    lines = {"bare": BARE, "ours": OURS, "peer": PEER}
    found = Results(lines=[lines[name] for name in rounds], cells=[CELL])
    for name, samples in rounds.items():
        for each in samples:
            found.add(lines[name], CELL, each)
    return found


@pytest.mark.parametrize("mode", MODES)
def test_every_answer_of_the_upstream_is_right(mode: str) -> None:
    outcome = asyncio.run(against_upstream(modes=[mode], requests=50))
    assert (outcome.answers, outcome.errors) == (50, {})


def test_both_modes_are_taken_in_turn() -> None:
    assert asyncio.run(against_upstream(modes=list(MODES), requests=50)).answers == 50


def test_a_load_in_seconds_counts_no_warm_up() -> None:
    outcome = asyncio.run(against_upstream(requests=0, seconds=0.2, warm_up_s=0.1))
    assert outcome.errors == {}
    assert outcome.seconds == pytest.approx(0.2, abs=0.1)
    assert outcome.answers > 50


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (http(b"{}", 503), "status 503"),
        (http(b"{}"), "the answer is no completion"),
        (http(b"not JSON"), "the answer is no completion"),
        (http(b'{"choices":[{"message":{"content":""}}]}'), "the answer is not the upstream's"),
        (http(b"{}")[:-1], "the connection was lost"),
        (b"", "the connection was lost"),
    ],
)
def test_a_wrong_answer_is_an_error_and_not_a_fast_answer(answer: bytes, said: str) -> None:
    outcome = against(answer)
    assert (outcome.answers, outcome.errors) == (0, {said: 3})


def test_a_server_that_is_away_is_an_error_for_each_request() -> None:
    outcome = asyncio.run(perform(load(1, clients=1, requests=2)))
    assert (outcome.answers, sum(outcome.errors.values())) == (0, 2)


def test_an_answer_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_module, "PATIENCE_S", 0.1)

    async def run() -> Outcome:
        async with await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0) as silent:
            return await perform(load(silent.sockets[0].getsockname()[1], clients=2, requests=9))

    outcome = asyncio.run(run())
    assert (outcome.answers, outcome.errors) == (0, {"no answer within 0.1 s": 2})


def test_what_is_not_http_is_an_error() -> None:
    outcome = against(b"what?\r\n\r\n")
    assert outcome.answers == 0
    assert all(said.startswith("this is no HTTP") for said in outcome.errors)


def streamed(*words: str, end: str = "data: [DONE]\n\n") -> bytes:
    chunks = (orjson.dumps({"choices": [{"delta": {"content": word}}]}).decode() for word in words)
    return ("".join(f"data: {chunk}\n\n" for chunk in chunks) + end).encode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (streamed("All", " of it", " finis."), ""),
        (streamed("All", " of it", " finis.", end=""), "the stream did not end with [DONE]"),
        (streamed("A part"), "the stream is not the upstream's"),
        (streamed(), "the stream is not the upstream's"),
    ],
)
def test_a_stream_is_right_with_its_last_word_and_its_end(body: bytes, said: str) -> None:
    assert fault(Answer(status=200, body=body), STREAMED) == said


def test_the_upstream_tells_usage_at_the_end_of_a_stream_that_asks_for_it() -> None:
    asked, plain = (upstream_module.templates("m", usage) for usage in (True, False))
    assert len(asked.events) == len(plain.events) == 22
    assert b'"usage":null' in asked.events[0]
    assert b"usage" not in plain.events[0]
    assert b'"total_tokens":170' in asked.usage_event


def test_each_request_has_a_number_of_its_own() -> None:
    assert body_of("m", WHOLE).count(b"00000000") == 1
    assert "stream" not in orjson.loads(body_of("m", WHOLE))
    assert orjson.loads(body_of("m", STREAMED))["stream_options"] == {"include_usage": True}


def test_the_ratio_is_the_median_of_the_ratios_within_rounds() -> None:
    found = results(bare=[sample(1_000), sample(500), sample(2_000)], ours=[sample(400), sample(300), sample(1_000)])
    summary = found.summary(OURS, CELL)
    assert (summary.ratio, summary.rate) == (0.5, 200)


def test_a_round_without_an_answer_has_a_rate_and_no_times() -> None:
    found = results(bare=[sample(1_000)] * 2, ours=[sample(0), sample(100)])
    summary = found.summary(OURS, CELL)
    assert (summary.rate, summary.ratio, summary.p50_ms) == (25, 0.05, 1)
    assert results(ours=[sample(0)]).summary(OURS, CELL).p50_ms is None


def test_cpu_is_per_request_errors_included() -> None:
    summary = results(ours=[sample(900, errors=100, cpu_s=0.5, database_cpu_s=0.2)]).summary(OURS, CELL)
    assert (summary.cpu_us, summary.database_cpu_us, summary.errors, summary.ratio) == (500, 200, 100, None)
    assert summary.beside_us == pytest.approx(30)


def test_a_peer_with_more_processes_is_compared_with_the_largest_pass_through() -> None:
    two, three = Line(product=PASS_THROUGH, processes=2), Line(product=PORTKEY, processes=3)
    found = Results(lines=[two, BARE, OURS, three], cells=[])
    assert (found.reference(OURS), found.reference(three)) == (BARE, two)
    assert Results(lines=[OURS], cells=[]).reference(OURS) is None


def test_a_table_has_even_columns_and_figures_to_the_right() -> None:
    assert tables.table(["", "rate"], [["a", "1"], ["long", "1,000"]]).splitlines() == [
        "|      |  rate |",
        "| ---- | ----: |",
        "| a    |     1 |",
        "| long | 1,000 |",
    ]


def test_what_is_demanded_is_reached_or_missed() -> None:
    found = results(bare=[sample(1_000)], ours=[sample(600)], peer=[sample(300)])
    rows = [[part.strip() for part in row.split("|")[1:3]] for row in tables.demands(found).splitlines()[2:]]
    assert rows == [
        ["RouterHub, 1 process: 0.5 x pass-through (required)", "0.60 reached"],
        ["RouterHub, 1 process: 1 x Portkey (required)", "2.00 reached"],
        ["RouterHub, 1 process: 3 x Portkey (aim)", "2.00 missed"],
    ]


def test_stacks_are_counted_by_innermost_frame_and_by_all_frames() -> None:
    profile = stacks.count(
        [
            "thread (1): MainThread;run (/p/lib/python3.11/asyncio/runners.py:86);chat (/src/gateway/pipeline.py:21) 3",
            "thread (1): MainThread;run (/p/lib/python3.11/asyncio/runners.py:86);wait (/p/site-packages/aiohttp/c.py:5) 1",
            "thread (2): worker;sleep (/src/gateway/x.py:1) 9",
        ],
        "/src",
    )
    assert profile.samples == 4
    assert profile.own == {"gateway/pipeline.py:21 chat": 3, "aiohttp/c.py:5 wait": 1}
    assert profile.total["asyncio/runners.py:86 run"] == 4
    assert profile.packages == {"gateway": 3, "aiohttp": 1}
    assert "asyncio/runners.py" not in profile.shares(profile.total, 10)


def test_a_line_that_is_no_stack_is_refused() -> None:
    with pytest.raises(ValueError, match="is no stack of a thread"):
        stacks.count(["nonsense"], "/src")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the bench itself needs Linux")
def test_a_footprint_is_that_of_the_whole_tree() -> None:
    with subprocess.Popen(["sleep", "30"]) as child:
        found = tree([os.getpid()])
        child.kill()
    assert {os.getpid(), child.pid} <= found
    assert footprint([os.getpid()]).rss_mb > 10
