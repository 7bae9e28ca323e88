"""Google's generateContent, as the Gemini API speaks it. What is asked is put into its words by `request.py`."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import uuid4

import aiohttp
import orjson
from yarl import URL

from models_registry.types import Usage
from models_registry.upstream import call_ids
from models_registry.upstream.base import GOOGLE, Choice, Chunk, Completion, Lacking, ToolCall, UpstreamRequest
from models_registry.upstream.embeddings import Embeddings
from models_registry.upstream.errors import CredentialBad, Failed, Rejected, Unreachable, UpstreamError, for_refusal
from models_registry.upstream.google import embeddings
from models_registry.upstream.google.request import TABLE, payload_of
from models_registry.upstream.wire import http
from models_registry.upstream.wire.json_values import count, joined, mapping, mappings
from models_registry.upstream.wire.refusals import BAD_KEY, answer_to, error_of, loads, message_of, word

FINISHES: Mapping[str, str] = {
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
         "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR"),
        "content_filter",
    ),
}  # fmt: skip
"""All others that are no failure are a "stop"."""
FAILURES = frozenset(
    {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
     "MALFORMED_RESPONSE"}
)  # fmt: skip
"""The model wrote something that is no answer: another try may do better."""
UNSAID = "FINISH_REASON_UNSPECIFIED"
KNOWN = frozenset({"candidates", "promptFeedback", "usageMetadata", "responseId", "modelVersion"})
"""One of these is in every answer and in every event."""


class GoogleAdapter:
    """See models_registry.upstream.base.Adapter."""

    protocol = GOOGLE

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @staticmethod
    def credentials(api_key: str) -> dict[str, str]:
        return {"x-goog-api-key": api_key}

    def lacking(self, content: Mapping[str, Any], dialect: str, model: str) -> Lacking:
        return TABLE.lacking(content)

    async def complete(self, request: UpstreamRequest) -> Completion:
        async with await self._post(request, "generateContent", payload_of(request)) as response:
            return read_answer(await http.read_all(response))

    async def stream(self, request: UpstreamRequest) -> AsyncGenerator[Chunk, None]:
        async with await self._post(request, "streamGenerateContent?alt=sse", payload_of(request)) as response:
            if not response.content_type.startswith("text/event-stream"):
                yield _as_chunk(read_answer(await http.read_all(response)), has_content=True)
                return
            events, reading = http.Events(response), _Reading()
            while (batch := await (events.read_rest() if reading.is_complete else events.read())) is not None:
                for data in batch:
                    if data:
                        yield reading.read(data)
            if not reading.is_complete:
                raise Unreachable("The stream ended before it was done.")

    async def embed(self, request: UpstreamRequest) -> Embeddings:
        """See models_registry.upstream.embeddings.Embedder."""
        async with await self._post(request, "batchEmbedContents", embeddings.payload_of(request)) as response:
            return embeddings.read(_object(await http.read_all(response), status=200), request.content)

    async def _post(self, request: UpstreamRequest, method: str, payload: Mapping[str, Any]) -> aiohttp.ClientResponse:
        """The response, if it is an answer. Raises UpstreamError."""
        headers = {"Content-Type": "application/json", **self.credentials(request.api_key)}
        url = URL(f"{request.address}/models/{request.model}:{method}")
        try:
            return await answer_to(self._session, url, headers, payload, request, code="status")
        except Rejected as error:
            if str(error).startswith(BAD_KEY):
                raise CredentialBad(str(error), status=error.status, code=error.code) from error
            raise


ADAPTER = GoogleAdapter


# --- whole answers and events, which have the same shape


def read_answer(body: bytes) -> Completion:
    """The answer in a body. Raises UpstreamError, also for an error that came as a success."""
    return _Reading().answer(body)


class _Reading:
    """One answer, whole or event by event. Calls come whole, each in an event of its own or several in one."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}
        """How many each candidate has made."""
        self._begun: set[int] = set()
        self._ended: set[int] = set()

    @property
    def is_complete(self) -> bool:
        """Whether every candidate that began has said that it ended."""
        return bool(self._ended) and self._begun <= self._ended

    def answer(self, body: bytes) -> Completion:
        answer = _object(body, status=200)
        if not KNOWN & answer.keys():
            raise Failed("Its answer has no candidates.", status=200)
        choices = self._choices(answer) or (Choice(index=0, finish="content_filter"),)
        return Completion(
            choices=tuple([_ended(choice) for choice in choices]),
            usage=read_usage(answer.get("usageMetadata")),
            dialect=GOOGLE,
            native=answer,
        )

    def read(self, data: bytes) -> Chunk:
        event = _object(data, status=None)
        if not KNOWN & event.keys():
            raise Failed("An event of its stream is no part of an answer.")
        choices, usage = self._choices(event), read_usage(event.get("usageMetadata"))
        made = Completion(choices=choices, usage=usage, dialect=GOOGLE, native=event)
        return _as_chunk(made, has_content=any([choice.size or choice.finish for choice in choices]))

    def _choices(self, event: Mapping[str, Any]) -> tuple[Choice, ...]:
        """What the candidates say. A prompt that was blocked has none, and is answered by that."""
        if mapping(event.get("promptFeedback")).get("blockReason"):
            self._ended.add(0)
            return (Choice(index=0, finish="content_filter"),)
        return tuple([self._choice(each) for each in mappings(event.get("candidates"))])

    def _choice(self, candidate: Mapping[str, Any]) -> Choice:
        index = count(candidate.get("index")) or 0
        parts = mappings(mapping(candidate.get("content")).get("parts"))
        calls = tuple([self._call(index, part) for part in parts if isinstance(part.get("functionCall"), dict)])
        finish = self._finish(candidate, index)
        self._begun.add(index)
        if finish is not None:
            self._ended.add(index)
        return Choice(
            index=index,
            text=joined([part for part in parts if not part.get("thought")], "text"),
            reasoning=joined([part for part in parts if part.get("thought")], "text"),
            tool_calls=calls,
            finish=finish,
        )

    def _call(self, index: int, part: Mapping[str, Any]) -> ToolCall:
        """A call with an id of its own, in which the signature travels: older models give none."""
        call, place = part["functionCall"], self._calls.get(index, 0)
        self._calls[index] = place + 1
        return ToolCall(
            index=place,
            id=call_ids.sealed(str(call.get("id") or f"call_{uuid4().hex}"), str(part.get("thoughtSignature") or "")),
            name=str(call.get("name") or ""),
            arguments=orjson.dumps(call.get("args") or {}).decode(),
        )

    def _finish(self, candidate: Mapping[str, Any], index: int) -> str | None:
        """Why it ended, None where it has not. Raises Failed where what it ended with is no answer."""
        reason = candidate.get("finishReason")
        if not isinstance(reason, str) or reason == UNSAID:
            return None
        if reason in FAILURES:
            text = candidate.get("finishMessage") or "The model did not write an answer"
            raise Failed(f"{text} ({reason}).", status=200, code=reason)
        return FINISHES.get(reason, "tool_calls" if self._calls.get(index) else "stop")


def _ended(choice: Choice) -> Choice:
    """A whole answer has ended, also where it does not say why."""
    if choice.finish is not None:
        return choice
    return Choice(
        index=choice.index,
        text=choice.text,
        reasoning=choice.reasoning,
        tool_calls=choice.tool_calls,
        finish="tool_calls" if choice.tool_calls else "stop",
    )


def _as_chunk(made: Completion, has_content: bool) -> Chunk:
    return Chunk(
        choices=made.choices, usage=made.usage, has_content=has_content, dialect=GOOGLE, native=made.native
    )  # fmt: skip


def _object(body: bytes, status: int | None) -> dict[str, Any]:
    """The object in a body or an event. Raises UpstreamError, also for an error that came as a success."""
    answer = loads(body)
    if isinstance(answer, list) and len(answer) == 1:
        (answer,) = answer
    if not isinstance(answer, dict):
        raise Failed("What it said is not a JSON object.", status=status)
    if answer.get("error"):
        raise _reported(answer)
    return answer


def _reported(answer: Mapping[str, Any]) -> UpstreamError:
    error = error_of(answer)
    code = word(error, "code") or ""
    status = int(code) if code.isdecimal() and 400 <= int(code) < 600 else 200
    text = message_of(error) or "It reported an error in place of an answer."
    kind = word(error, "status")
    return for_refusal(status, kind, text)(text, status=status, code=kind, was_refused=True)


# --- usage


def read_usage(raw: object) -> Usage | None:
    """Thoughts are counted beside the answer here, what was cached within the prompt. A count of zero is left out."""
    if not isinstance(raw, dict) or (prompt := count(raw.get("promptTokenCount"))) is None:
        return None
    thoughts = count(raw.get("thoughtsTokenCount")) or 0
    prompt += count(raw.get("toolUsePromptTokenCount")) or 0
    return Usage(
        input_tokens=prompt,
        output_tokens=(count(raw.get("candidatesTokenCount")) or 0) + thoughts,
        cache_read_tokens=min(prompt, count(raw.get("cachedContentTokenCount")) or 0),
        audio_input_tokens=max(0, _audio(raw.get("promptTokensDetails")) - _audio(raw.get("cacheTokensDetails"))),
        audio_output_tokens=_audio(raw.get("candidatesTokensDetails")),
        reasoning_tokens=thoughts,
    )


def _audio(details: object) -> int:
    return sum([count(each.get("tokenCount")) or 0 for each in mappings(details) if each.get("modality") == "AUDIO"])
