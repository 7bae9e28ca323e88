"""Google's dialect: what is asked, as its API has it, and what it answers. Its SDK's own types are the oracle."""

from typing import Any

import aiohttp
import orjson
import pytest
from google.genai import types

from models_registry.types import Usage
from models_registry.upstream.base import GOOGLE, Chunk, ToolCall
from models_registry.upstream.errors import CredentialBad, Failed, Rejected, UpstreamError
from models_registry.upstream.google.generate_content import read_answer, read_usage
from models_registry.upstream.google.request import payload_of
from models_registry.upstream.registry import open_adapters
from tests.models_registry.upstream.raw_server import Step, serving, streamed, whole
from tests.models_registry.upstream.test_contract import asked

SIGNATURE = "AbC+/d8="
SCHEMA = {"$defs": {"a": {"type": ["integer", "null"]}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}}
PNG = "data:image/png;base64,AAAA"
USER = {"role": "user", "content": "Hello"}


def payload(*messages: Any, model: str = "gemini-3.8-flash", **content: Any) -> dict[str, Any]:
    """What is sent, checked field by field by Google's own types: they forbid what they do not know."""
    made = payload_of(asked(None, model=model, content={"messages": list(messages) or [USER], **content}))
    for turn in made["contents"]:
        types.Content.model_validate(turn)
    types.GenerationConfig.model_validate(made["generationConfig"])
    for tool in made.get("tools", ()):
        types.Tool.model_validate(tool)
    types.ToolConfig.model_validate(made.get("toolConfig", {}))
    return made


def call(identifier: str, name: str = "f") -> dict[str, Any]:
    return {"id": identifier, "type": "function", "function": {"name": name, "arguments": '{"a": 1}'}}


def result(identifier: str, text: str = "12") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": identifier, "content": text}


def answer(*parts: Any, finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, **({"finishReason": finish} if finish else {})}
    made = {"candidates": [candidate], **more}
    types.GenerateContentResponse.model_validate(made)
    return made


async def streams(*events: Any) -> list[Chunk]:
    body = b"".join(b"data: " + orjson.dumps(event) + b"\r\n\r\n" for event in events)
    async with aiohttp.ClientSession() as session, serving(streamed(body)) as server:
        chunks = [chunk async for chunk in open_adapters(session)[GOOGLE].stream(asked(server))]
        (sent,) = server.requests
    assert b"POST /v1/models/m:streamGenerateContent?alt=sse" in sent
    assert b"x-goog-api-key: sk-1" in sent
    return chunks


async def error_of(step: Step) -> UpstreamError:
    async with aiohttp.ClientSession() as session, serving([step]) as server:
        with pytest.raises(UpstreamError) as caught:
            await open_adapters(session)[GOOGLE].complete(asked(server))
    return caught.value


# --- what is asked


def test_the_systems_words_stand_apart_and_neighbours_of_one_role_are_one_turn() -> None:
    made = payload(
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [
            {"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": PNG}},
            {"type": "image_url", "image_url": {"url": "https://x.example/a.jpg?b"}},
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,BBBB"}},
            {"type": "input_audio", "input_audio": {"data": "CCCC", "format": "wav"}}]},
        {"role": "user", "content": "Well?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "developer", "content": "And exact."},
    )  # fmt: skip
    assert made["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "And exact."}]}
    assert made["contents"] == [
        {"role": "user", "parts": [
            {"text": "Look"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
            {"fileData": {"fileUri": "https://x.example/a.jpg?b", "mimeType": "image/jpeg"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "BBBB"}},
            {"inlineData": {"mimeType": "audio/wav", "data": "CCCC"}}, {"text": "Well?"}]},
        {"role": "model", "parts": [{"text": "Yes."}]},
    ]  # fmt: skip


def test_tools_the_form_of_the_answer_and_sampling_are_carried() -> None:
    """D4: a schema goes as JSON schema, references and all, which this API takes beside its own dialect of it."""
    made = payload(
        tools=[{"type": "function", "function": {"name": "f", "description": "does", "parameters": SCHEMA}}],
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}, stop="END", seed=7, n=2,
        temperature=1.7, top_p=0.5, presence_penalty=0.1, frequency_penalty=0.2,
    )  # fmt: skip
    assert made["tools"] == [
        {"functionDeclarations": [{"name": "f", "description": "does", "parametersJsonSchema": SCHEMA}]}
    ]
    assert made["generationConfig"] == {
        "maxOutputTokens": 50, "temperature": 1.7, "topP": 0.5, "candidateCount": 2, "seed": 7, "presencePenalty": 0.1,
        "frequencyPenalty": 0.2, "stopSequences": ["END"], "responseMimeType": "application/json",
        "responseJsonSchema": SCHEMA,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "calling"),
    [
        ("none", {"mode": "NONE"}), ("auto", {"mode": "AUTO"}), ("required", {"mode": "ANY"}),
        ({"type": "function", "function": {"name": "f"}}, {"mode": "ANY", "allowedFunctionNames": ["f"]}),
    ],
)  # fmt: skip
def test_the_choice_of_tools_is_carried(choice: Any, calling: Any) -> None:
    """D9"""
    made = payload(tools=[{"type": "function", "function": {"name": "f"}}], tool_choice=choice)
    assert made["toolConfig"] == {"functionCallingConfig": calling}


@pytest.mark.parametrize(
    ("model", "effort", "thinking"),
    [
        ("gemini-3.8-flash", "none", {"includeThoughts": False, "thinkingLevel": "MINIMAL"}),
        ("gemini-3.8-flash", "xhigh", {"includeThoughts": True, "thinkingLevel": "HIGH"}),
        ("gemini-2.5-flash", "none", {"includeThoughts": False, "thinkingBudget": 0}),
        ("gemini-2.5-flash", "medium", {"includeThoughts": True, "thinkingBudget": 8_192}),
    ],
)
def test_effort_is_a_level_and_a_budget_where_a_model_knows_no_levels(model: str, effort: str, thinking: Any) -> None:
    made = payload(model=model, reasoning_effort=effort)
    assert made["generationConfig"]["thinkingConfig"] == thinking


def test_every_result_has_the_name_and_the_id_of_its_call_and_is_sent_as_text() -> None:
    """D5, D10"""
    made = payload(
        {"role": "assistant", "content": None, "tool_calls": [call("c1", "f"), call("c2", "g")]},
        result("c2", '{"$defs": 1}'),
        result("c1"),
    )
    assert made["contents"][1] == {"role": "user", "parts": [
        {"functionResponse": {"id": "c2", "name": "g", "response": {"output": '{"$defs": 1}'}}},
        {"functionResponse": {"id": "c1", "name": "f", "response": {"output": "12"}}},
    ]}  # fmt: skip


@pytest.mark.parametrize(
    ("messages", "named"),
    [
        ([{"role": "assistant", "tool_calls": [call("c1"), call("c2")]}, result("c1")], "c2"),
        ([{"role": "assistant", "tool_calls": [call("c1")]}, USER], "c1"),
        ([USER, result("c9")], r"messages\[1\].tool_call_id"),
    ],
)
def test_a_call_without_a_result_and_a_result_without_a_call_are_refused_by_id(messages: Any, named: str) -> None:
    """D10"""
    with pytest.raises(Rejected, match=named):
        payload(*messages)


@pytest.mark.parametrize(
    ("content", "param"),
    [
        ({"logprobs": True}, "logprobs"), ({"modalities": ["audio"]}, "modalities"),
        ({"web_search_options": {}}, "web_search_options"),
        ({"tools": [{"type": "custom"}]}, "tools of type custom"),
        ({"messages": [{"role": "user", "content": [{"type": "video"}]}]}, "messages[0].content[0] of type video"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]},
         "messages[0].content[0] of type file"),
    ],
)  # fmt: skip
def test_what_it_has_not_is_refused_by_name(content: dict[str, Any], param: str) -> None:
    with pytest.raises(Rejected) as caught:
        payload_of(asked(None, content={"messages": [], **content}))
    assert (caught.value.param, caught.value.was_sent) == (param, False)


# --- signatures


def test_a_signature_comes_back_on_its_call_byte_for_byte() -> None:
    """D1: of two parallel calls only the first one is signed."""
    parts = [{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": SIGNATURE},
             {"functionCall": {"name": "f", "args": {"a": 1}}}]  # fmt: skip
    calls = read_answer(orjson.dumps(answer(*parts))).choices[0].tool_calls
    assert all(each.id.replace("_", "").replace("-", "").isalnum() for each in calls), "any client takes such an id"
    made = payload(
        {"role": "assistant", "tool_calls": [call(each.id) for each in calls]}, *[result(each.id) for each in calls]
    )
    sent = made["contents"][0]["parts"]
    assert [part.get("thoughtSignature") for part in sent] == [SIGNATURE, None]
    assert [part["functionResponse"]["id"] for part in made["contents"][1]["parts"]] == [
        part["functionCall"]["id"] for part in sent
    ]


def test_calls_of_another_model_are_marked_as_such_where_signatures_are_demanded() -> None:
    turns = [{"role": "assistant", "tool_calls": [call("c1"), call("c2")]}, result("c1"), result("c2")]
    told = {
        model: payload(*turns, model=model)["contents"][0]["parts"] for model in ("gemini-3.8-flash", "gemini-2.5-pro")
    }
    signatures = {model: [part.get("thoughtSignature") for part in parts] for model, parts in told.items()}
    assert signatures == {
        "gemini-3.8-flash": ["skip_thought_signature_validator", None], "gemini-2.5-pro": [None, None],
    }  # fmt: skip


# --- what it answers


def test_thoughts_text_and_calls_are_read_and_thoughts_are_paid_for() -> None:
    """D2"""
    usage = {
        "promptTokenCount": 10, "toolUsePromptTokenCount": 2, "cachedContentTokenCount": 4, "candidatesTokenCount": 7,
        "thoughtsTokenCount": 5, "totalTokenCount": 24, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
    }  # fmt: skip
    parts = [
        {"text": "hm", "thought": True},
        {"text": "I look."},
        {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}},
    ]
    made = read_answer(orjson.dumps(answer(*parts, usageMetadata=usage)))
    (choice,) = made.choices
    assert (choice.reasoning, choice.text, choice.finish) == ("hm", "I look.", "tool_calls")
    assert choice.tool_calls == (ToolCall(index=0, id="c1", name="f", arguments='{"a":1}'),)
    assert made.usage == Usage(
        input_tokens=12, output_tokens=12, cache_read_tokens=4, audio_input_tokens=3, reasoning_tokens=5
    )
    assert made.usage.input_tokens + made.usage.output_tokens == usage["totalTokenCount"]


def test_a_count_of_zero_is_left_out_there_and_usage_without_a_prompt_is_none() -> None:
    assert read_usage({"promptTokenCount": 10}) == Usage(input_tokens=10, output_tokens=0)
    assert read_usage({"candidatesTokenCount": 10}) is None


@pytest.mark.anyio
async def test_usage_of_a_stream_is_cumulative_and_calls_in_several_events_are_several() -> None:
    """D3, D11: the same tool twice, without ids."""
    called = {"functionCall": {"name": "f", "args": {}}}
    counts = [{"promptTokenCount": 5, "candidatesTokenCount": count} for count in (0, 3, 7)]
    chunks = await streams(
        answer({"text": "hm", "thought": True}, finish=None, usageMetadata=counts[0]),
        answer(called, finish=None, usageMetadata=counts[1]),
        answer(called, usageMetadata=counts[2]),
    )
    choices = [chunk.choices[0] for chunk in chunks]
    calls = [each for choice in choices for each in choice.tool_calls]
    assert ([each.index for each in calls], len({each.id for each in calls})) == ([0, 1], 2)
    assert "".join(choice.reasoning for choice in choices) == "hm"
    assert [choice.finish for choice in choices] == [None, None, "tool_calls"]
    assert chunks[-1].usage == Usage(input_tokens=5, output_tokens=7)


@pytest.mark.parametrize(
    "body",
    [
        {"promptFeedback": {"blockReason": "OTHER"}, "usageMetadata": {"promptTokenCount": 5}},
        {"candidates": [{"finishReason": "SAFETY"}], "usageMetadata": {"promptTokenCount": 5}},
        {"candidates": [], "usageMetadata": {"promptTokenCount": 5}},
    ],
)
@pytest.mark.anyio
async def test_what_was_blocked_is_an_answer_that_says_so(body: Any) -> None:
    """D6"""
    made = read_answer(orjson.dumps(body))
    assert ([choice.finish for choice in made.choices], made.usage) == (
        ["content_filter"],
        Usage(input_tokens=5, output_tokens=0),
    )
    if body.get("candidates") != []:
        (chunk,) = await streams(body)
        assert (chunk.choices[0].finish, chunk.has_content) == ("content_filter", True)


@pytest.mark.parametrize("reason", [each.value for each in types.FinishReason] + ["SOMETHING_NEW"])
def test_every_reason_to_end_becomes_one_of_openais_words_or_a_failure_that_can_be_tried_again(reason: str) -> None:
    """D7, D8: what is no answer is no success."""
    body = orjson.dumps({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": reason}]})
    if reason.startswith(("MALFORMED", "UNEXPECTED", "TOO_MANY", "MISSING")):
        with pytest.raises(Failed, match=reason) as caught:
            read_answer(body)
        assert (caught.value.may_retry, caught.value.was_refused) == (True, False)
    else:
        assert read_answer(body).choices[0].finish in {"stop", "length", "content_filter"}


@pytest.mark.anyio
async def test_a_key_that_is_not_taken_is_ours_though_it_comes_as_a_bad_request() -> None:
    refused = {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
        }
    }
    for body in (refused, [refused]):
        error = await error_of(whole(orjson.dumps(body), "400 Bad Request"))
        assert (type(error), error.code, error.was_refused) == (CredentialBad, "INVALID_ARGUMENT", True)


@pytest.mark.anyio
async def test_the_pause_that_it_asks_for_stands_in_the_body() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "31.5s"}
    body = {
        "error": {"code": 429, "message": "Slow down.", "status": "RESOURCE_EXHAUSTED", "details": [{"x": 1}, info]}
    }
    assert (await error_of(whole(orjson.dumps(body), "429 Too Many"))).retry_after_s == 31.5
