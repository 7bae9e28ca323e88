"""Vectors from an upstream: in both spellings, whichever it knows, and never fewer or narrower ones than were asked for."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from models_registry.types import Usage
from models_registry.upstream.base import Adapter, UpstreamRequest
from models_registry.upstream.embeddings import Embedder, Embeddings, as_base64, as_floats, inputs
from models_registry.upstream.errors import CredentialBad, Failed, Overloaded, Rejected, TimedOut, UpstreamError
from models_registry.upstream.registry import open_adapters
from models_registry.upstream.wire import http
from tests.models_registry.upstream.raw_server import STAY, RawServer, Step, serving, slowly, whole
from tests.models_registry.upstream.test_contract import asked

pytestmark = pytest.mark.anyio
TWO = {"input": ["a", "b"]}
ONE, OTHER = [0.5, -1.0], [0.25, 2.0]
USAGE = {"prompt_tokens": 3, "total_tokens": 3}
EMBEDDING_PROTOCOLS = {"openai", "openai-responses", "google"}


@pytest.fixture
async def adapters() -> AsyncIterator[dict[str, Adapter]]:
    async with http.open_session() as session:
        yield dict(open_adapters(session))


@pytest.fixture
def embedder(adapters: dict[str, Adapter]) -> Embedder:
    found = adapters["openai"]
    assert isinstance(found, Embedder)
    return found


def answer(*vectors: Any, usage: Any = USAGE) -> bytes:
    data = [{"object": "embedding", "index": at, "embedding": each} for at, each in enumerate(vectors)]
    return json.dumps({"object": "list", "data": data, "model": "there", "usage": usage}).encode()


def request(server: RawServer | None, **content: Any) -> UpstreamRequest:
    return asked(server, content={**TWO, **content})


async def embedded(embedder: Embedder, *steps: Step, **content: Any) -> Embeddings:
    async with serving(steps) as server:
        return await embedder.embed(request(server, **content))


async def test_which_dialects_have_embeddings_is_told_here(adapters: dict[str, Adapter]) -> None:
    assert {name for name, adapter in adapters.items() if isinstance(adapter, Embedder)} == EMBEDDING_PROTOCOLS


async def test_the_content_is_sent_as_it_is_with_the_name_there_and_the_key(embedder: Embedder) -> None:
    async with serving([whole(answer(ONE, OTHER))]) as server:
        await embedder.embed(request(server, user="u", encoding_format="float", own_field=1))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/embeddings ")
    assert b"Authorization: Bearer sk-1" in head
    assert json.loads(body) == {**TWO, "user": "u", "encoding_format": "float", "own_field": 1, "model": "m"}


async def test_google_is_asked_text_by_text_and_answers_in_values(adapters: dict[str, Any]) -> None:
    values = {"embeddings": [{"values": ONE}, {"values": OTHER}]}
    told = json.dumps({**values, "usageMetadata": {"promptTokenCount": 3}}).encode()
    async with serving([whole(told)], [whole(json.dumps(values).encode())]) as server:
        found = await adapters["google"].embed(request(server, dimensions=2, encoding_format="base64", user="u"))
        uncounted = await adapters["google"].embed(request(server))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/models/m:batchEmbedContents ")
    beside = {"model": "models/m", "outputDimensionality": 2}
    assert json.loads(body) == {"requests": [{**beside, "content": {"parts": [{"text": text}]}} for text in "ab"]}
    assert (found.vectors, found.usage) == ((ONE, OTHER), Usage(input_tokens=3, output_tokens=0))
    assert uncounted.usage is None


@pytest.mark.parametrize(("given", "named"), [([1, 2], "tokens"), (["a"] * 101, "up to 100")])
async def test_google_refuses_tokens_and_too_many_texts_before_they_are_sent(
    adapters: dict[str, Any], given: Any, named: str
) -> None:
    with pytest.raises(Rejected, match=named) as refused:
        await adapters["google"].embed(request(None, input=given))
    assert (refused.value.was_sent, refused.value.param) == (False, "input")


@pytest.mark.parametrize("vectors", [(ONE, OTHER), (as_base64(ONE), as_base64(OTHER)), (ONE, as_base64(OTHER))])
async def test_vectors_are_read_in_whichever_spelling_and_pieces_they_come(embedder: Embedder, vectors: Any) -> None:
    for steps in ([whole(answer(*vectors))], slowly(whole(answer(*vectors)))):
        found = await embedded(embedder, *steps)
        assert [as_floats(each) for each in found.vectors] == [ONE, OTHER]
        assert found.usage == Usage(input_tokens=3, output_tokens=0)


async def test_they_stand_in_the_order_of_their_inputs(embedder: Embedder) -> None:
    data = [{"index": 1, "embedding": OTHER}, {"index": 0, "embedding": ONE, "extra": 1}]
    found = await embedded(embedder, whole(json.dumps({"data": data}).encode()))
    assert found.vectors == (ONE, OTHER)
    assert found.native["data"][0]["extra"] == 1
    assert found.usage is None


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"total_tokens": 7}, 7), ({"prompt_tokens": 0, "total_tokens": 7}, 0), (None, None), ({}, None),
        ({"prompt_tokens": -1}, None), ({"prompt_tokens": "7"}, None), ({"prompt_tokens": True}, None), (7, None),
    ],
)  # fmt: skip
async def test_usage_that_is_missing_or_makes_no_sense_is_none(embedder: Embedder, usage: Any, tokens: Any) -> None:
    found = await embedded(embedder, whole(answer(ONE, OTHER, usage=usage)))
    assert (found.usage and found.usage.input_tokens) == tokens


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"data": 7}', b'{"data": [7, 8]}', answer(ONE), answer(ONE, OTHER, ONE), answer(ONE, [1.0]),
        answer([], []), answer(ONE, ["x"]), answer(ONE, None), answer(ONE, "%%%"), answer(ONE, as_base64(ONE)[:-4]),
        b'{"data": [{"index": 0, "embedding": [1]}, {"index": 0, "embedding": [2]}]}',
        b'{"data": [{"index": "0", "embedding": [1]}, {"index": [], "embedding": [2]}]}',
    ],
)  # fmt: skip
async def test_what_is_no_vector_for_each_input_is_a_failure_of_the_server(embedder: Embedder, body: bytes) -> None:
    with pytest.raises(Failed):
        await embedded(embedder, whole(body))


async def test_vectors_of_another_width_than_was_asked_for_are_refused_and_may_be_billed(embedder: Embedder) -> None:
    """E10: an upstream that does not know `dimensions` passes over it."""
    with pytest.raises(Rejected) as caught:
        await embedded(embedder, whole(answer(ONE, OTHER)), dimensions=3)
    assert (caught.value.status, caught.value.param, caught.value.was_refused) == (400, "dimensions", False)
    assert (await embedded(embedder, whole(answer(ONE, OTHER)), dimensions=2)).vectors == (ONE, OTHER)


@pytest.mark.parametrize(("wanted", "known"), [("float", "base64"), (None, "base64"), ("base64", "float")])
async def test_a_server_that_knows_only_one_spelling_is_asked_for_that_one(
    embedder: Embedder, wanted: str | None, known: str
) -> None:
    """E2."""
    refusal = whole(b'{"error": {"message": "no such encoding_format"}}', "400 Bad Request")
    content = {} if wanted is None else {"encoding_format": wanted}
    async with serving([refusal], [whole(answer(ONE, OTHER))]) as server:
        assert (await embedder.embed(request(server, **content))).vectors == (ONE, OTHER)
    sent = [json.loads(each.partition(b"\r\n\r\n")[2]).get("encoding_format") for each in server.requests]
    assert sent == [wanted, known]


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([whole(b'{"error": {"message": "no", "param": "input"}}', "400 Bad Request")], Rejected),
        ([whole(b"{}", "401 Unauthorized")], CredentialBad),
        ([whole(b"{}", "429 Too Many Requests")], Overloaded),
        ([whole(b"{}", "404 Not Found")], Failed),
        ([whole(b"{}", "302 Found", Location="http://169.254.169.254/")], Failed),
        ([STAY], TimedOut),
    ],
)
async def test_refusals_and_silence_are_what_they_are_elsewhere(
    embedder: Embedder, steps: list[Step], error: type[UpstreamError]
) -> None:
    async with serving(steps) as server:
        with pytest.raises(error):
            await embedder.embed(asked(server, content=TWO, idle_s=0.1))
    assert len(server.requests) == 1


async def test_the_same_session_asks_for_chat_and_vectors_at_their_own_addresses(adapters: dict[str, Any]) -> None:
    chat = b'{"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}]}'
    async with serving([whole(chat)], [whole(answer(ONE, OTHER))]) as server:
        await adapters["openai"].complete(asked(server))
        await adapters["openai"].embed(request(server))
    assert [each.split(b" ")[1] for each in server.requests] == [b"/v1/chat/completions", b"/v1/embeddings"]


def test_what_a_vector_is_wanted_for_is_told_one_by_one() -> None:
    assert [inputs({"input": each}) for each in ("a", ["a", "b"], [1, 2], [[1, 2], [3]])] == [
        ["a"], ["a", "b"], [[1, 2]], [[1, 2], [3]],
    ]  # fmt: skip


def test_both_spellings_hold_the_same_numbers() -> None:
    assert as_base64([1.0, -2.0]) == "AACAPwAAAMA="
    assert list(as_floats("AACAPwAAAMA=")) == [1.0, -2.0]
