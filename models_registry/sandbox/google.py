"""The sandbox's answers as Google's generateContent."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from models_registry.sandbox.answers import Answer, usage
from models_registry.sandbox.dialect import Json, called, event

SIGNATURE = "c2FuZGJveA=="
FINISHES = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
            429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}  # fmt: skip


class Google:
    """See models_registry.sandbox.dialect.Vectors."""

    def asked(self, body: Mapping[str, Any], path: Mapping[str, str]) -> Json:
        model, _, method = path["call"].partition(":")
        config = body.get("generationConfig") or {}
        names = [each["name"] for tool in body.get("tools") or () for each in tool["functionDeclarations"]]
        calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
        named = calling.get("allowedFunctionNames") or ["required"]
        return {
            "model": model,
            "messages": body["contents"],
            "stream": method == "streamGenerateContent",
            "max_tokens": config.get("maxOutputTokens"),
            "stop": config.get("stopSequences"),
            "n": config.get("candidateCount"),
            "tools": [{"function": {"name": name}} for name in names],
            "tool_choice": _choice(named[0]) if calling.get("mode") == "ANY" else None,
            "response_format": _format(config),
        }

    def whole(self, asked: Json, made: Sequence[Answer]) -> Json:
        candidates = [_candidate(at, _parts(each), each.finish) for at, each in enumerate(made)]
        return {"candidates": candidates, **_rest(asked, made)}

    def begin(self, asked: Json, made: Sequence[Answer]) -> bytes:
        return b""

    def pieces(self, asked: Json, made: Sequence[Answer]) -> Iterator[bytes]:
        for index, each in enumerate(made):
            for part in _parts(each):
                yield event({"candidates": [_candidate(index, [part])], "modelVersion": asked["model"]})

    def end(self, asked: Json, made: Sequence[Answer]) -> bytes:
        candidates = [_candidate(at, [{"text": ""}], each.finish) for at, each in enumerate(made)]
        return event({"candidates": candidates, **_rest(asked, made)})

    def asked_vectors(self, body: Mapping[str, Any]) -> Json:
        texts = [each["content"]["parts"][0]["text"] for each in body["requests"]]
        return {"input": texts, "dimensions": body["requests"][0].get("outputDimensionality")}

    def vectors(self, made: Json) -> Json:
        told = {"promptTokenCount": made["usage"]["prompt_tokens"]}
        return {"embeddings": [{"values": each["embedding"]} for each in made["data"]], "usageMetadata": told}

    def error(self, status: int, message: str, param: str | None) -> Json:
        return {"error": {"code": status, "message": message, "status": STATUSES.get(status, "INTERNAL")}}


def _choice(name: str) -> Any:
    return name if name == "required" else {"function": {"name": name}}


def _format(config: Mapping[str, Any]) -> Json | None:
    if config.get("responseMimeType") != "application/json":
        return None
    schema = config.get("responseJsonSchema")
    return {"type": "json_object"} if schema is None else {"type": "json_schema", "json_schema": {"schema": schema}}


def _parts(answer: Answer) -> list[Json]:
    """In pieces; a whole answer may be in pieces too. The first call is signed."""
    thought: list[Json] = [{"text": token, "thought": True} for token in answer.reasoning]
    calls: list[Json] = [
        {"functionCall": {"name": call["function"]["name"], "args": called(call)},
         **({"thoughtSignature": SIGNATURE} if at == 0 else {})}
        for at, call in enumerate(answer.calls)
    ]  # fmt: skip
    return [*thought, *(calls or [{"text": token} for token in answer.tokens])]


def _candidate(index: int, parts: list[Json], finish: str | None = None) -> Json:
    ended = {"finishReason": FINISHES[finish]} if finish else {}
    return {"index": index, "content": {"role": "model", "parts": parts}, **ended}


def _rest(asked: Json, made: Sequence[Answer]) -> Json:
    """Usage, in which thoughts are counted apart."""
    used = usage(asked, made)
    thoughts = used["completion_tokens_details"]["reasoning_tokens"]
    counts = {
        "promptTokenCount": used["prompt_tokens"],
        "candidatesTokenCount": used["completion_tokens"] - thoughts,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": used["total_tokens"],
    }
    return {"usageMetadata": counts, "modelVersion": asked["model"], "responseId": "sandbox"}
