"""What was said is handed over where caller and request want it kept, and nowhere else."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from analytics.bodies import keeping
from analytics.bodies.types import Said
from analytics.bodies.writer import BodyWriter
from analytics.models import Body
from models_registry.upstream.errors import Failed
from tests.gateway import test_embedding
from tests.gateway.exchange import HELLO, Exchange
from tests.gateway.fakes import ADA, FakeRing, chunk, completion

pytestmark = pytest.mark.anyio
CANARY = "sk-proj-c4n4ry9Zx8Yc7Wb6Vd5Ue4Tf3Sg2R"
CALL = {"id": "c1", "type": "function", "function": {"name": "mail", "arguments": '{"to":"a'}}


class FakeWriter:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.noted: list[Said] = []

    def note(self, said: Said) -> bool:
        self.noted.append(said)
        return True

    def stop(self) -> None:
        pass


def exchange(*script: Any, keeps: bool = True) -> Exchange:
    made = Exchange(*script)
    made.gateway.runtime.bodies = FakeWriter()  # type: ignore[assignment]
    made.gateway.runtime.snapshots.ring = FakeRing(replace(ADA, keeps_bodies=keeps))  # type: ignore[attr-defined]
    return made


def noted(made: Exchange) -> list[Said]:
    writer: Any = made.gateway.runtime.bodies
    found: list[Said] = writer.noted
    return found


async def test_a_request_and_its_answer_are_kept_under_the_records_id_and_moment() -> None:
    made = exchange(completion("Good day."))
    await made.ask()
    (said,) = noted(made)
    record = await made.settled()
    assert (said.operation_id, said.created_at, said.account_id) == (record["operation_id"], record["created_at"], 7)
    assert said.request["messages"] == HELLO["messages"]
    assert said.answer == [{"text": "Good day.", "finish": "stop"}]
    assert said.size > 40


async def test_of_a_stream_the_whole_is_kept_with_its_calls_put_together() -> None:
    pieces = [
        chunk("Good "), chunk("day."), chunk(tool_calls=[{"index": 0, **CALL}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": 'da"}'}}]), chunk(finish="tool_calls"),
    ]  # fmt: skip
    made = exchange(pieces)
    await made.ask({**HELLO, "stream": True})
    (said,) = noted(made)
    assert said.answer == [
        {"text": "Good day.", "tool_calls": [{"name": "mail", "arguments": '{"to":"ada"}'}], "finish": "tool_calls"}
    ]


@pytest.mark.parametrize("script", [[Failed("no", status=400)], [[chunk("Go"), Failed("broke")]]], ids=str)
async def test_of_an_answer_that_never_became_whole_the_request_alone_is_kept(script: list[Any]) -> None:
    made = exchange(*script)
    await made.ask({**HELLO, "stream": isinstance(script[0], list)})
    await made.gateway.runtime.close()
    assert [said.answer for said in noted(made)] == [None]


async def test_of_vectors_the_request_alone_is_kept() -> None:
    made = test_embedding.gateway()
    made.bodies, made.snapshots.ring = FakeWriter(), FakeRing(replace(ADA, keeps_bodies=True))  # type: ignore
    await test_embedding.ask(made)
    (said,) = made.bodies.noted  # type: ignore[attr-defined]
    assert (said.request["input"], said.answer) == ("Hello", None)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    ("keeps", "more"), [(False, {}), (True, {"store": False}), (True, {"routerhub": {"dry_run": True}})]
)
async def test_nothing_is_kept_that_caller_or_request_do_not_want_kept(
    keeps: bool, more: dict[str, Any], streams: bool
) -> None:
    made = exchange([completion()] if not streams else [chunk("Hi"), chunk(finish="stop")], keeps=keeps)
    await made.ask({**HELLO, "stream": streams, **more})
    assert made.status == 200
    assert noted(made) == []


@pytest.mark.parametrize("keeps", [False, True])
async def test_a_secret_in_a_prompt_is_nowhere_when_off_and_taken_out_when_on(
    keeps: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The rows are what goes to the database, beside what the ledger records."""
    rows: list[Body] = []
    made = exchange(completion(f"Your key is {CANARY}."), keeps=keeps)
    made.gateway.runtime.bodies = BodyWriter(rows.extend)
    with caplog.at_level(logging.DEBUG):
        await made.ask({"messages": [{"role": "user", "content": f"Is {CANARY} mine? Write to ada@example.org."}]})
        await made.gateway.runtime.close()
    assert CANARY.encode() in made.body, "whoever asks gets the answer as it is"
    assert CANARY not in caplog.text + str(made.ledger.records) + str([vars(row) for row in rows])
    assert len(rows) == keeps
    for row in rows:
        request, answer = keeping.opened(row)
        assert request["messages"][0]["content"] == "Is [api key] mine? Write to [email]."
        assert answer[0]["text"] == "Your key is [api key]."
        assert row.redacted == {"api key": 2, "email": 1}
