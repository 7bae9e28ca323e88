"""GET /v1/models and GET /v1/models/{id}: in the shape of whoever asks, and by every name."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from starlette.testclient import TestClient

from routerhub.gateway.app import Gateway
from routerhub.gateway.protocols.codex_models import INSTRUCTIONS
from tests.autorouter.fakes import model, policy, router
from tests.gateway.fakes import KEY, FakeUpstream, rankings, runtime

MODELS = (
    model("acme:one", aliases=("one-2026",), context_window=50_000, user_description="It."),
    model("acme:sees", capabilities=frozenset({"tools", "vision"}), context_window=900_000),
    model("acme:plain", capabilities=frozenset()),
    model("acme:vectors", kind="embedding", capabilities=frozenset(), aliases=("vec",)),
    model("acme:old", deprecated_from=date(2026, 1, 1), successor="acme:one"),
    model("acme:secret", is_internal_only=True),
)
ROUTER = router(policies=(replace(policy("small", "acme:one"), title="Small ones"), policy("mute", "acme:plain")))
ANTHROPIC = {"anthropic-version": "2023-06-01"}


@pytest.fixture
def client() -> TestClient:
    gateway = Gateway()
    gateway.runtime = runtime(FakeUpstream(), met=rankings(*MODELS, router=ROUTER))
    return TestClient(gateway.others, headers={"authorization": f"Bearer {KEY}"})


def ids(answer: Any, name: str = "id") -> list[str]:
    return [each[name] for each in answer.json()["data" if name == "id" else "models"]]


def test_openais_list_has_embedding_models_too_and_tells_kind_and_aliases(client: TestClient) -> None:
    answer = client.get("/v1/models")
    assert ids(answer) == ["auto", "policy:small", "policy:mute", "acme:one", "acme:plain", "acme:sees", "acme:vectors"]
    told = {each["id"]: each.get("routerhub", {}) for each in answer.json()["data"]}
    assert (told["acme:one"]["kind"], told["acme:one"]["aliases"]) == ("chat", ["one-2026"])
    assert told["acme:vectors"]["kind"] == "embedding"
    assert ids(client.get("/v1/models?search=one-2026")) == ["acme:one"]


@pytest.mark.parametrize("headers", [{}, ANTHROPIC])
@pytest.mark.parametrize("name", ["acme:one", "one", "one-2026"])
def test_a_model_is_retrieved_by_every_name(client: TestClient, name: str, headers: dict[str, str]) -> None:
    assert client.get(f"/v1/models/{name}", headers=headers).json()["id"] == "acme:one"


@pytest.mark.parametrize(("headers", "kind"), [({}, "invalid_request_error"), (ANTHROPIC, "not_found_error")])
def test_who_names_none_that_is_offered_gets_an_error_of_their_own_shape(
    client: TestClient, headers: dict[str, str], kind: str
) -> None:
    for name in ("acme:nothing", "acme:secret", "old"):
        answer = client.get(f"/v1/models/{name}", headers=headers)
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, kind)


def test_anthropics_list_has_what_its_client_can_talk_to(client: TestClient) -> None:
    answer = client.get("/v1/models", headers=ANTHROPIC)
    assert ids(answer) == ["auto", "policy:small", "policy:mute", "acme:one", "acme:plain", "acme:sees"]


def test_codexs_list_has_what_can_call_tools_with_the_fields_that_it_needs(client: TestClient) -> None:
    answer = client.get("/v1/models?client_version=0.171.0")
    assert ids(answer, "slug") == ["auto", "policy:small", "acme:one", "acme:sees"]
    auto, small, one, sees = answer.json()["models"]
    assert [each["context_window"] for each in (auto, small, one, sees)] == [900_000, 50_000, 50_000, 900_000]
    assert [each["input_modalities"] for each in (one, sees)] == [["text"], ["text", "image"]]
    assert one == {
        "slug": "acme:one", "display_name": "one", "description": "It.", "supported_reasoning_levels": [],
        "shell_type": "shell_command", "visibility": "list", "supported_in_api": True, "priority": 2, "upgrade": None,
        "base_instructions": INSTRUCTIONS, "supports_reasoning_summaries": False, "support_verbosity": False,
        "default_verbosity": None, "apply_patch_tool_type": None, "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "supports_parallel_tool_calls": True, "context_window": 50_000, "input_modalities": ["text"],
        "experimental_supported_tools": [],
    }  # fmt: skip
    assert small["display_name"] == "Small ones"


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/v1/embeddings", "GET", 405, "method_not_allowed"), ("/v1/embeddings/x", "POST", 404, "not_found"),
        ("/v1/responses", "PUT", 405, "method_not_allowed"), ("/v1/responses/resp_1/nothing", "GET", 404, "not_found"),
        ("/v1/images/generations", "POST", 404, "not_found"),
    ],
)  # fmt: skip
def test_addresses_that_are_not_there_answer_in_the_clients_shape(
    client: TestClient, path: str, method: str, status: int, code: str
) -> None:
    plain = client.request(method, path)
    assert (plain.status_code, plain.json()["error"]["code"]) == (status, code)
    anthropic = client.request(method, path, headers=ANTHROPIC)
    assert (anthropic.status_code, anthropic.json()["type"]) == (status, "error")


def test_tokens_are_counted_at_their_own_address_and_nowhere_below_it(client: TestClient) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}
    assert client.post("/v1/messages/count_tokens?beta=true", json=body).json()["input_tokens"] > 0
    for method, path in (("GET", "/v1/messages/count_tokens"), ("POST", "/v1/messages/nothing")):
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["type"]) == (405 if method == "GET" else 404, "error")
