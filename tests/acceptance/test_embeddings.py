"""Vectors as OpenAI's own client asks for them: real HTTP, real PostgreSQL, the sandbox as provider."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.stack import Stack, eventually

pytestmark = pytest.mark.xdist_group("stack")
SMALL = "text-embedding-3-small"


@pytest.fixture
def client(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{stack.url}/v1", api_key=stack.key, max_retries=0) as client:
        yield client


def test_the_client_reads_the_same_numbers_whichever_spelling_it_asks_for(client: openai.OpenAI) -> None:
    """E1: without the parameter the client asks for base64 and decodes it itself."""
    plain = client.embeddings.create(model=SMALL, input=["Hello", "World"], encoding_format="float")
    packed = client.embeddings.create(model=SMALL, input=["Hello", "World"])
    assert [len(each.embedding) for each in plain.data] == [1_536, 1_536]
    assert [each.embedding for each in packed.data] == [each.embedding for each in plain.data]
    assert [each.index for each in plain.data] == [0, 1]
    assert plain.usage.total_tokens == plain.usage.prompt_tokens > 0


@pytest.mark.parametrize("given", ["Hello", [1, 2, 3], [[1, 2], [3]], ["Hello"]])
def test_every_form_of_input_is_taken(client: openai.OpenAI, given: Any) -> None:
    answer = client.embeddings.create(model=SMALL, input=given, dimensions=64, user="u")
    assert {len(each.embedding) for each in answer.data} == {64}


def test_it_is_charged_by_the_ledger_and_recorded_like_any_other(stack: Stack, client: openai.OpenAI) -> None:
    answer = client.embeddings.create(model=SMALL, input="word " * 1_000)
    told: Any = answer.to_dict()["routerhub"]
    assert (answer.model, told["sandbox"], told["cost_usd"]) == ("openai:text-embedding-3-small", True, "0.000025")
    query = "SELECT outcome, category, requested_model, cost_nano, output_tokens FROM analytics_record WHERE operation_id = %s"
    rows = eventually(lambda: stack.rows(query, told["operation_id"]))
    assert rows == [("success", "embedding", SMALL, 25_000, 0)]
    booked = "SELECT sum(amount_nano) FROM budgets_ledgerentry WHERE operation_id = %s"
    assert stack.rows(booked, told["operation_id"]) == [(25_000,)]


def test_errors_have_the_shape_and_status_that_the_client_knows(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="Vectors of two models do not mix"):
        client.embeddings.create(model="auto", input="Hello")
    with pytest.raises(openai.BadRequestError, match="is a chat model"):
        client.embeddings.create(model="gpt-4o-mini", input="Hello")
    with pytest.raises(openai.NotFoundError) as caught:
        client.embeddings.create(model="text-embedding-3-smal", input="Hello")
    body: Any = caught.value.body
    assert (caught.value.code, body["nearest"][0]) == ("model_not_found", "openai:text-embedding-3-small")


def test_its_decision_is_explained_without_being_made_again(stack: Stack, client: openai.OpenAI) -> None:
    told: Any = client.embeddings.create(model=SMALL, input="Hello").to_dict()["routerhub"]
    assert "nothing was chosen" in stack.manage("explain", told["operation_id"])
