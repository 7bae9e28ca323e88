"""OpenAI's chat completions, as OpenAI and every server compatible with it speak them."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import aiohttp
from yarl import URL

from models_registry.upstream import call_ids, embeddings, thoughts
from models_registry.upstream.base import (
    OPENAI,
    Choice,
    Chunk,
    Completion,
    Lacking,
    ToolCall,
    UpstreamRequest,
)
from models_registry.upstream.embeddings import Embeddings
from models_registry.upstream.errors import Failed, Rejected, Unreachable, UpstreamError, for_refusal
from models_registry.upstream.neutral import is_linked
from models_registry.upstream.openai.finishes import amend_finish
from models_registry.upstream.openai.models import fitted, lacking, takes_sampling
from models_registry.upstream.openai.tool_calls import Calls, amend_whole
from models_registry.upstream.openai.usage import read_usage
from models_registry.upstream.wire import http
from models_registry.upstream.wire.json_values import count
from models_registry.upstream.wire.refusals import answer_to, error_of, loads, message_of, word

MAX_ENDPOINTS = 1_000
DONE = b"[DONE]"
USAGE_ASKED, ASKED = "stream_options", {"include_usage": True}
PLAIN = frozenset({"role", "content"})
"""What nearly every piece of a stream consists of."""
Endpoint = tuple[URL, Mapping[str, str]]
Said = TypeVar("Said", Completion, Chunk)


class OpenAIAdapter:
    """See models_registry.upstream.base.Adapter."""

    protocol = OPENAI

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._endpoints: dict[tuple[str, str, str], Endpoint] = {}
        self._without_usage: set[str] = set()
        """Addresses of servers that refuse to be asked for usage in streams: it is counted from the text."""

    @staticmethod
    def credentials(api_key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def lacking(self, content: Mapping[str, Any], dialect: str, model: str) -> Lacking:
        """Its words are the neutral ones: what may lack is what a model refuses, and documents that are told by their address."""
        found = lacking(content, model)
        if dialect == OPENAI or not (linked := _linked_file(content.get("messages") or ())):
            return found
        return replace(found, refused=linked)

    async def complete(self, request: UpstreamRequest) -> Completion:
        async with await self._post(request, _payload(request)) as response:
            return _with_fee(read_completion(await http.read_all(response)), request)

    async def stream(self, request: UpstreamRequest) -> AsyncGenerator[Chunk, None]:
        async with await self._open(request) as response:
            if not response.content_type.startswith("text/event-stream"):
                yield _with_fee(as_chunk(read_completion(await http.read_all(response))), request)
                return
            events, ending, calls = http.Events(response), _Ending(), Calls()
            searches = _searches_once(request)
            while (batch := await (events.read_rest() if ending.is_complete else events.read())) is not None:
                for data in batch:
                    if data == DONE:
                        await events.drain()
                        return
                    if data:
                        chunk = ending.saw(read_chunk(data, calls))
                        yield _with_fee(chunk, request) if searches else chunk
            if not ending.is_complete:
                raise Unreachable("The stream ended before it was done.")

    async def _open(self, request: UpstreamRequest) -> aiohttp.ClientResponse:
        """The response, if it is an answer, with its usage asked for: but of servers that have refused to be asked."""
        payload = _payload(request)
        if request.address not in self._without_usage:
            try:
                return await self._post(request, _streamed(payload))
            except Rejected as refused:
                if USAGE_ASKED not in f"{refused.param} {refused}" or payload.get(USAGE_ASKED, ASKED) != ASKED:
                    raise
        payload.pop(USAGE_ASKED, None)
        response = await self._post(request, {**payload, "stream": True})
        self._without_usage.add(request.address)
        return response

    async def embed(self, request: UpstreamRequest) -> Embeddings:
        """See models_registry.upstream.embeddings.Embedder."""
        payload = embeddings.payload(request)
        try:
            return await self._embed(request, payload)
        except Rejected as refused:
            if (other := embeddings.in_other_format(payload, refused)) is None:
                raise
            return await self._embed(request, other)

    async def _embed(self, request: UpstreamRequest, payload: Mapping[str, Any]) -> Embeddings:
        async with await self._post(request, payload, "embeddings") as response:
            return embeddings.read(await http.read_all(response), payload)

    async def _post(
        self, request: UpstreamRequest, payload: Mapping[str, Any], path: str = "chat/completions"
    ) -> aiohttp.ClientResponse:
        url, headers = self._endpoint(request.address, request.api_key, path)
        return await answer_to(self._session, url, headers, payload, request, code="code")

    def _endpoint(self, address: str, api_key: str, path: str) -> Endpoint:
        """URL and headers of a provider, made once."""
        found = self._endpoints.get((address, api_key, path))
        if found is None:
            headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
            found = (URL(f"{address}/{path}"), {**headers, **self.credentials(api_key)})
            if len(self._endpoints) >= MAX_ENDPOINTS:
                self._endpoints.clear()
            self._endpoints[address, api_key, path] = found
        return found


ADAPTER = OpenAIAdapter


def _linked_file(messages: Sequence[Mapping[str, Any]]) -> str:
    """Where the first one stands; empty where there is none."""
    for at, message in enumerate(messages):
        parts = message.get("content")
        for place, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(file := part.get("file"), dict) and is_linked(file):
                return f"messages[{at}].content[{place}] of type file with an address"
    return ""


def _payload(request: UpstreamRequest) -> dict[str, Any]:
    """What is sent: the content as the client wrote it, with the model's name there and the limit that is held for."""
    content = fitted(request.content, request.model)
    payload = {
        **content,
        "messages": thoughts.readable(call_ids.without_signatures(content["messages"]), OPENAI, request.provider),
        "model": request.model,
        request.output_limit_field: request.max_output_tokens,
    }
    if request.default_temperature is not None and takes_sampling(request.model, content.get("reasoning_effort")):
        payload.setdefault("temperature", request.default_temperature)
    if request.script is not None:
        payload["sandbox"] = request.script
    return payload


def _streamed(payload: dict[str, Any]) -> dict[str, Any]:
    """Usage is always asked for, whatever the client wants to see of it: the answer is paid by it."""
    options = {**(payload.get(USAGE_ASKED) or {}), **ASKED}
    return {**payload, "stream": True, USAGE_ASKED: options}


def _searches_once(request: UpstreamRequest) -> bool:
    """OpenAI's models that search the web do so once for each request that says how, and tell nothing of it."""
    return request.content.get("web_search_options") is not None


def _with_fee(said: Said, request: UpstreamRequest) -> Said:
    usage = said.usage
    if usage is None or usage.web_searches or not _searches_once(request):
        return said
    return replace(said, usage=replace(usage, web_searches=1))


# --- whole answers


def read_completion(body: bytes) -> Completion:
    """The answer in a body. Raises UpstreamError, also for an error that came as a success."""
    answer = loads(body)
    if not isinstance(answer, dict):
        raise Failed("Its answer is not a JSON object.", status=200)
    choices = answer.get("choices")
    if not isinstance(choices, list):
        raise _reported(answer, ()) or Failed("Its answer has no choices.", status=200)
    for each in choices:
        if isinstance(each, dict):
            amend_finish(each)
            amend_whole(each)
    read = tuple([_choice(each, "message") for each in choices])
    if (problem := _reported(answer, read)) is not None:
        raise problem
    return Completion(
        choices=read,
        usage=read_usage(answer.get("usage")),
        dialect=OPENAI,
        native=answer,
    )


def _reported(answer: Mapping[str, Any], choices: Sequence[Choice]) -> UpstreamError | None:
    """The error that came as a success, if one did: in place of an answer or a chunk, beside its choices or within one.

    Its code may be the status that it should have had. With something of an answer it is no refusal: that may be billed.
    """
    error = (answer.get("error") or _error_within(answer["choices"])) if choices else error_of(answer)
    if not error:
        return None
    code = word(error, "code")
    status = int(code) if code and code.isdecimal() and 400 <= int(code) < 600 else 200
    text = message_of(error) or "It reported an error in place of an answer."
    was_refused = not any([each.size for each in choices])
    kind = for_refusal(status, code, text)
    return kind(text, status=status, code=code, param=word(error, "param"), was_refused=was_refused)


def _error_within(choices: Sequence[Mapping[str, Any]]) -> Any:
    """OpenRouter puts the error of the provider that it asked into the choice."""
    return next((each["error"] for each in choices if each.get("error")), None)


# --- streams


class _Ending:
    """Whether every answer of the stream that began has said that it ended."""

    def __init__(self) -> None:
        self._begun: set[int] = set()
        self._ended: set[int] = set()

    @property
    def is_complete(self) -> bool:
        return bool(self._ended) and self._begun == self._ended

    def saw(self, chunk: Chunk) -> Chunk:
        for choice in chunk.choices:
            self._begun.add(choice.index)
            if choice.finish is not None:
                self._ended.add(choice.index)
        return chunk


def read_chunk(data: bytes, calls: Calls | None = None) -> Chunk:
    """One chunk, of a stream with these calls. A server that fails after its 200 says so in an event: raised as UpstreamError."""
    raw = loads(data)
    if not isinstance(raw, dict):
        raise Failed("A chunk of its stream is not a JSON object.")
    choices = raw.get("choices")
    if choices is not None and not isinstance(choices, list):
        raise Failed("A chunk of its stream has no list of choices.")
    for each in choices or ():
        if calls is not None and isinstance(each, dict):
            if each.get("finish_reason") is not None:
                amend_finish(each)
            calls.amend(each)
    read = tuple([_choice(each, "delta") for each in choices or ()])
    if (choices is None or b'"error"' in data) and (problem := _reported(raw, read)) is not None:
        raise problem
    usage = raw.get("usage")
    return Chunk(
        choices=read,
        usage=read_usage(usage) if usage is not None else None,
        has_content=any([each.text or each.finish for each in read]) or any(map(_has_content, choices or ())),
        dialect=OPENAI,
        native=raw,
    )


def _has_content(choice: Mapping[str, Any]) -> bool:
    """A role alone is none yet; anything else that is not empty is, also what nobody here knows."""
    delta = choice.get("delta")
    return isinstance(delta, dict) and any([value for name, value in delta.items() if name != "role"])


def as_chunk(completion: Completion) -> Chunk:
    """A whole answer as a stream of one chunk, for a server that was asked to stream and did not."""
    answer = completion.native
    choices = [
        {**{name: value for name, value in choice.items() if name != "message"}, "delta": _as_delta(choice)}
        for choice in answer["choices"]
    ]
    return Chunk(
        choices=completion.choices,
        usage=completion.usage,
        has_content=True,
        dialect=OPENAI,
        native={**answer, "object": "chat.completion.chunk", "choices": choices},
    )


def _as_delta(choice: Mapping[str, Any]) -> Any:
    message = choice.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("tool_calls"), list):
        return message or {}
    calls = [{"index": at, **call} for at, call in enumerate(message["tool_calls"]) if isinstance(call, dict)]
    return {**message, "tool_calls": calls}


# --- what an answer or a chunk says


def _choice(raw: Any, name: str) -> Choice:
    """A choice of an answer (under "message") or of a chunk (under "delta"), which has one from then on. Raises Failed."""
    if not isinstance(raw, dict):
        raise Failed("A choice of its answer is not an object.")
    said, index, ended = raw.get(name), count(raw.get("index")) or 0, raw.get("finish_reason")
    if not isinstance(said, dict):
        said = raw[name] = {}
    text = said.get("content")
    text = text if isinstance(text, str) else _joined(text)
    finish, logprobs = ended if isinstance(ended, str) and ended else None, raw.get("logprobs")
    if said.keys() <= PLAIN:
        return Choice(index=index, text=text, finish=finish, logprobs=logprobs)
    calls, refusal = said.get("tool_calls"), said.get("refusal")
    reasoning = said.get("reasoning_content") or said.get("reasoning")
    return Choice(
        index=index,
        text=text,
        reasoning=reasoning if isinstance(reasoning, str) else "",
        refusal=refusal if isinstance(refusal, str) else "",
        tool_calls=tuple(_calls(calls)) if calls else (),
        finish=finish,
        logprobs=logprobs,
    )


def _joined(content: Any) -> str:
    """The text of a content that comes in parts."""
    parts = content if isinstance(content, list) else ()
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def _calls(raw: Any) -> list[ToolCall]:
    found = []
    for at, call in enumerate(raw if isinstance(raw, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            found.append(
                ToolCall(
                    index=at if (index := count(call.get("index"))) is None else index,
                    id=str(call.get("id") or ""),
                    name=str(function.get("name") or ""),
                    arguments=str(function.get("arguments") or ""),
                )
            )
    return found
