"""What else is answered than chats, by the official SDKs' types: vectors, lists of models, counts."""

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic.types import MessageTokensCount, ModelInfo
from openai.types import CreateEmbeddingResponse, Model
from starlette.testclient import TestClient

from models_registry.upstream.base import ANTHROPIC, GOOGLE
from routerhub.gateway.app import Gateway
from routerhub.gateway.errors import AllFailed
from tests.gateway.dialects.route import MODELS, Dialect, Route, routes
from tests.gateway.dialects.sdk_types import OURS, problems
from tests.gateway.fakes import KEY, FakeUpstream, runtime

pytestmark = pytest.mark.anyio
ANTHROPICS = {"anthropic-version": "2023-06-01"}


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    with routes() as made:
        yield made


@pytest.mark.parametrize("upstream", [each for each in MODELS if each != ANTHROPIC])
@pytest.mark.parametrize("spelling", ["float", "base64"])
async def test_vectors_come_from_every_upstream_that_has_them(route: Route, upstream: Dialect, spelling: str) -> None:
    """E1"""
    told = {"input": ["one", "two"], "dimensions": 8, "encoding_format": spelling, "user": "u"}
    headers, answer = await route.embed(upstream, **told)
    assert headers.get(b"x-routerhub-dropped", b"") == (b"user" if upstream == GOOGLE else b"")
    if spelling == "base64":  # the official client decodes it before its types are asked
        assert all(isinstance(each["embedding"], str) for each in answer["data"])
    else:
        assert problems(answer, CreateEmbeddingResponse, also=OURS) == []
        assert [len(each["embedding"]) for each in answer["data"]] == [8, 8]


async def test_an_upstream_without_vectors_says_so(route: Route) -> None:
    with pytest.raises(AllFailed, match="has no embeddings here"):
        await route.embed(ANTHROPIC, input="one")


@pytest.mark.parametrize(
    ("path", "headers", "kind"),
    [
        ("/v1/models", {}, Model), ("/v1/models/acme:small", {}, Model), ("/v1/models", ANTHROPICS, ModelInfo),
        ("/v1/models/acme:small", ANTHROPICS, ModelInfo),
    ],
)  # fmt: skip
def test_models_are_of_the_type_that_each_client_lists(path: str, headers: dict[str, str], kind: Any) -> None:
    told = _asked("GET", path, headers)
    for each in told.get("data", [told]):
        assert problems(each, kind) == []


def test_a_count_is_of_anthropics_type() -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hi"}]}
    assert problems(_asked("POST", "/v1/messages/count_tokens", ANTHROPICS, json=body), MessageTokensCount) == []


def _asked(method: str, path: str, headers: dict[str, str], **told: Any) -> Any:
    gateway = Gateway()
    gateway.runtime = runtime(FakeUpstream())
    answer = TestClient(gateway.others).request(method, path, headers={"x-api-key": KEY, **headers}, **told)
    assert answer.status_code == 200
    return answer.json()
