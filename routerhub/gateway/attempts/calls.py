"""What dispatch asks of a place: a whole answer, or a stream up to its first content."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from models_registry.upstream.base import Adapter, Chunk, Completion, UpstreamRequest
from models_registry.upstream.embeddings import Embeddings
from models_registry.upstream.errors import Failed, TimedOut, Unreachable
from routerhub.gateway.attempts.failover import Patience

MAX_EARLY_CHUNKS = 100
"""Chunks without content that a stream may begin with: one with the role is usual."""
Answer = TypeVar("Answer", "Completion", "OpenedStream", "Embeddings")
Call = Callable[[Adapter, UpstreamRequest, Patience], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedStream:
    """A stream that has brought something of its answer: nothing can be tried elsewhere from here on."""

    early: tuple[Chunk, ...]
    """What came of it so far."""
    rest: AsyncGenerator[Chunk, None]


def pieces(answer: Completion | OpenedStream | Embeddings | None) -> Sequence[Completion | Chunk]:
    """What is there of the text of an answer."""
    if isinstance(answer, OpenedStream):
        return answer.early
    return (answer,) if isinstance(answer, Completion) else ()


async def complete(adapter: Adapter, request: UpstreamRequest, _: Patience) -> Completion:
    """A whole answer, as a `Call`. Raises UpstreamError."""
    return await adapter.complete(request)


async def open_stream(adapter: Adapter, request: UpstreamRequest, patience: Patience) -> OpenedStream:
    """A stream up to its first content, as a `Call`. Raises UpstreamError."""
    chunks = adapter.stream(request)
    early: list[Chunk] = []
    try:
        async with asyncio.timeout(patience.first_content_s):
            async for chunk in chunks:
                early.append(chunk)
                if chunk.has_content:
                    return OpenedStream(early=tuple(early), rest=chunks)
                if len(early) > MAX_EARLY_CHUNKS:
                    await chunks.aclose()
                    raise Failed("Its stream brings chunks without content.")
    except TimeoutError as problem:
        raise TimedOut("It did not begin to answer in time.") from problem
    raise Unreachable("The stream ended before it began.")
