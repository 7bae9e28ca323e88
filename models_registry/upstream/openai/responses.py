"""OpenAI's responses, as its own servers speak them. What is asked is put into items by `responses_request.py`."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import aiohttp
from yarl import URL

from models_registry.types import Usage
from models_registry.upstream.base import (
    OPENAI_RESPONSES,
    Choice,
    Chunk,
    Completion,
    Lacking,
    ToolCall,
    UpstreamRequest,
)
from models_registry.upstream.embeddings import Embeddings
from models_registry.upstream.errors import Failed, Unreachable, UpstreamError, for_refusal
from models_registry.upstream.openai.chat_completions import OpenAIAdapter
from models_registry.upstream.openai.models import lacking
from models_registry.upstream.openai.responses_request import TABLE, payload_of
from models_registry.upstream.reported_cost import reported_cost_nano
from models_registry.upstream.thoughts import sealed
from models_registry.upstream.wire import http
from models_registry.upstream.wire.json_values import count, joined, mapping, mappings, text
from models_registry.upstream.wire.refusals import answer_to, loads, message_of, word

REASONS = {"max_output_tokens": "length", "content_filter": "content_filter"}
STATUSES = {"rate_limit_exceeded": 429, "server_error": 500, "vector_store_timeout": 504}
"""The status that an error would have had which came as a success, or within a stream; of all others that of a bad request."""
CALLS = {"function_call": "arguments", "custom_tool_call": "input"}
"""Items that are calls, with the field that has what is given to the tool."""
TEXTS = {
    "response.output_text.delta": "text", "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning", "response.reasoning_text.delta": "reasoning",
}  # fmt: skip
GROWTH = frozenset({"response.function_call_arguments.delta", "response.custom_tool_call_input.delta"})
ENDS = frozenset({"response.completed", "response.incomplete"})


class OpenAIResponsesAdapter:
    """See models_registry.upstream.base.Adapter."""

    protocol = OPENAI_RESPONSES
    credentials = staticmethod(OpenAIAdapter.credentials)

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._chat = OpenAIAdapter(session)

    def lacking(self, content: Mapping[str, Any], dialect: str, model: str) -> Lacking:
        by_model = lacking(content, model)
        if dialect == OPENAI_RESPONSES or "messages" not in content:
            return by_model
        found = TABLE.lacking(content)
        dropped = dict.fromkeys((*found.dropped, *by_model.dropped))
        return Lacking(refused=found.refused or by_model.refused, dropped=tuple(dropped))

    async def complete(self, request: UpstreamRequest) -> Completion:
        async with await self._post(request, payload_of(request)) as response:
            return read_response(await http.read_all(response), request.provider)

    async def stream(self, request: UpstreamRequest) -> AsyncGenerator[Chunk, None]:
        async with await self._post(request, {**payload_of(request), "stream": True}) as response:
            if not response.content_type.startswith("text/event-stream"):
                whole = read_response(await http.read_all(response), request.provider)
                yield _chunk(whole.choices[0], whole.native, whole.usage)
                return
            events, reading = http.Events(response), _Reading(request.provider)
            while (batch := await (events.read_rest() if reading.is_complete else events.read())) is not None:
                for data in batch:
                    if data:
                        yield reading.read(data)
            if not reading.is_complete:
                raise Unreachable("The stream ended before it was done.")

    async def embed(self, request: UpstreamRequest) -> Embeddings:
        """See models_registry.upstream.embeddings.Embedder: the same servers have them."""
        return await self._chat.embed(request)

    async def _post(self, request: UpstreamRequest, payload: Mapping[str, Any]) -> aiohttp.ClientResponse:
        headers = {"Content-Type": "application/json", **self.credentials(request.api_key)}
        return await answer_to(
            self._session, URL(f"{request.address}/responses"), headers, payload, request, code="code"
        )


ADAPTER = OpenAIResponsesAdapter


# --- whole answers


def read_response(body: bytes, provider: str = "") -> Completion:
    """The answer in a body. Raises UpstreamError, also for an error that came as a success."""
    answer = loads(body)
    if not isinstance(answer, dict):
        raise Failed("Its answer is not a JSON object.", status=200)
    if answer.get("error"):
        raise _reported(answer["error"])
    if not isinstance(answer.get("output"), list):
        raise Failed("Its answer has no output.", status=200)
    return Completion(
        choices=(_said(answer, provider),), usage=read_usage(answer), dialect=OPENAI_RESPONSES, native=answer
    )


def _said(answer: Mapping[str, Any], provider: str) -> Choice:
    items = mappings(answer["output"])
    parts = [part for item in items if item.get("type") == "message" for part in mappings(item.get("content"))]
    thoughts = [item for item in items if item.get("type") == "reasoning"]
    calls = [item for item in items if text(item.get("type")) in CALLS]
    told = [each for part in parts for each in mappings(part.get("logprobs"))]
    return Choice(
        index=0,
        text=joined(parts, "text"),
        reasoning="".join([joined(mappings(item.get("summary") or item.get("content")), "text") for item in thoughts]),
        refusal=joined(parts, "refusal"),
        tool_calls=tuple([_call(at, item, str(item.get(CALLS[item["type"]]) or "")) for at, item in enumerate(calls)]),
        finish=_finish(answer, bool(calls)),
        logprobs={"content": told, "refusal": None} if told else None,
        sealed=sealed(OPENAI_RESPONSES, provider, thoughts[0].get("encrypted_content")) if len(thoughts) == 1 else "",
    )


def _call(at: int, item: Mapping[str, Any], given: str) -> ToolCall:
    """A call of a tool; one of a namespace has the name that it has in the neutral spelling."""
    space, name = item.get("namespace"), str(item.get("name") or "")
    return ToolCall(
        index=at, id=str(item.get("call_id") or ""), name=f"{space}__{name}" if space else name, arguments=given
    )


def _finish(answer: Mapping[str, Any], calls: bool) -> str:
    reason = mapping(answer.get("incomplete_details")).get("reason")
    return REASONS.get(str(reason), "tool_calls" if calls else "stop")


def _reported(error: Any) -> UpstreamError:
    """An error that came as a success."""
    code = word(error, "code")
    status = STATUSES.get(code or "", 400)
    told = message_of(error) or "It reported an error in place of an answer."
    return for_refusal(status, code, told)(told, status=status, code=code, param=word(error, "param"), was_refused=True)


def read_usage(answer: Mapping[str, Any]) -> Usage | None:
    """What an answer used. Its searches of the web are paid for, and stand among its items."""
    raw = mapping(answer.get("usage"))
    prompt, output = count(raw.get("input_tokens")), count(raw.get("output_tokens"))
    if prompt is None or output is None:
        return None
    inputs, outputs = mapping(raw.get("input_tokens_details")), mapping(raw.get("output_tokens_details"))
    cached = min(prompt, count(inputs.get("cached_tokens")) or 0)
    return Usage(
        input_tokens=prompt,
        output_tokens=output,
        cache_read_tokens=cached,
        cache_write_tokens=min(prompt - cached, count(inputs.get("cache_write_tokens")) or 0),
        reasoning_tokens=count(outputs.get("reasoning_tokens")) or 0,
        web_searches=len([item for item in mappings(answer.get("output")) if _is_search(item)]),
        reported_cost_nano=reported_cost_nano(raw),
    )


def _is_search(item: Mapping[str, Any]) -> bool:
    """Whether it is a call of the search that costs a fee: opening a page that was found, and looking within it, does not."""
    return item.get("type") == "web_search_call" and mapping(item.get("action")).get("type", "search") == "search"


# --- streams


class _Reading:
    """One stream, event by event. A kind that nobody knows says nothing."""

    def __init__(self, provider: str) -> None:
        self.is_complete = False
        self._provider = provider
        self._calls: dict[int | None, int] = {}
        """Places among the calls, by the item's own."""
        self._grown: set[int | None] = set()
        """Calls of which pieces came: the whole is not told again."""

    def read(self, data: bytes) -> Chunk:
        """What an event says. Raises UpstreamError."""
        event = loads(data)
        kind = event.get("type") if isinstance(event, dict) else None
        if not isinstance(kind, str):
            raise Failed("An event of its stream is not an object with a type.")
        if kind in {"error", "response.failed"}:
            raise _reported(mapping(event.get("response")).get("error") or event.get("error") or event)
        if kind in ENDS:
            self.is_complete = True
            answer = mapping(event.get("response"))
            choice = Choice(index=0, finish=_finish(answer, bool(self._calls)))
            return _chunk(choice, event, read_usage(answer))
        return _chunk(self._piece(kind, event), event, None)

    def _piece(self, kind: str, event: Mapping[str, Any]) -> Choice:
        place, delta, item = count(event.get("output_index")), str(event.get("delta") or ""), mapping(event.get("item"))
        if kind in TEXTS:
            told = mappings(event.get("logprobs"))
            logprobs = {"content": told, "refusal": None} if told else None
            said: dict[str, Any] = {TEXTS[kind]: delta}
            return Choice(index=0, logprobs=logprobs, **said)
        if kind in GROWTH and place in self._calls:
            self._grown.add(place)
            return _calling(ToolCall(index=self._calls[place], id="", name="", arguments=delta))
        if kind == "response.output_item.added" and text(item.get("type")) in CALLS:
            self._calls[place] = len(self._calls)
            return _calling(_call(self._calls[place], item, ""))
        if kind == "response.output_item.done" and item.get("type") == "reasoning":
            return Choice(index=0, sealed=sealed(OPENAI_RESPONSES, self._provider, item.get("encrypted_content")))
        if kind == "response.output_item.done" and place in self._calls and place not in self._grown:
            given = str(item.get(CALLS.get(str(item.get("type")), "")) or "")
            return _calling(ToolCall(index=self._calls[place], id="", name="", arguments=given))
        return Choice(index=0)


def _calling(call: ToolCall) -> Choice:
    return Choice(index=0, tool_calls=(call,))


def _chunk(choice: Choice, native: Mapping[str, Any], usage: Usage | None) -> Chunk:
    has_content = bool(choice.size or choice.finish)
    return Chunk(choices=(choice,), usage=usage, has_content=has_content, dialect=OPENAI_RESPONSES, native=native)
