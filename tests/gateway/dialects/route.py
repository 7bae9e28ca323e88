"""A gateway whose only model is served by the sandbox, in any dialect: what is sent there, and what comes out, is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
import orjson
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, MessageCreateParams, RawMessageStreamEvent
from google.genai import types as google
from openai._models import construct_type_unchecked
from openai._types import NOT_GIVEN
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk, CompletionCreateParams
from openai.types.responses import Response, ResponseCreateParams, ResponseStreamEvent
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.types import Message as Event
from starlette.types import Receive, Scope, Send

from models_registry.sandbox.app import app
from models_registry.types import SANDBOX, Provider
from models_registry.upstream.base import ANTHROPIC, GOOGLE, OPENAI, OPENAI_RESPONSES
from models_registry.upstream.registry import open_adapters
from routerhub.gateway import embedding, pipeline
from routerhub.gateway.protocols.anthropic_messages import PROTOCOL as MESSAGES
from routerhub.gateway.protocols.base import ChatProtocol, Client
from routerhub.gateway.protocols.openai_chat import PROTOCOL as CHAT
from routerhub.gateway.protocols.openai_responses import PROTOCOL as RESPONSES
from routerhub.gateway.runtime import Runtime, Upstreams
from tests.autorouter import fakes as router_fakes
from tests.gateway.fakes import KEY, rankings, runtime
from tests.routerhub.control_plane import Served

CLIENTS: tuple[ChatProtocol, ...] = (CHAT, RESPONSES, MESSAGES)
Dialect = Literal["openai", "openai-responses", "anthropic", "google"]
MODELS: dict[Dialect, str] = {
    OPENAI: "gpt-x",
    OPENAI_RESPONSES: "gpt-x",
    ANTHROPIC: "claude-sonnet-4-6",
    GOOGLE: "gemini-3-pro",
}
"""A model of each upstream, by its name there."""
WHO = Client(ip=None, user_agent="")
ALL = frozenset({"tools", "streaming", "vision", "audio", "structured_output"})


class GoogleBody(BaseModel):
    """What generateContent takes."""

    model_config = ConfigDict(extra="forbid")
    contents: list[google.Content]
    generation: google.GenerationConfig = Field(alias="generationConfig")
    system: google.Content | None = Field(None, alias="systemInstruction")
    tools: list[google.Tool] = []
    tool_config: google.ToolConfig | None = Field(None, alias="toolConfig")


SENT: dict[str, Any] = {
    OPENAI: CompletionCreateParams, OPENAI_RESPONSES: ResponseCreateParams, ANTHROPIC: MessageCreateParams,
}  # fmt: skip
"""What each upstream is sent; Google's types check themselves."""
ASKED: dict[ChatProtocol, Any] = {CHAT: SENT[OPENAI], RESPONSES: SENT[OPENAI_RESPONSES], MESSAGES: SENT[ANTHROPIC]}
"""What each client sends."""
TOLD: dict[ChatProtocol, Any] = {CHAT: ChatCompletion, RESPONSES: Response, MESSAGES: Message}
"""What each client reads, whole."""
EVENT: Any = ResponseStreamEvent
STREAMED: dict[ChatProtocol, Any] = {
    CHAT: ChatCompletionChunk, RESPONSES: EVENT, MESSAGES: RawMessageStreamEvent,
}  # fmt: skip
"""And piece by piece."""


@dataclass
class Recorder:
    """The sandbox, with every body that it got."""

    bodies: list[Any] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def heard() -> Event:
            event = await receive()
            if event["type"] == "http.request" and event.get("body"):
                self.bodies.append(orjson.loads(event["body"]))
            return event

        await app(scope, heard if scope["type"] == "http" else receive, send)


@dataclass
class Route:
    """One request after the other, to one dialect."""

    address: str
    recorder: Recorder

    async def ask(self, client: ChatProtocol, upstream: Dialect, **asked: Any) -> tuple[dict[bytes, bytes], bytes]:
        """The headers and the body that the client gets; a stream is read to its end. Raises BadRequest."""
        async with aiohttp.ClientSession() as session:
            made = self._gateway(session, upstream, supports_reasoning=True, capabilities=ALL)
            reply = await pipeline.serve(made, client, {"x-api-key": KEY}, orjson.dumps(asked), WHO)
            body = reply.body if isinstance(reply.body, bytes) else b"".join([piece async for piece in reply.body])
            return dict(reply.headers), body

    async def embed(self, upstream: Dialect, **asked: Any) -> tuple[dict[bytes, bytes], Any]:
        """The headers and the answer of a request for vectors."""
        async with aiohttp.ClientSession() as session:
            made = self._gateway(session, upstream, kind="embedding", capabilities=frozenset())
            body = {"model": f"acme:{MODELS[upstream]}", **asked}
            reply = await embedding.serve(made, {"x-api-key": KEY}, orjson.dumps(body), WHO)
            assert isinstance(reply.body, bytes)
            return dict(reply.headers), orjson.loads(reply.body)

    def _gateway(self, session: aiohttp.ClientSession, upstream: Dialect, **facts: Any) -> Runtime:
        model = router_fakes.model(f"acme:{MODELS[upstream]}", served_by=SANDBOX, **facts)
        made = runtime(None, met=rankings(model))
        sandbox = Provider(name=SANDBOX, title="", protocol=upstream, base_url=self.address, credential_env="")
        made.upstreams = Upstreams(open_adapters(session), sandbox)
        return made

    def sent(self) -> Any:
        """The body of the last request, which is forgotten."""
        body = self.recorder.bodies[-1]
        self.recorder.bodies.clear()
        return body


@contextmanager
def routes() -> Iterator[Route]:
    recorder = Recorder()
    with Served(recorder) as server:
        yield Route(f"http://127.0.0.1:{server.port}/v1", recorder)


# --- streams, as the official clients put them together


def events(stream: bytes) -> list[Any]:
    """The data of each event, but for the mark that closes chat completions."""
    data = [event.rpartition("data: ")[2] for event in stream.decode().split("\n\n")]
    return [orjson.loads(each) for each in data if each and each != "[DONE]"]


def accumulated(client: ChatProtocol, stream: bytes) -> Any:
    """The answer that the official client makes of a stream."""
    if client is CHAT:
        state = ChatCompletionStreamState()
        for event in events(stream):
            state.handle_chunk(ChatCompletionChunk.model_validate(event))
        return state.current_completion_snapshot.model_dump(exclude_unset=True)
    if client is MESSAGES:
        message, bufs = None, {}  # type: ignore[var-annotated]
        for event in events(stream):
            read: Any = TypeAdapter(RawMessageStreamEvent).validate_python(event)
            message = accumulate_event(event=read, current_snapshot=message, json_bufs=bufs)
        assert message is not None
        return message.to_dict(mode="json")
    responses = ResponseStreamState(input_tools=NOT_GIVEN, text_format=NOT_GIVEN)  # type: ignore[arg-type]
    for event in events(stream):
        told: Any = construct_type_unchecked(type_=EVENT, value=event)
        responses.handle_event(told)
    return told.response.to_dict(mode="json")


# --- what an answer says, whoever reads it


@dataclass(frozen=True, kw_only=True)
class Gist:
    """Its text, its calls by name and arguments, and why it ended, in the words of chat completions."""

    text: str
    calls: tuple[tuple[str, Any], ...]
    ended: str


ENDED = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length"}


def gist(client: ChatProtocol, answer: Any) -> Gist:
    if client is CHAT:
        (choice,) = answer["choices"]
        made = [each["function"] for each in choice["message"].get("tool_calls") or ()]
        calls = tuple((each["name"], orjson.loads(each["arguments"])) for each in made)
        return Gist(text=choice["message"]["content"] or "", calls=calls, ended=choice["finish_reason"])
    if client is MESSAGES:
        calls = tuple((each["name"], each["input"]) for each in answer["content"] if each["type"] == "tool_use")
        text = "".join(each["text"] for each in answer["content"] if each["type"] == "text")
        return Gist(text=text, calls=calls, ended=ENDED[answer["stop_reason"]])
    items = answer["output"]
    calls = tuple((each["name"], orjson.loads(each["arguments"])) for each in items if each["type"] == "function_call")
    text = "".join(part["text"] for each in items if each["type"] == "message" for part in each["content"])
    ended = "length" if answer["status"] == "incomplete" else "tool_calls" if calls else "stop"
    return Gist(text=text, calls=calls, ended=ended)


def told_probabilities(client: ChatProtocol, answer: Any) -> list[Any]:
    if client is CHAT:
        return list(answer["choices"][0]["logprobs"]["content"])
    return list(answer["output"][-1]["content"][0]["logprobs"])


def told_reasoning(client: ChatProtocol, answer: Any) -> str:
    """B15: what the model thought, in a place of its own."""
    if client is CHAT:
        return str(answer["choices"][0]["message"]["reasoning_content"])
    if client is MESSAGES:
        return str(answer["content"][0]["thinking"])
    return str(answer["output"][0]["summary"][0]["text"])
