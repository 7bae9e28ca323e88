"""What a client may ask for, feature by feature, in the words of each dialect."""

from base64 import b64encode
from typing import Any

from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES

Json = dict[str, Any]
SCHEMA = {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False,
}  # fmt: skip
PNG = b64encode(b"\x89PNG\r\n\x1a\n....").decode()
PDF = b64encode(b"%PDF-1.7 ....").decode()
LINKED = "https://papers.example/a.pdf"
PICTURE = "https://pictures.example/a.png"
ASK = "What is the weather?"
SECRET = "thought by somebody"


def _user(*parts: Any) -> Json:
    return {"role": "user", "content": list(parts)}


# --- chat completions

CHAT_TOOLS = [{"type": "function", "function": {"name": name, "description": "Tells.", "parameters": SCHEMA}}
              for name in ("weather", "time")]  # fmt: skip


def _chat_call(identifier: str) -> Json:
    return {"id": identifier, "type": "function", "function": {"name": "weather", "arguments": '{"city":"Bonn"}'}}


def _chat(content: Any = ASK, **body: Any) -> Json:
    return {"messages": [{"role": "user", "content": content}], **body}


CHAT_FEATURES: dict[str, Json] = {
    "text": _chat(),
    "system": {"messages": [{"role": "system", "content": "Be short."}, {"role": "developer", "content": "Be kind."},
        {"role": "user", "content": ASK}]},
    "sampling": _chat(temperature=0.5, top_p=0.9, frequency_penalty=0.1, presence_penalty=0.2, seed=7, max_tokens=100),
    "limit": _chat(max_completion_tokens=100),
    "stop": _chat(stop=["x"]),
    "several": _chat(n=2),
    "probabilities": _chat(logprobs=True, top_logprobs=2),
    "reasoning": _chat(reasoning_effort="high", max_completion_tokens=4_000),
    "json": _chat(response_format={"type": "json_object"}),
    "schema": _chat(response_format={"type": "json_schema", "json_schema": {"name": "w", "schema": SCHEMA, "strict": True}}),
    "tools": _chat(tools=CHAT_TOOLS, parallel_tool_calls=False),
    **{f"tools {choice}": _chat(tools=CHAT_TOOLS, tool_choice=choice) for choice in ("auto", "none", "required")},
    "tools one": _chat(tools=CHAT_TOOLS, tool_choice={"type": "function", "function": {"name": "time"}}),
    "results": {"tools": CHAT_TOOLS, "messages": [
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": None, "tool_calls": [_chat_call("call_1"), _chat_call("call_2")]},
        {"role": "tool", "tool_call_id": "call_1", "content": "12"},
        {"role": "tool", "tool_call_id": "call_2",
            "content": [{"type": "text", "text": "13"}, {"type": "text", "text": "14"}]}]},
    "pictures": _chat([{"type": "text", "text": ASK}, {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
                       {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]),
    "file": _chat([{"type": "text", "text": ASK},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}}]),
    "speech": _chat([{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]),
    "refused before": {"messages": [
        {"role": "user", "content": ASK}, {"role": "assistant", "content": None, "refusal": "I may not."},
        {"role": "user", "content": "Why?"}]},
    "user": _chat(user="u1", safety_identifier="s1", prompt_cache_key="k1", metadata={"a": "b"}, service_tier="auto",
        store=False, verbosity="low"),
}  # fmt: skip

# --- responses

RESPONSES_TOOLS = [{"type": "function", "name": name, "description": "Tells.", "parameters": SCHEMA, "strict": True}
                   for name in ("weather", "time")]  # fmt: skip
CUSTOM_TOOL = {"type": "custom", "name": "patch", "description": "Patches.",
               "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}}  # fmt: skip
SPACE_TOOL = {"type": "namespace", "name": "crm", "description": "Customers.",
              "tools": [{"type": "function", "name": "find", "parameters": SCHEMA, "strict": True}]}  # fmt: skip


def _called(identifier: str) -> Json:
    return {"type": "function_call", "call_id": identifier, "name": "weather", "arguments": '{"city":"Bonn"}'}


def _response(*parts: Any, **body: Any) -> Json:
    return {"input": [_user(*parts)] if parts else ASK, **body}


def _text(text: str) -> Json:
    return {"type": "input_text", "text": text}


RESPONSES_FEATURES: dict[str, Json] = {
    "linked file": _response(_text(ASK), {"type": "input_file", "file_url": LINKED}),
    "text": _response(),
    "system": {"instructions": "Be short.",
        "input": [{"role": "developer", "content": "Be kind."}, {"role": "user", "content": ASK}]},
    "sampling": _response(temperature=0.5, top_p=0.9, max_output_tokens=100),
    "probabilities": _response(include=["message.output_text.logprobs"], top_logprobs=2),
    "reasoning": _response(reasoning={"effort": "high", "summary": "auto"}, include=["reasoning.encrypted_content"],
        max_output_tokens=4_000),
    "json": _response(text={"format": {"type": "json_object"}}),
    "schema": _response(text={"format": {"type": "json_schema", "name": "w", "schema": SCHEMA, "strict": True},
        "verbosity": "low"}),
    "tools": _response(tools=[*RESPONSES_TOOLS, CUSTOM_TOOL, SPACE_TOOL], parallel_tool_calls=False),
    **{f"tools {choice}": _response(tools=RESPONSES_TOOLS, tool_choice=choice) for choice in ("auto", "none", "required")},
    "tools one": _response(tools=RESPONSES_TOOLS, tool_choice={"type": "function", "name": "time"}),
    "results": {"tools": RESPONSES_TOOLS, "input": [
        {"role": "user", "content": ASK}, _called("call_1"), _called("call_2"),
        {"type": "function_call_output", "call_id": "call_1", "output": "12"},
        {"type": "function_call_output", "call_id": "call_2", "output": [
            _text("13"), {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}]}]},
    "custom results": {"tools": [CUSTOM_TOOL], "input": [
        {"role": "user", "content": ASK}, {"type": "custom_tool_call", "call_id": "call_1", "name": "patch", "input": "X"},
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "done"}]},
    "pictures": _response(_text(ASK), {"type": "input_image", "image_url": PICTURE, "detail": "low"},
                          {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}),
    "file": _response(_text(ASK), {"type": "input_file", "filename": "a.pdf",
        "file_data": f"data:application/pdf;base64,{PDF}"}),
    "refused before": {"input": [
        {"role": "user", "content": ASK},
        {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "refusal", "refusal": "I may not."}]},
        {"role": "user", "content": "Why?"}]},
    "thought before": {"input": [
        {"role": "user", "content": ASK},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": SECRET}],
            "encrypted_content": "sealed"},
        {"type": "message", "id": "msg_1", "status": "completed", "role": "assistant",
            "content": [{"type": "output_text", "text": "12", "annotations": [], "logprobs": []}]},
        {"role": "user", "content": "Why?"}]},
    "user": _response(user="u1", safety_identifier="s1", prompt_cache_key="k1", metadata={"a": "b"},
        service_tier="auto", store=False),
}  # fmt: skip

# --- messages

MESSAGES_TOOLS = [{"name": name, "description": "Tells.", "input_schema": SCHEMA} for name in ("weather", "time")]


def _use(identifier: str) -> Json:
    return {"type": "tool_use", "id": identifier, "name": "weather", "input": {"city": "Bonn"}}


def _result(identifier: str, content: Any, **more: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": identifier, "content": content, **more}


def _message(content: Any = ASK, **body: Any) -> Json:
    return {"messages": [{"role": "user", "content": content}], "max_tokens": 100, **body}


def _block(text: str, **more: Any) -> Json:
    return {"type": "text", "text": text, **more}


def _held(kind: str, media: str, data: str) -> Json:
    return {"type": kind, "source": {"type": "base64", "media_type": media, "data": data}}


MARK = {"cache_control": {"type": "ephemeral"}}
MESSAGES_FEATURES: dict[str, Json] = {
    "linked file": _message([_block(ASK), {"type": "document", "source": {"type": "url", "url": LINKED}}]),
    "text": _message(),
    "system": _message(system=[_block("Be short."), _block("Be kind.", **MARK)]),
    "stop": _message(stop_sequences=["x"]),
    "reasoning": _message(thinking={"type": "adaptive"}, output_config={"effort": "high"}, max_tokens=4_000),
    "schema": _message(output_config={"format": {"type": "json_schema", "schema": SCHEMA}}),
    "tools": _message(tools=[*MESSAGES_TOOLS[:1], {**MESSAGES_TOOLS[1], **MARK}]),
    **{f"tools {choice}": _message(tools=MESSAGES_TOOLS, tool_choice={"type": choice}) for choice in ("auto", "none", "any")},
    "tools one": _message(tools=MESSAGES_TOOLS,
        tool_choice={"type": "tool", "name": "time", "disable_parallel_tool_use": True}),
    "results": {"tools": MESSAGES_TOOLS, "max_tokens": 100, "messages": [
        {"role": "user", "content": ASK}, {"role": "assistant",
            "content": [_block("Let me see."), _use("toolu_1"), _use("toolu_2")]},
        _user(_block("Here."), _result("toolu_1", "12 is broken", is_error=True),
              _result("toolu_2", [_block("13", **MARK), _held("image", "image/png", PNG)]))]},
    "pictures": _message([_block(ASK), {"type": "image", "source": {"type": "url", "url": PICTURE}},
        _held("image", "image/png", PNG)]),
    "file": _message([_block(ASK), _held("document", "application/pdf", PDF)]),
    "thought before": _message(messages=[
        {"role": "user", "content": ASK},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": SECRET, "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "c2Vj"}, _block("12")]},
        {"role": "user", "content": "Why?"}]),
    "user": _message(metadata={"user_id": "u1"}, service_tier="auto"),
}  # fmt: skip

FEATURES: dict[ChatProtocol, dict[str, Json]] = {
    CHAT: CHAT_FEATURES, RESPONSES: RESPONSES_FEATURES, MESSAGES: MESSAGES_FEATURES,
}  # fmt: skip
