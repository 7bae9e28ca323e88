"""What an upstream's dialect or a model has no word for: somebody else is asked, or the answer says what it was given without."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from models_registry.types import SANDBOX, Deployment, Provider
from models_registry.upstream import call_ids
from models_registry.upstream.anthropic.request import lacking
from models_registry.upstream.base import ANTHROPIC, NOTHING_LACKS, OPENAI, Lacking
from models_registry.upstream.errors import Failed
from routerhub.gateway import pipeline
from routerhub.gateway.answers.answering import Reply
from routerhub.gateway.errors import AllFailed, BadRequest
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.anthropic_own import DESCRIBED_TOKENS
from routerhub.gateway.protocols.base import ChatProtocol, Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from routerhub.gateway.runtime import Runtime, Upstreams
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import KEY, FakeUpstream, Said, chunk, completion, rankings, runtime

pytestmark = pytest.mark.anyio
CLAUDE, GPT, BOTH = "claude:opus", "acme:gpt", "claude:haiku"
BODIES: dict[ChatProtocol, dict[str, Any]] = {
    CHAT: {"messages": [{"role": "user", "content": "Hello"}]},
    MESSAGES: {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50},
    RESPONSES: {"input": "Hello"},
}


class Claude(FakeUpstream):
    """One that speaks Anthropic's dialect."""

    protocol = ANTHROPIC

    def lacking(self, content: Any, dialect: str, model: str) -> Lacking:
        return lacking(content, dialect, model)


class Gateway:
    """Two makers: one by Anthropic's dialect, whose small model is also served by the other one."""

    def __init__(self, *script: Said | list[Said], **changes: Any) -> None:
        said = script or (completion(),)
        self.claude, self.acme = Claude(*said), FakeUpstream(*said)
        models = [router_fakes.model(name, **changes) for name in (CLAUDE, GPT, BOTH)]
        elsewhere = replace(models[2].deployments[0], provider="acme")
        models[2] = replace(models[2], deployments=(*models[2].deployments, elsewhere))
        catalogue = router_fakes.catalogue(*models, claude={"protocol": ANTHROPIC})
        met = rankings(*models)
        self.runtime: Runtime = runtime(self.acme, met=replace_catalogue(met, catalogue))
        sandbox = Provider(name=SANDBOX, title="", protocol=OPENAI, base_url="http://x", credential_env="")
        self.runtime.upstreams = Upstreams({OPENAI: self.acme, ANTHROPIC: self.claude}, sandbox)

    async def reply(self, protocol: ChatProtocol, *models: str, **body: Any) -> Reply:
        """What a client of these models gets, in this order."""
        sent = orjson.dumps({**BODIES[protocol], **body})
        headers = {"x-api-key": KEY, "x-routerhub-candidates": ",".join(models)}
        return await pipeline.serve(self.runtime, protocol, headers, sent, Client(ip=None, user_agent=""))

    async def dropped(self, protocol: ChatProtocol, *models: str, **body: Any) -> str:
        return dict((await self.reply(protocol, *models, **body)).headers).get(b"x-routerhub-dropped", b"").decode()

    @property
    def asked(self) -> list[str]:
        return ["claude"] * len(self.claude.asked) + ["acme"] * len(self.acme.asked)


def replace_catalogue(met: Any, catalogue: Any) -> Any:
    return type(met)(catalogue=catalogue, router=met.router, availability=met.availability)


@pytest.mark.parametrize(
    "body",
    [
        {"n": 2}, {"logprobs": True}, {"response_format": {"type": "json_object"}}, {"modalities": ["text", "audio"]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]},
        {"tools": [{"type": "custom", "custom": {"name": "c"}}]},
    ],
)  # fmt: skip
async def test_what_one_place_has_no_word_for_is_asked_of_the_next_place_without_a_try(body: Any) -> None:
    made = Gateway(capabilities=frozenset({"tools", "streaming", "audio", "structured_output"}))
    answer = orjson.loads((await made.reply(CHAT, BOTH, **body)).body)  # type: ignore[arg-type]
    assert (made.asked, answer["routerhub"]["model"]) == (["acme"], BOTH)
    assert [each["deployment"] for each in answer["routerhub"]["attempts"]] == ["acme/haiku"]


async def test_and_of_the_next_model_where_no_place_of_this_one_has() -> None:
    made = Gateway(completion())
    await made.reply(CHAT, CLAUDE, GPT, n=2)
    assert made.asked == ["acme"]


async def test_it_is_refused_by_name_only_where_nobody_has_a_word_for_it() -> None:
    made = Gateway()
    with pytest.raises(BadRequest) as caught:
        await made.reply(CHAT, CLAUDE, n=2)
    assert (caught.value.param, caught.value.code, made.asked) == ("n", "unsupported_parameter", [])
    made = Gateway(capabilities=frozenset({"structured_output"}))
    with pytest.raises(BadRequest) as caught:
        await made.reply(RESPONSES, CLAUDE, text={"format": {"type": "json_object"}})
    assert caught.value.param == "text.format", "by the name that its client knows"


async def test_where_those_who_have_a_word_for_it_failed_the_failure_is_told() -> None:
    made = Gateway(Failed("out of order", status=500))
    with pytest.raises(AllFailed):
        await made.reply(CHAT, CLAUDE, GPT, n=2)


async def test_the_header_names_what_the_upstreams_dialect_dropped_whole_and_streamed() -> None:
    assert await Gateway().dropped(CHAT, CLAUDE, seed=7, logit_bias={"5": 1}, user=None) == "logit_bias, seed"
    assert await Gateway().dropped(CHAT, GPT, seed=7) == ""
    streamed = Gateway([chunk("Hi"), chunk(finish="stop")])
    reply = await streamed.reply(CHAT, CLAUDE, seed=7, stream=True)
    assert (b"x-routerhub-dropped", b"seed") in reply.headers
    assert not isinstance(reply.body, bytes)
    await reply.body.aclose()


async def test_the_headers_that_belong_to_a_body_are_read_with_it_and_no_others() -> None:
    """B10"""
    headers = {"anthropic-beta": "zzz", "anthropic-version": "2023-06-01", "x-api-key": "secret", "user-agent": "x"}
    made = MESSAGES.read(orjson.dumps(BODIES[MESSAGES]), headers)
    assert made.native_headers == {"anthropic-beta": "zzz", "anthropic-version": "2023-06-01"}


async def test_a_client_of_the_upstreams_own_dialect_loses_nothing() -> None:
    assert await Gateway().dropped(MESSAGES, CLAUDE, top_k=5) == ""
    assert await Gateway().dropped(MESSAGES, GPT, top_k=5) == "top_k"


@pytest.mark.parametrize(
    ("protocol", "body", "name"),
    [
        (CHAT, {"reasoning_effort": "high"}, "reasoning_effort"),
        (RESPONSES, {"reasoning": {"effort": "high"}}, "reasoning.effort"),
        (MESSAGES, {"output_config": {"effort": "high"}}, "output_config.effort"),
        (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": 20_000}}, "thinking.budget_tokens"),
    ],
)
async def test_effort_is_carried_from_each_dialect_and_left_out_for_a_model_that_does_not_reason(
    protocol: ChatProtocol, body: Any, name: str
) -> None:
    reasons, does_not = Gateway(supports_reasoning=True), Gateway()
    assert await reasons.dropped(protocol, GPT, **body) == ""
    assert reasons.acme.asked[0].content["reasoning_effort"] == "high"
    assert await does_not.dropped(protocol, GPT, **body) == name
    assert "reasoning_effort" not in does_not.acme.asked[0].content
    assert await does_not.dropped(protocol, CLAUDE, **body) == name
    asked = does_not.claude.asked[0]
    assert ("reasoning_effort" in asked.content, asked.native is None or asked.dialect == OPENAI) == (False, True)


@pytest.mark.parametrize(
    ("protocol", "body", "name"),
    [
        (CHAT, {"reasoning_effort": "extreme"}, "reasoning_effort"),
        (RESPONSES, {"reasoning": {"effort": 7}}, "reasoning.effort"),
        (MESSAGES, {"output_config": {"effort": ["high"]}}, "output_config.effort"),
        (MESSAGES, {"thinking": {"type": "enabled", "budget_tokens": "all"}}, "thinking.budget_tokens"),
    ],
)
async def test_an_effort_that_is_none_is_refused_by_name(protocol: ChatProtocol, body: Any, name: str) -> None:
    """E4"""
    with pytest.raises(BadRequest) as caught:
        await Gateway().reply(protocol, GPT, **body)
    assert caught.value.param == name


@pytest.mark.parametrize("protocol", [CHAT, MESSAGES, RESPONSES])
async def test_a_signature_in_the_id_of_a_call_comes_back_from_every_client(protocol: ChatProtocol) -> None:
    """D1: they send it as they got it, however long it is."""
    sealed = call_ids.sealed("call_1", "A" * 4_000)
    called = {"id": sealed, "type": "function", "function": {"name": "f", "arguments": "{}"}}
    turns: dict[ChatProtocol, Any] = {
        CHAT: {"messages": [
            {"role": "assistant", "tool_calls": [called]},
            {"role": "tool", "tool_call_id": sealed, "content": "12"}]},
        MESSAGES: {"messages": [
            {"role": "assistant", "content": [{"type": "tool_use", "id": sealed, "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": sealed, "content": "12"}]}]},
        RESPONSES: {"input": [
            {"type": "function_call", "call_id": sealed, "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": sealed, "output": "12"}]},
    }  # fmt: skip
    made = Gateway()
    await made.reply(protocol, GPT, **turns[protocol])
    call, result = made.acme.asked[0].content["messages"]
    assert (call["tool_calls"][0]["id"], result["tool_call_id"]) == (sealed, sealed)


OWN = [
    ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools[0]"),
    ({"tools": [{"name": "f", "input_schema": {}}, {"type": "memory_20250818", "name": "memory"}]}, "tools[1]"),
    ({"messages": [{"role": "assistant", "content": [{"type": "server_tool_use", "id": "s", "name": "w", "input": {}}]},
                   {"role": "user", "content": "Go on"}]}, "messages[0].content[0]"),
    ({"messages": [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "compaction", "content": "So far."}]},
    ]}]}, "messages[0].content[0].content[0]"),
    ({"messages": [{"role": "system", "content": [{"type": "tool_removal", "tool": {}}]},
                   {"role": "user", "content": "Go on"}]}, "messages[0].content[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "param"), OWN)
async def test_what_only_anthropic_knows_goes_to_its_models_as_it_came_and_is_refused_by_name_where_none_may_answer(
    body: dict[str, Any], param: str
) -> None:
    """B.0: the body is an open list. Tools that its clients run are among it, and what its servers said before."""
    made = Gateway()
    await made.reply(MESSAGES, GPT, CLAUDE, **body)
    assert made.asked == ["claude"]
    sent = made.claude.asked[0].native
    assert sent is not None
    assert {name: sent[name] for name in body} == body
    plain, described = (
        MESSAGES.read(orjson.dumps(BODIES[MESSAGES]), {}),
        MESSAGES.read(orjson.dumps(BODIES[MESSAGES] | body), {}),
    )
    assert described.max_input_tokens >= plain.max_input_tokens + DESCRIBED_TOKENS, "what Anthropic adds is held for"
    nobody = Gateway()
    with pytest.raises(BadRequest) as caught:
        await nobody.reply(MESSAGES, GPT, **body)
    assert (caught.value.param, caught.value.code, nobody.asked) == (param, "unsupported_parameter", [])


def test_a_place_of_an_unknown_dialect_lacks_nothing_until_it_is_called() -> None:
    place = Deployment(provider="acme", upstream_model="x")
    provider = Provider(name="acme", title="", protocol="google", base_url="http://x", credential_env="")
    upstreams = Upstreams({}, provider)
    request = CHAT.read(orjson.dumps(BODIES[CHAT]), {})
    assert upstreams.lacking(request, {"acme": provider}, place) == NOTHING_LACKS
    with pytest.raises(Failed, match="Nobody here speaks google"):
        upstreams.endpoint(place, {"acme": provider})
