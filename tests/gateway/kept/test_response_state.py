"""What is kept of a response: when, for whom, what goes on from it, and what is told of its input."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from models_registry.upstream.errors import Failed
from routerhub.gateway import pipeline
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.errors import BadRequest, NotKept, TooLarge
from routerhub.gateway.kept import response_state
from routerhub.gateway.protocols.base import Client
from routerhub.gateway.protocols.openai_responses import PROTOCOL
from routerhub.gateway.protocols.openai_responses.state import Kept, listed
from routerhub.gateway.runtime import Runtime
from routerhub.storage.errors import StorageUnavailable
from tests.gateway.fake_store import FakeStore
from tests.gateway.fakes import ADA, KEY, FakeUpstream, chunk, completion, runtime

pytestmark = pytest.mark.anyio
OTHER = replace(ADA, account_id=8, account="other")


def gateway(*script: Any, **limits: Any) -> Runtime:
    return runtime(FakeUpstream(*(script or (completion("Blue."),))), **limits)


async def serve(made: Runtime, **body: Any) -> Reply:
    raw = orjson.dumps({"model": "auto", "input": "My colour?", **body})
    return await pipeline.serve(made, PROTOCOL, {"authorization": f"Bearer {KEY}"}, raw, Client(ip=None, user_agent=""))


async def told(made: Runtime, **body: Any) -> Any:
    whole = (await serve(made, **body)).body
    assert isinstance(whole, bytes)
    return orjson.loads(whole)


async def streamed(made: Runtime, **body: Any) -> Any:
    """The response in the last event."""
    pieces = (await serve(made, stream=True, **body)).body
    assert not isinstance(pieces, bytes)
    sent = b"".join([piece async for piece in pieces])
    return orjson.loads(sent.rpartition(b"data: ")[2])["response"]


def asked_of(made: Runtime) -> Any:
    return made.upstreams._adapters["openai"].asked[-1].content["messages"]  # type: ignore[attr-defined]


def store(made: Runtime) -> FakeStore:
    found: Any = made.store
    assert isinstance(found, FakeStore)
    return found


async def test_the_conversation_goes_on_with_all_that_was_said_but_without_the_old_instructions() -> None:
    made = gateway()
    first = await told(made, instructions="Be brief.")
    second = await told(made, input="Sure?", previous_response_id=first["id"])
    await told(made, input=[{"role": "user", "content": "Really?"}], previous_response_id=second["id"])
    assert [(each["role"], each["content"]) for each in asked_of(made)] == [
        ("user", "My colour?"), ("assistant", "Blue."), ("user", "Sure?"), ("assistant", "Blue."), ("user", "Really?"),
    ]  # fmt: skip


async def test_the_model_stays_with_the_conversation() -> None:
    made = gateway()
    first = await told(made, model="acme:large")
    decided = await told(made, previous_response_id=first["id"], routerhub={"dry_run": True})
    assert decided["routerhub"]["candidates"][0]["model"] == "acme:large"


async def test_nothing_is_kept_where_the_request_or_the_account_says_no_and_the_answer_tells_it() -> None:
    made = gateway()
    assert (await told(made, store=False))["store"] is False
    made.snapshots.ring.find = lambda *_: replace(ADA, keeps_responses=False)  # type: ignore[attr-defined]
    assert (await told(made, store=True))["store"] is False
    assert store(made).items == {}


async def test_a_stream_is_kept_as_it_was_told_and_one_that_broke_or_was_left_is_not() -> None:
    whole = [chunk("Bl"), chunk("ue."), chunk(finish="stop")]
    made = gateway(whole, [chunk("Bl"), Failed("It broke.")])
    first = await streamed(made)
    assert Kept.loads(store(made).items.popitem()[1][0]).response == first
    assert (await streamed(made))["status"] == "failed"
    left = (await serve(gateway(whole), stream=True)).body
    assert not isinstance(left, bytes)
    await left.aclose()
    assert store(made).items == {}


async def test_an_answer_that_cannot_be_kept_goes_out_and_says_so() -> None:
    made = gateway(completion("Blue."), [chunk("Blue."), chunk(finish="stop")])
    store(made).is_away = True
    whole, last = await told(made), await streamed(made)
    assert (whole["store"], whole["status"]) == (False, "completed")
    assert (last["store"], last["status"]) == (False, "completed")
    with pytest.raises(StorageUnavailable):
        await told(made, previous_response_id="resp_1")


async def test_another_accounts_response_is_not_found_and_nothing_is_paid_for() -> None:
    """C11"""
    made = gateway()
    first = await told(made)
    with pytest.raises(NotKept):
        await response_state.find(made, OTHER, first["id"])
    with pytest.raises(NotKept):
        await response_state.forget(made, OTHER, first["id"])
    made.snapshots.ring.find = lambda *_: OTHER  # type: ignore[attr-defined]
    with pytest.raises(NotKept, match="Previous response with id"):
        await told(made, previous_response_id=first["id"])
    assert len(made.ledger.asked) == 1  # type: ignore[attr-defined]


async def test_a_conversation_does_not_grow_beyond_the_largest_body() -> None:
    made = gateway(max_body_bytes=600)
    first = await told(made, input="x" * 400)
    with pytest.raises(TooLarge, match="the conversation that it goes on from included"):
        await told(made, input="x" * 400, previous_response_id=first["id"])


async def test_a_mistake_in_the_new_input_is_named_by_its_place_there() -> None:
    made = gateway()
    first = await told(made)
    with pytest.raises(BadRequest) as caught:
        await told(made, input=[{"role": "nobody", "content": "x"}], previous_response_id=first["id"])
    assert caught.value.param == "input[0].role"


# --- pure


def kept(*items: Any, output: Any = ()) -> Kept:
    return Kept(response={"id": "resp_a", "output": list(output)}, input=list(items))


def test_unsigned_reasoning_and_all_ids_stay_behind() -> None:
    made = kept(
        {"role": "user", "content": "Hi", "id": "msg_1"},
        output=[
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "signed"},
            {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
        ],
    )
    assert [item.get("encrypted_content", item.get("call_id")) for item in made.conversation] == [None, "signed", "c"]
    assert not any("id" in item for item in made.conversation)


def test_input_is_listed_page_by_page_in_either_order() -> None:
    made = kept(*({"role": "user", "content": str(at)} for at in range(5)))
    first = listed(made, {"limit": "2"})
    assert [item["content"][0]["text"] for item in first["data"]] == ["4", "3"]
    assert (first["has_more"], first["last_id"]) == (True, "msg_a_in3")
    last = listed(made, {"limit": "4", "after": "msg_a_in3"})
    assert [item["content"][0]["text"] for item in last["data"]] == ["2", "1", "0"]
    assert (last["has_more"], listed(made, {"order": "asc"})["first_id"]) == (False, "msg_a_in0")
    assert listed(made, {"after": "msg_a_in0"})["data"] == []


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"limit": "²"}, {"order": "up"}, {"after": "msg_b"}]
)
def test_a_senseless_page_is_refused_by_name(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as caught:
        listed(kept({"role": "user", "content": "Hi"}), query)
    assert caught.value.param in query
