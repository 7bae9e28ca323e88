"""Every client's dialect by every upstream's, feature by feature: the official SDKs' types check what goes up and what comes
down, and nothing is lost on the way."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from routerhub.gateway.errors import BadRequest
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from tests.gateway.dialects import lifecycle
from tests.gateway.dialects.features import FEATURES, LINKED, PDF, PICTURE, PNG
from tests.gateway.dialects.route import (
    ASKED,
    CLIENTS,
    MODELS,
    SENT,
    STREAMED,
    TOLD,
    Dialect,
    Gist,
    GoogleBody,
    Route,
    accumulated,
    events,
    gist,
    routes,
    told_probabilities,
    told_reasoning,
)
from tests.gateway.dialects.sdk_types import OURS, problems

pytestmark = pytest.mark.anyio
REFUSED = {
    ("stop", "openai-responses"), ("several", "openai-responses"), ("several", "anthropic"),
    ("probabilities", "anthropic"), ("probabilities", "google"), ("json", "anthropic"), ("speech", "anthropic"),
    ("speech", "openai-responses"), ("linked file", "openai"),
}  # fmt: skip
"""What an upstream has no word for."""
CASES = [
    pytest.param(client, upstream, feature, id=f"{client.path[4:]}-{upstream}-{feature}")
    for client in CLIENTS for upstream in MODELS for feature in FEATURES[client]
]  # fmt: skip
ALSO = OURS | {"reasoning_content", "store"}
"""What compatible servers and their clients call the thoughts of a model in chat completions."""

SAMPLING = frozenset({"temperature", "top_p", "top_k"})
"""Anthropic's older models take it still; its types know the newest alone."""
IDLE = frozenset(
    {"id", "created", "created_at", "completed_at", "call_id", "index", "object", "routerhub", "parsed", "parsed_arguments"}
)  # fmt: skip
"""What is another one in each answer, or what the official clients add to it."""


@pytest.fixture(scope="module")
def route() -> Iterator[Route]:
    with routes() as made:
        yield made


@pytest.mark.parametrize(
    ("client", "feature"), [(client, feature) for client in CLIENTS for feature in FEATURES[client]]
)
def test_what_is_asked_here_is_what_the_official_clients_can_ask(client: ChatProtocol, feature: str) -> None:
    assert problems({"model": "m", **FEATURES[client][feature]}, ASKED[client]) == []


REACHES = {
    "system": ("Be short.", "Be kind."), "stop": ('["x"]',), "results": ("12", "13") , "custom results": ("X", "done"),
    "pictures": (PICTURE, PNG), "file": (PDF,), "linked file": (LINKED,), "refused before": ("I may not.",), "sampling": ("0.5",),
    "schema": ('"city"',), "tools": ("weather", "time", "Tells."),
}  # fmt: skip
"""Of each feature what must reach every upstream."""
ANSWERS: dict[str, Any] = {
    "calls": {
        "reasoning": "let me",
        "tool_calls": [{"name": "weather", "arguments": {"city": "Bonn"}}, {"name": "time"}],
    },
    "cut": {"reply": "x", "output_tokens": 90},
    "only thoughts": {"reasoning": "let me", "output_tokens": 0},
}
SAID: dict[str, Gist] = {
    "calls": Gist(text="", calls=(("weather", {"city": "Bonn"}), ("time", {})), ended="tool_calls"),
    "cut": Gist(text=" ".join(["[sandbox]", "x"] * 25), calls=(), ended="length"),
    "only thoughts": Gist(text="", calls=(), ended="stop"),
}


@pytest.mark.parametrize("script", ANSWERS)
@pytest.mark.parametrize("upstream", MODELS)
@pytest.mark.parametrize("client", CLIENTS, ids=lambda each: each.path[4:])
async def test_every_kind_of_answer_is_of_the_official_types(
    route: Route, client: ChatProtocol, upstream: Dialect, script: str
) -> None:
    limit = "max_output_tokens" if client is RESPONSES else "max_tokens"
    body = {"sandbox": ANSWERS[script], **FEATURES[client]["tools auto"], limit: 50}
    whole, _ = await _check_told(route, client, upstream, body)
    assert gist(client, whole) == SAID[script]


@pytest.mark.parametrize(("client", "upstream", "feature"), CASES)
async def test_what_goes_up_and_what_comes_down_are_of_the_official_types(
    route: Route, client: ChatProtocol, upstream: Dialect, feature: str
) -> None:
    body = {"sandbox": {"reply": "one two", "reasoning": "let me"}, **FEATURES[client][feature]}
    if (feature, upstream) not in REFUSED:
        whole, sent = await _check_told(route, client, upstream, body)
        text = orjson.dumps(sent, default=str).decode()
        assert [word for word in REACHES.get(feature, ()) if word not in text] == []
        if feature == "probabilities":
            assert [each["token"] for each in told_probabilities(client, whole)] == ["[sandbox]", " one", " two"]
        if feature == "reasoning":
            assert told_reasoning(client, whole) == "let me"
        return
    with pytest.raises(BadRequest) as refused:
        await route.ask(client, upstream, **body)
    assert refused.value.code == "unsupported_parameter"


async def _check_told(route: Route, client: ChatProtocol, upstream: Dialect, body: Any) -> tuple[Any, Any]:
    """Whole and streamed, and that both tell the same. The whole answer, and what was sent."""
    whole = orjson.loads((await route.ask(client, upstream, **body))[1])
    _check_sent(upstream, route.sent())
    assert problems(whole, TOLD[client], also=ALSO) == []
    streaming = {"stream": True, **({"stream_options": {"include_usage": True}} if client is CHAT else {})}
    _, stream = await route.ask(client, upstream, **body, **streaming)
    sent = route.sent()
    _check_sent(upstream, sent)
    _check_events(client, events(stream))
    assert _essence(accumulated(client, stream)) == _essence(whole)
    return whole, sent


def _check_events(client: ChatProtocol, told: list[Any]) -> None:
    """That each is of the official types, and that they come in their order."""
    for event in told:
        assert problems(event, STREAMED[client], also=ALSO) == []
    if client is not CHAT:
        (lifecycle.messages if client is MESSAGES else lifecycle.responses)(told)


def _check_sent(upstream: Dialect, body: Any) -> None:
    if upstream not in SENT:
        GoogleBody.model_validate({name: value for name, value in body.items() if name != "sandbox"})
        return
    for item in body["input"] if upstream == "openai-responses" and isinstance(body["input"], list) else ():
        if item.get("type") in {"reasoning", "message"}:
            item.setdefault("id", "x")  # OpenAI's servers do without, and know none that RouterHub gave
    assert problems(body, SENT[upstream], also=OURS | SAMPLING) == []


def _essence(answer: Any) -> Any:
    """An answer without what is another one each time, and without what says nothing."""
    if isinstance(answer, dict):
        made = {name: _essence(value) for name, value in answer.items() if name not in IDLE}
        return {name: value for name, value in made.items() if value not in (None, "", [], {})}
    if isinstance(answer, list):
        return [_essence(each) for each in answer]
    return answer
