"""Whatever a client asks of vectors or of counting, and whatever a host says instead of vectors: an answer, or a named error."""

import asyncio
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.fakes import FakeSnapshots, rankings
from tests.gateway.protocols.test_fuzz import NASTY, TEXT, VALUES
from tests.gateway.protocols.test_fuzz_dialects import RICH, places, put, strict
from tests.gateway.spoken import ASKED, MESSAGES, Spoken
from tests.gateway.test_embedding import embedding_model, host

EMBEDDINGS, COUNTING = "/v1/embeddings", "/v1/messages/count_tokens"
GOOD = {"model": "acme:embed", "input": ["Hello", "World"], "encoding_format": "float", "dimensions": 2, "user": "u"}
SAID = {
    "object": "list", "model": "m", "usage": {"prompt_tokens": 4, "total_tokens": 4},
    "data": [{"object": "embedding", "index": at, "embedding": [0.5, -1.0]} for at in range(2)],
}  # fmt: skip
MODEL = embedding_model("acme:embed", deployments=(host("acme"),))


def asked(path: str, body: Any, said: Any = SAID) -> Spoken:
    exchange = Spoken("openai", json.dumps(said).encode(), max_body_bytes=2_000_000)
    if path == EMBEDDINGS:
        snapshots: Any = FakeSnapshots(rankings(MODEL))
        exchange.gateway.runtime.snapshots = snapshots
    asyncio.run(exchange.ask(json.dumps(body).encode(), path))
    answer = strict(exchange.body)
    assert exchange.status < 500 or exchange.status in {502, 504}, exchange.body
    assert exchange.status == 200 or answer["error"]["message"]
    assert exchange.ledger.holds == {}
    return exchange


def test_a_good_request_of_each_is_answered() -> None:
    exchange = asked(EMBEDDINGS, GOOD)
    assert (exchange.status, exchange.ledger.records[0]["input_tokens"]) == (200, 4)
    assert asked(COUNTING, RICH[MESSAGES]).status == 200
    assert asked(COUNTING, ASKED[MESSAGES]).status == 200


def test_no_nasty_value_of_a_field_of_vectors_breaks_anything() -> None:
    for field in (*GOOD, "encoding_format", "routerhub", "unheard_of"):
        for value in NASTY:
            asked(EMBEDDINGS, {**GOOD, field: value})


@given(st.dictionaries(st.sampled_from(sorted(GOOD)) | TEXT, VALUES, max_size=4))
def test_no_body_breaks_a_request_of_vectors(changes: dict[str, Any]) -> None:
    asked(EMBEDDINGS, {**GOOD, **changes})


@given(st.sampled_from(list(places(SAID))), VALUES)
def test_no_nasty_value_anywhere_in_vectors_breaks_anything(at: tuple[Any, ...], value: Any) -> None:
    asked(EMBEDDINGS, GOOD, put(SAID, at, value))


@given(st.sampled_from([each for each in places(RICH[MESSAGES]) if each]), VALUES)
def test_no_nasty_value_anywhere_breaks_the_counting(at: tuple[Any, ...], value: Any) -> None:
    asked(COUNTING, put(RICH[MESSAGES], at, value))
