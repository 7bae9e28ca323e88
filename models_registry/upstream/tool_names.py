"""Names of tools that an upstream does not take, shortened for it and told by the client's own in everything that comes back.

Every dialect allows other names: a tool of an MCP server may well have a longer one, or a dot in it. A name that fits goes as it
is, and where all fit nothing here costs more than looking at them.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from hashlib import sha256
from typing import Any

from models_registry.upstream.base import (
    ANTHROPIC,
    GOOGLE,
    OPENAI,
    OPENAI_RESPONSES,
    Choice,
    Chunk,
    Completion,
    UpstreamRequest,
)

Json = dict[str, Any]
Names = Mapping[str, str]
"""What a tool is called on the other side."""
FITTING: Mapping[str, re.Pattern[str]] = {
    OPENAI: re.compile(r"[A-Za-z0-9_-]{1,64}"),
    OPENAI_RESPONSES: re.compile(r"[A-Za-z0-9_-]{1,64}"),
    ANTHROPIC: re.compile(r"[A-Za-z0-9_-]{1,128}"),
    GOOGLE: re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}"),
}
"""Which names an upstream takes, by its dialect."""
OTHERS = re.compile(r"[^A-Za-z0-9_-]")
DIGEST_CHARS, KEPT_CHARS = 12, 50


def shortened(name: str) -> str:
    """What every upstream takes. The same name always gets the same one, and two that begin alike get two."""
    return f"t_{OTHERS.sub('_', name)[: KEPT_CHARS - 2]}_{sha256(name.encode()).hexdigest()[:DIGEST_CHARS]}"


def unfitting(content: Mapping[str, Any], dialect: str) -> Names:
    """Of the tools and calls in the neutral spelling those whose names this dialect does not take, with what to call them."""
    fits = FITTING[dialect].fullmatch
    calls = [call for message in content["messages"] if "tool_calls" in message for call in _calls(message)]
    names = [_function(each).get("name") for each in (*(content.get("tools") or ()), *calls)]
    return {name: shortened(name) for name in names if isinstance(name, str) and not fits(name)}


def renamed(request: UpstreamRequest, names: Names) -> UpstreamRequest:
    """The request with these names in place of the client's."""
    content = dict(request.content)
    content["messages"] = [
        {**message, "tool_calls": [_renamed(call, names) for call in _calls(message)]} if _calls(message) else message
        for message in content["messages"]
    ]
    if content.get("tools"):
        content["tools"] = [_renamed(tool, names) for tool in content["tools"]]
    if isinstance(content.get("tool_choice"), dict):
        content["tool_choice"] = _renamed(content["tool_choice"], names)
    return replace(request, content=content)


def _renamed(holder: Any, names: Names) -> Any:
    """A tool, a choice or a call whose function has such a name."""
    function = _function(holder)
    name = str(function.get("name"))
    return {**holder, "function": {**function, "name": names[name]}} if name in names else holder


def _calls(message: Mapping[str, Any]) -> list[Any]:
    calls = message.get("tool_calls")
    return calls if isinstance(calls, list) else []


def _function(holder: Any) -> Mapping[str, Any]:
    function = holder.get("function") if isinstance(holder, dict) else None
    return function if isinstance(function, dict) else {}


class KeepsNames:
    """What an adapter is mixed with so that the client's names of tools come back, whatever its upstream takes."""

    protocol: str

    async def complete(self, request: UpstreamRequest) -> Completion:
        adapter: Any = super()
        names = _unfitting(request, self.protocol)
        completion: Completion = await adapter.complete(renamed(request, names) if names else request)
        return replace(completion, **_told(completion, _back(names), "message")) if names else completion

    def stream(self, request: UpstreamRequest) -> AsyncGenerator[Chunk, None]:
        adapter: Any = super()
        names = _unfitting(request, self.protocol)
        stream: AsyncGenerator[Chunk, None] = adapter.stream(renamed(request, names) if names else request)
        return _streamed(stream, names) if names else stream


def _unfitting(request: UpstreamRequest, dialect: str) -> Names:
    """Nothing where the client wrote for this dialect itself: its own body goes on."""
    return {} if request.native is not None and request.dialect == dialect else unfitting(request.content, dialect)


def keeping_names(adapter: Any) -> Any:
    """The class of an adapter, so that it does. One of a dialect that takes any name is as it was."""
    return type(adapter.__name__, (KeepsNames, adapter), {}) if adapter.protocol in FITTING else adapter


async def _streamed(stream: AsyncGenerator[Chunk, None], names: Names) -> AsyncGenerator[Chunk, None]:
    own = _back(names)
    async with aclosing(stream):
        async for chunk in stream:
            yield replace(chunk, **_told(chunk, own, "delta"))


def _back(names: Names) -> Names:
    """The client's names by the upstream's."""
    return {theirs: name for name, theirs in names.items()}


def _told(answer: Completion | Chunk, own: Names, holder: str) -> Json:
    """Choices and native spelling by the client's own names."""
    told: Json = {"choices": tuple([_own(choice, own) for choice in answer.choices])}
    if answer.dialect != OPENAI or not any([choice.tool_calls for choice in answer.choices]):
        return told
    choices = [
        {**choice, holder: {**said, "tool_calls": [_renamed(call, own) for call in _calls(said)]}}
        if _calls(said := choice.get(holder) or {}) else choice
        for choice in answer.native["choices"]
    ]  # fmt: skip
    return {**told, "native": {**answer.native, "choices": choices}}


def _own(choice: Choice, own: Names) -> Choice:
    if not choice.tool_calls:
        return choice
    return replace(
        choice, tool_calls=tuple([replace(call, name=own.get(call.name, call.name)) for call in choice.tool_calls])
    )
