"""Real failures of other gateways that are none of one dialect alone: what must hold, by their number in the catalogue."""

from base64 import b64encode
from typing import Any

import orjson
import pytest

from models_registry.upstream.openai.chat_completions import read_completion
from models_registry.upstream.openai.finishes import FINISHES
from routerhub.gateway.errors import AllFailed
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.anthropic_messages import count_tokens
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from tests.gateway.exchange import Exchange
from tests.gateway.protocols.test_dialects import EVERY_UPSTREAM, HELLO, TOOLS, answer, gateway
from tests.models_registry.upstream.raw_server import Step, streamed, whole
from tests.models_registry.upstream.spellings import SPELLINGS

pytestmark = pytest.mark.anyio


def sent(server: Any) -> Any:
    """The body of the last request."""
    return orjson.loads(server.requests[-1].partition(b"\r\n\r\n")[2])


USAGES: dict[str, Any] = {
    "openai": {"usage": {"prompt_tokens": 1_403, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 1_295}}},
    "openai-responses": {"usage": {
        "input_tokens": 1_403, "output_tokens": 50, "input_tokens_details": {"cached_tokens": 1_295}}},
    "anthropic": {"usage": {
        "input_tokens": 108, "output_tokens": 50, "cache_read_input_tokens": 1_295, "cache_creation_input_tokens": 0}},
    "google": {"usageMetadata": {
        "promptTokenCount": 1_403, "candidatesTokenCount": 40, "thoughtsTokenCount": 10, "cachedContentTokenCount": 1_295}},
}  # fmt: skip


@EVERY_UPSTREAM
async def test_what_was_cached_is_within_the_input_or_beside_it_as_each_dialect_has_it(upstream: str) -> None:
    """B4, D2"""
    body = {**orjson.loads(SPELLINGS[upstream].answer), **USAGES[upstream]}
    script: list[Step] = [whole(orjson.dumps(body))]
    async with gateway(upstream, script, script, script) as (made, _):
        used = [orjson.loads(await answer(made, client))["usage"] for client in (CHAT, RESPONSES, MESSAGES)]
    assert (used[0]["prompt_tokens"], used[0]["prompt_tokens_details"]["cached_tokens"]) == (1_403, 1_295)
    assert (used[1]["input_tokens"], used[1]["input_tokens_details"]["cached_tokens"]) == (1_403, 1_295)
    assert (used[2]["input_tokens"], used[2]["cache_read_input_tokens"]) == (108, 1_295)
    assert [each.get("completion_tokens", each.get("output_tokens")) for each in used] == [50, 50, 50]


@pytest.mark.parametrize(("asked", "told"), [({}, 4_000), ({"max_tokens": 10}, 10), ({"max_tokens": 9_999_999}, 8_000)])
async def test_an_upstream_that_demands_a_longest_answer_gets_one_that_the_model_can_write(
    asked: dict[str, int], told: int
) -> None:
    """B14"""
    async with gateway("anthropic", [whole(SPELLINGS["anthropic"].answer)]) as (made, server):
        await answer(made, CHAT, **asked)
    assert sent(server)["max_tokens"] == told


CALL = {"type": "tool_use", "id": "t1", "name": "f", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "12"}
ORPHANS = {
    "an orphan call": [{"role": "assistant", "content": [CALL]}, HELLO, {"role": "assistant", "content": "Hm."}, HELLO],
    "an orphan result": [{"role": "user", "content": [RESULT]}],
}


@pytest.mark.parametrize("history", ORPHANS)
@EVERY_UPSTREAM
async def test_a_call_without_a_result_and_a_result_without_a_call_are_refused_by_id_before_they_are_sent(
    upstream: str, history: str
) -> None:
    """B8, D10; an upstream of chat completions, or of the client's own dialect, says so itself."""
    async with gateway(upstream, [whole(SPELLINGS[upstream].answer)]) as (made, server):
        if upstream in {"openai", "anthropic"}:
            await answer(made, MESSAGES, tools=TOOLS[MESSAGES], messages=ORPHANS[history])
            return
        with pytest.raises(AllFailed, match=r"t1|tool_call_id"):
            await answer(made, MESSAGES, tools=TOOLS[MESSAGES], messages=ORPHANS[history])
        assert server.requests == []


@EVERY_UPSTREAM
async def test_words_between_calls_and_before_results_are_put_where_each_upstream_takes_them(upstream: str) -> None:
    """B7, B8"""
    said = [{"type": "text", "text": "one"}, CALL, {"type": "text", "text": "two"}, {**CALL, "id": "t2"}]
    got = [{"type": "text", "text": "three"}, RESULT, {"type": "text", "text": "four"}, {**RESULT, "tool_use_id": "t2"}]
    messages = [HELLO, {"role": "assistant", "content": said}, {"role": "user", "content": got}]
    async with gateway(upstream, [whole(SPELLINGS[upstream].answer)]) as (made, server):
        await answer(made, MESSAGES, tools=TOOLS[MESSAGES], messages=messages)
        body = sent(server)
    if upstream == "openai":
        assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "tool", "tool", "user"]
        assert [call["id"] for call in body["messages"][1]["tool_calls"]] == ["t1", "t2"]
        assert (body["messages"][1]["content"], body["messages"][4]["content"]) == ("onetwo", "three\nfour")
    elif upstream == "openai-responses":
        kinds = [item.get("type", item.get("role")) for item in body["input"]]
        assert kinds == ["user", "assistant", *["function_call"] * 2, *["function_call_output"] * 2, "user"]
    elif upstream == "google":
        assert [sorted(part)[0] for part in body["contents"][2]["parts"]] == [
            "functionResponse",
            "functionResponse",
            "text",
        ]
    else:
        assert body["messages"] == messages, "its own dialect goes as it was written"


JPEG = b64encode(b"\xff\xd8\xff\xe0 a picture that is called a PNG").decode()


@pytest.mark.parametrize("upstream", ["anthropic", "google"])
async def test_a_picture_has_the_type_of_its_data_and_stays_an_address_where_it_is_one(upstream: str) -> None:
    """B13"""
    urls = (f"data:image/png;base64,{JPEG}", "https://pictures.example/large.png")
    content = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    async with gateway(upstream, [whole(SPELLINGS[upstream].answer)]) as (made, server):
        await answer(made, CHAT, messages=[{"role": "user", "content": content}])
        body = sent(server)
    held, linked = body["messages"][0]["content"] if upstream == "anthropic" else body["contents"][0]["parts"]
    if upstream == "anthropic":
        assert (held["source"]["media_type"], linked["source"]) == ("image/jpeg", {"type": "url", "url": urls[1]})
    else:
        assert (held["inlineData"]["mimeType"], linked["fileData"]["fileUri"]) == ("image/jpeg", urls[1])


PROSE = "The quick brown fox jumps over the lazy dog. "  # 10 tokens in the tokenizers of OpenAI and Anthropic
CODE = "def f(x: int) -> int:\n    return x + 1\n"  # 17 in cl100k
CHINESE = "今天天气很好我们去公园散步吧。"  # 16 to 20


@pytest.mark.parametrize(("text", "tokens"), [(PROSE, 10), (CODE, 17), (CHINESE, 16)])
def test_tokens_are_counted_of_system_tools_and_messages_and_rather_too_many_than_too_few(
    text: str, tokens: int
) -> None:
    """B12: within a band from the truth to twice as many, for every script."""
    tool = {"name": "f", "description": text * 100, "input_schema": {"type": "object"}}
    bodies = [
        {"messages": [{"role": "user", "content": text * 100}]}, {"messages": [HELLO], "system": text * 100},
        {"messages": [HELLO], "tools": [tool]},
        {"messages": [{"role": "assistant", "content": [CALL]}, {"role": "user", "content": [{**RESULT, "content": text * 100}]}],
        "max_tokens": 5},
    ]  # fmt: skip
    for body in bodies:
        counted = count_tokens(orjson.dumps(body))["input_tokens"]
        assert 100 * tokens <= counted <= 200 * tokens + 100


async def test_requests_of_one_session_of_an_agent_are_one_group() -> None:
    """B16"""
    for name, session in (("x-claude-code-session-id", "s-1"), ("session_id", "s-2")):
        exchange = Exchange()
        await exchange.ask(headers={name: session})
        assert (await exchange.settled())["session"] == session
    told = Exchange()
    await told.ask({**{"messages": [HELLO]}, "routerhub": {"session": "mine"}}, headers={"session_id": "s"})
    assert (await told.settled())["session"] == "mine", "what RouterHub is told goes before"


@pytest.mark.parametrize(
    ("told", "finish"),
    [
        ("STOP", "stop"), ("MAX_TOKENS", "length"), ("FinishReason.SAFETY", "content_filter"), ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"), ("PROHIBITED_CONTENT", "content_filter"), ("SPII", "content_filter"),
        ("end_turn", "stop"), ("eos", "stop"), ("SOMETHING_NEW", "stop"), ("tool_use", "tool_calls"), ("length", "length"),
    ],
)  # fmt: skip
def test_every_compatible_server_says_in_openais_words_why_it_ended(told: str, finish: str) -> None:
    """D7"""
    body = {"choices": [{"index": 0, "message": {"content": "x"}, "finish_reason": told}]}
    completion = read_completion(orjson.dumps(body))
    assert (completion.choices[0].finish, completion.native["choices"][0]["finish_reason"]) == (finish, finish)
    assert finish in FINISHES


async def test_a_call_that_the_model_wrote_wrong_is_a_failure_at_a_compatible_server_too() -> None:
    """D8"""
    event = {"choices": [{"index": 0, "delta": {}, "finish_reason": "MALFORMED_FUNCTION_CALL"}]}
    script = streamed(b"data: " + orjson.dumps(event) + b"\n\ndata: [DONE]\n\n")
    async with gateway("openai", script, script) as (made, _):
        with pytest.raises(AllFailed, match="MALFORMED_FUNCTION_CALL"):
            await answer(made, CHAT, stream=True)


@pytest.mark.parametrize("client", [CHAT, MESSAGES, RESPONSES], ids=lambda each: each.path)
@EVERY_UPSTREAM
async def test_a_result_that_is_a_schema_reaches_every_upstream_as_the_text_that_it_is(
    client: ChatProtocol, upstream: str
) -> None:
    """D5"""
    schema = '{"$defs": {"a": {"$ref": "#/x"}}}'
    turns: dict[ChatProtocol, Any] = {
        CHAT: {"messages": [
            {"role": "assistant", "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "t1", "content": schema}]},
        MESSAGES: {"messages": [
            {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [{**RESULT, "content": schema}]}]},
        RESPONSES: {"input": [
            {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "t1", "output": schema}]},
    }  # fmt: skip
    async with gateway(upstream, [whole(SPELLINGS[upstream].answer)]) as (made, server):
        await answer(made, client, tools=TOOLS[client], **turns[client])
        assert orjson.dumps(schema) in server.requests[-1]
